-- The statements of a run that are users' own code, or set it off: the move itself, and calls of functions. They run with
-- the run owner's rights.

-- expected: how many rows it has to touch. answer: how what it returns becomes text: value (its only column) or row.
create function dist._users_statement(statement text, expected bigint, answer text, tids tid[], reps integer[],
                                      new_owners text[], owners text[], tables oid[],
                                      out done bigint, out result text, out failure jsonb)
    language plpgsql volatile
as $$
declare
    returned record;
    e_sqlstate text;
    e_message text;
    e_detail text;
    e_hint text;
    e_context text;
begin
    if answer is null then
        execute statement using tids, reps, new_owners, owners, tables;
    elsif answer operator(pg_catalog.=) 'value' then
        execute statement into result;
    else
        execute statement into returned;
        result := returned::text;
    end if;
    get diagnostics done = row_count;
    if done operator(pg_catalog.<>) expected then
        -- Others changed some of the records since they were read: take all back, so that it can be done again.
        raise exception using errcode = 'P0DIS', message = 'pg_dist: records have changed';
    end if;
exception
    when others then
        if expected is not null and sqlstate operator(pg_catalog.=) 'P0DIS'
           and sqlerrm operator(pg_catalog.=) 'pg_dist: records have changed' then
            return;
        end if;
        -- An error that passes through Rust loses its context and a SQLSTATE of the user's own. It goes around.
        get stacked diagnostics e_sqlstate = returned_sqlstate, e_message = message_text,
            e_detail = pg_exception_detail, e_hint = pg_exception_hint, e_context = pg_exception_context;
        failure := pg_catalog.jsonb_build_object('sqlstate', e_sqlstate, 'message', e_message, 'detail', e_detail,
                                                 'hint', e_hint, 'context', e_context);
end $$;
comment on function dist._users_statement(text, bigint, text, tid[], integer[], text[], text[], oid[]) is
    'Internal: runs a statement in which users'' code runs: all or nothing; an error is returned as PostgreSQL raised it';

create function dist._last_failure() returns jsonb
    language c volatile
    as 'MODULE_PATHNAME', 'last_failure_wrapper';
comment on function dist._last_failure() is
    'Internal: the error of the last statement in which users'' code ran, as PostgreSQL raised it; forgotten once it is read';
