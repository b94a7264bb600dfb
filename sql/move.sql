-- The one statement of a run that writes the user's table, run with the run owner's rights.

create function dist._move(statement text, expected bigint, tids tid[], reps integer[], new_owners text[], owners text[],
                           tables oid[], out moved bigint, out failure jsonb)
    language plpgsql volatile
as $$
declare
    e_sqlstate text;
    e_message text;
    e_detail text;
    e_hint text;
    e_context text;
begin
    execute statement using tids, reps, new_owners, owners, tables;
    get diagnostics moved = row_count;
    if moved operator(pg_catalog.<>) expected then
        -- Others changed some of the records since they were read: take all back, so that it can be done again.
        raise exception using errcode = 'P0DIS', message = 'pg_dist: records have changed';
    end if;
exception
    when others then
        if sqlstate operator(pg_catalog.=) 'P0DIS' and sqlerrm operator(pg_catalog.=) 'pg_dist: records have changed' then
            return;
        end if;
        -- An error that passes through Rust loses its context and a SQLSTATE of the user's own. It goes around.
        get stacked diagnostics e_sqlstate = returned_sqlstate, e_message = message_text,
            e_detail = pg_exception_detail, e_hint = pg_exception_hint, e_context = pg_exception_context;
        failure := pg_catalog.jsonb_build_object('sqlstate', e_sqlstate, 'message', e_message, 'detail', e_detail,
                                                 'hint', e_hint, 'context', e_context);
end $$;
comment on function dist._move(text, bigint, tid[], integer[], text[], text[], oid[]) is
    'Internal: moves the planned records; all or nothing';

create function dist._last_failure() returns jsonb
    language c volatile
    as 'MODULE_PATHNAME', 'last_failure_wrapper';
comment on function dist._last_failure() is
    'Internal: the error of the last statement that moved records, as PostgreSQL raised it; forgotten once it is read';
