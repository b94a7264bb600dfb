-- Functions that steps call: what the catalogue says of them, as Rust reads it (src/router/function.rs).

-- A target is a name with its schema, and its argument types where the name alone does not say which one.
create function dist._functions(target text, caller name) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    -- Up to the first parenthesis that is not quoted.
    name_text text := substring(target from '^(?:[^"(]|"(?:[^"]|"")*")*');
    typed boolean := length(name_text) < length(target);
    parts text[] := parse_ident(name_text);
    the_one oid;
    near text;
begin
    if cardinality(parts) <> 2 then
        return jsonb_build_object('parts', to_jsonb(parts), 'elsewhere', (
            select coalesce(jsonb_agg(distinct format('%I.%I', n.nspname, p.proname)), '[]')
              from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where cardinality(parts) = 1 and p.proname = parts[1]
               and n.nspname !~ '^pg_temp' and has_schema_privilege(caller, n.oid, 'usage')));
    end if;
    if typed then
        -- Not to_regprocedure, which from PostgreSQL 16 on says of everything that is wrong only that there is none.
        begin
            the_one := target::regprocedure;
        exception when undefined_function then
            null;
        end;
    end if;
    if not exists (select from pg_namespace n where n.nspname = parts[1] and n.nspname !~ '^pg_temp') then
        near := dist._nearest(parts[1], array(select n.nspname::text from pg_namespace n where n.nspname !~ '^pg_(temp|toast)'));
    elsif not exists (select from pg_proc p join pg_namespace n on n.oid = p.pronamespace
                       where n.nspname = parts[1] and p.proname = parts[2]) then
        near := dist._nearest(parts[2], array(
            select distinct p.proname::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = parts[1]));
        near := quote_ident(parts[1]) || '.' || quote_ident(near);
    end if;
    return jsonb_build_object('parts', to_jsonb(parts), 'typed', typed, 'nearest', near,
        'schema_exists', exists (select from pg_namespace n where n.nspname = parts[1] and n.nspname !~ '^pg_temp'),
        'schema_usage', exists (select from pg_namespace n where n.nspname = parts[1] and has_schema_privilege(caller, n.oid, 'usage')),
        'functions', (
            select coalesce(jsonb_agg(dist._signature(p.oid, caller) order by p.pronargs, p.proargtypes::text collate "C"), '[]')
              from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname = parts[1] and p.proname = parts[2] and n.nspname !~ '^pg_temp'),
        'chosen', the_one::bigint);
end $$;
comment on function dist._functions(text, name) is 'Internal: the functions and procedures that a step''s target can mean';

create function dist._signature(function oid, caller name) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return (
        select jsonb_build_object(
                   'oid', p.oid::bigint,
                   'sql', format('%I.%I', n.nspname, p.proname),
                   'types', (select coalesce(string_agg(format_type(a.type, null), ', ' order by a.n), '')
                               from unnest(p.proargtypes::oid[]) with ordinality a(type, n)),
                   'kind', p.prokind,
                   'set', p.proretset,
                   'returns', t.typname,
                   'pseudo', t.typtype = 'p',
                   -- Which columns it returns is not known before it is called.
                   'shapeless', p.proretset and t.typname = 'record' and p.proallargtypes is null,
                   'executable', has_function_privilege(caller, p.oid, 'execute'),
                   'params', (
                       select coalesce(jsonb_agg(jsonb_build_object(
                                  'name', coalesce(p.proargnames[a.n], ''),
                                  'mode', coalesce(p.proargmodes[a.n], 'i'),
                                  'type', format_type(a.type, null),
                                  'pseudo', case when y.typtype = 'p' then y.typname end,
                                  'dated', b.typcategory in ('D', 'R'),
                                  'default', pg_get_function_arg_default(p.oid, a.n::integer)) order by a.n), '[]')
                         from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality a(type, n)
                         join pg_type y on y.oid = a.type
                         -- An array by its elements, a domain by the type below it.
                         join pg_type b on b.oid = coalesce(nullif(y.typelem, 0), nullif(y.typbasetype, 0), y.oid)))
          from pg_proc p
          join pg_namespace n on n.oid = p.pronamespace
          join pg_type t on t.oid = p.prorettype
         where p.oid = $1);
end $$;
comment on function dist._signature(oid, name) is 'Internal: a function or procedure with its parameters';

create function dist._check_call(relation text, row_name text, target text, args jsonb, segment text, per text) returns void
    language c stable
    as 'MODULE_PATHNAME', 'check_call_wrapper';
comment on function dist._check_call(text, text, text, jsonb, text, text) is
    'Internal: refuses a step whose function cannot be called, or not with these arguments, by whoever writes it';

-- Part of the statements that call a function for each record of a segment: tells an error which one it was.
create function dist._at_record(key text) returns text
    language c volatile strict
    as 'MODULE_PATHNAME', 'at_record_wrapper';
comment on function dist._at_record(text) is 'Internal: the calls of a step come to a record, whose key it returns';

create function dist.run_id() returns bigint
    language c stable parallel restricted
    as 'MODULE_PATHNAME', 'run_id_wrapper';
comment on function dist.run_id() is
    'In a function that a step calls, or a trigger on records that move: dist.run.id of the run that it is part of; else null';

create function dist._runs_here(schedule_id integer, planned boolean default false) returns boolean
    language c stable parallel restricted
    as 'MODULE_PATHNAME', 'runs_here_wrapper';
comment on function dist._runs_here(integer, boolean) is
    'Internal: whether whoever asks is code of the schedule''s own run, whom its locks do not keep out; planned: of one that is to advance it';
