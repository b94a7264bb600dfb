-- The two words with which tests written in SQL say what must be so. Run once in a database, by its owner.
--
--   select test.holds('what', truth)             fails unless the truth is true
--   select test.same('what', actual, expected)   fails, showing both, where they differ
create schema test;
grant usage on schema test to public;

create function test.holds(what text, truth boolean) returns text language plpgsql as $$
begin
    if truth is not true then
        raise exception 'not so: % (answered %)', what, coalesce(truth::text, 'null');
    end if;
    return '  ok  ' || what;
end $$;

create function test.same(what text, actual anyelement, expected anyelement) returns text language plpgsql as $$
begin
    if actual is distinct from expected then
        raise exception 'not so: %', what using detail = format(E'is       %s\nexpected %s', actual, expected);
    end if;
    return '  ok  ' || what;
end $$;
