-- Users' own code as a step: a call of a function or procedure, run with the run owner's rights.

-- answer: how what it returns becomes text: value (its only column), row, or not at all. keys: its $1, where it has one.
create function dist._users_statement(statement text, answer text, keys text[], out result text, out failure jsonb)
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
    if answer is null and keys is null then
        -- Also what takes no parameters: DO.
        execute statement;
    elsif answer is null then
        execute statement using keys;
    elsif answer operator(pg_catalog.=) 'value' then
        execute statement into result using keys;
    else
        execute statement into returned using keys;
        result := returned::text;
    end if;
exception
    when others then
        -- An error that passes through Rust loses its context and a SQLSTATE of the user's own. It goes around.
        get stacked diagnostics e_sqlstate = returned_sqlstate, e_message = message_text,
            e_detail = pg_exception_detail, e_hint = pg_exception_hint, e_context = pg_exception_context;
        failure := pg_catalog.jsonb_build_object('sqlstate', e_sqlstate, 'message', e_message, 'detail', e_detail,
                                                 'hint', e_hint, 'context', e_context);
end $$;
comment on function dist._users_statement(text, text, text[]) is
    'Internal: runs a statement in which users'' code runs: all or nothing; an error is returned as PostgreSQL raised it';

create function dist._last_failure() returns jsonb
    language c volatile
    as 'MODULE_PATHNAME', 'last_failure_wrapper';
comment on function dist._last_failure() is
    'Internal: the error of the last statement in which users'' code ran, as PostgreSQL raised it; forgotten once it is read';

create function dist._gave_way() returns boolean
    language c volatile
    as 'MODULE_PATHNAME', 'gave_way_wrapper';
comment on function dist._gave_way() is 'Internal: whether the last run of this session has given way to whoever held one of its records';
