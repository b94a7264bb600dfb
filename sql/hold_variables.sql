-- Whoever writes what speaks of a variable holds it until he is done, so that it is not deleted meanwhile, nor changed but for its
-- value (Z4): neither session would see what the other does, and the row would be found broken when it is run.

-- Before the row is checked, so that what somebody else has deleted by then is found missing.
create function dist._hold_variables() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    written text := to_jsonb(new)::text;
begin
    if written ~* 'var|u&' then
        perform from dist.variable v where dist._uses_variable(written, v.name) order by v.name for key share;
    end if;
    return new;
end $$;
comment on function dist._hold_variables() is 'Internal: keeps the variables that a row speaks of from being deleted before it is committed';

-- Every table whose rows have an author, as in dist._user_of_variable; by its name the first of a row's triggers.
do $$
declare
    t regclass;
begin
    for t in select c.oid::regclass
               from pg_catalog.pg_class c
              where c.relnamespace operator(pg_catalog.=) 'dist'::regnamespace and c.relkind operator(pg_catalog.=) 'r'
                and c.relname operator(pg_catalog.<>) 'variable'
                and exists (select from pg_catalog.pg_attribute a
                             where a.attrelid operator(pg_catalog.=) c.oid and a.attname operator(pg_catalog.=) 'written_by' and not a.attisdropped) loop
        execute pg_catalog.format('create trigger a_hold_variables before insert or update on %s for each row execute function dist._hold_variables()', t);
    end loop;
end $$;
