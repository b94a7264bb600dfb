-- Steps that call functions and procedures: checked when written, resolved when run (Z1, F8, F2, F4, F9, X2).
\set VERBOSITY default
\set SHOW_CONTEXT never
set client_min_messages = warning;
create extension if not exists pg_dist;
create role sf_owner login in role dist_manager;
create role sf_other login in role dist_manager;
create schema sf authorization sf_owner;
\c - sf_owner
set client_min_messages = warning;
create table sf.log (n integer generated always as identity, what text);
create function sf.note(what text, times integer default 1, loud boolean default false) returns text language plpgsql as $$
begin
    insert into sf.log (what) select case when loud then upper(what) else what end from generate_series(1, times);
    return what || ' x ' || times;
end $$;
create function sf.nothing() returns void language sql begin atomic insert into sf.log (what) values ('nothing'); end;
create function sf.rows(n integer) returns table (i integer, square integer) language plpgsql as $$
begin
    insert into sf.log (what) values ('rows ' || n);
    return query select g, g * g from generate_series(1, n) g;
end $$;
create function sf.strictly(x integer) returns integer strict language sql return x + 1;
create function sf.outs(a integer, out b integer, inout c text default 'c') language plpgsql as $$
begin b := a + 1; c := c || '!'; end $$;
create procedure sf.proc(what text, loud boolean default false) language plpgsql as $$
begin perform sf.note(what, 1, loud); end $$;
create procedure sf.proc_out(a integer, out b integer) language plpgsql as $$ begin b := a * 2; end $$;
create procedure sf.proc_outs(a integer, inout b text, out c date) language plpgsql as $$
begin b := b || a; c := date '2031-01-01' + a; end $$;
create type sf.mood as enum ('sad', 'happy');
create domain sf.percent as integer not null check (value between 0 and 100);
create type sf.point as (x integer, y numeric, tags text[]);
create function sf.types(m sf.mood, p sf.percent, a integer[], c sf.point, cs sf.point[], j json, b jsonb, at timestamptz,
                         d date, n numeric, i interval, u uuid, bytes bytea, t text, flag boolean, r int4range)
    returns text language plpgsql as $$
begin
    return concat_ws(' | ', m, p, a, c, cs, j, b, at, d, n, i, u, bytes, t, flag, r);
end $$;
create function sf.over(x integer) returns text language sql return 'integer ' || x;
create function sf.over(x text) returns text language sql return 'text ' || x;
create function sf.over(x integer, y integer default 0) returns text language sql return format('two %s %s', x, y);
create function sf.whatever(x anyelement) returns text language sql as $$ select pg_typeof(x) || ' ' || x::text $$;
create function sf.most(list anyarray, floor anyelement) returns anyelement language sql as $$
    select v from unnest(list) v where v > floor order by v desc limit 1 $$;
create function sf.many(label text, variadic numbers integer[]) returns text language sql return label || array_to_string(numbers, '+');
create function sf.unnamed(integer, text default 'd') returns text language sql return $1 || $2;
create function sf."Odd ""name""(" (" ""x" integer) returns integer language sql return $1;
create function sf.shapeless() returns setof record language sql begin atomic select 1; end;
create function sf.trig() returns trigger language plpgsql as $$ begin return new; end $$;
create aggregate sf.agg(integer) (sfunc = int4pl, stype = integer);
create function sf.tell() returns text language sql return
    format('run %s as of %s by %s, path %s', dist.run_id(), dist.as_of() at time zone 'UTC', current_user, current_setting('search_path'));

-- One schedule, whose step is replaced for each call
insert into dist.schedule (name, start_at) values ('sf', '2999-01-01 06:00');
insert into dist.step (schedule, position, action, target, args) values ('sf', 1, 'function', 'sf.note', '{"what": "hello", "times": 2}');
select status, transfer, object, candidates, assigned, message from dist.run_now('sf');
select position, action, target, candidates, rows, result, finished_at >= started_at as lasted
  from dist.run_step where run_id = (select max(id) from dist.run);
select what from sf.log order by n;
create function pg_temp.call(target text, args jsonb default null) returns table (rows bigint, result text, problem text) language plpgsql as $$
declare
    made dist.run;
begin
    update dist.step s set target = call.target, args = call.args where s.schedule = 'sf';
    made := dist.run_now('sf');
    return query select s.rows, s.result, made.message from (values (1)) v left join dist.run_step s on s.run_id = made.id;
end $$;

-- Named, positional, defaults, nulls
select * from pg_temp.call('sf.note', '{"loud": true, "what": "named"}');
select * from pg_temp.call('sf.note', '["positional", 3]');
select * from pg_temp.call('sf.note(text, integer, boolean)', '["by types"]');
select * from pg_temp.call('sf.nothing');
select * from pg_temp.call('sf.nothing', '{}');
select * from pg_temp.call('sf.nothing()', '[]');
select * from pg_temp.call('sf.rows', '{"n": 4}');
select * from pg_temp.call('sf.rows', '{"n": 0}');
select * from pg_temp.call('sf.strictly', '{"x": 1}');
select * from pg_temp.call('sf.strictly', '{"x": null}');
select * from pg_temp.call('sf.outs', '{"a": 1}');
select * from pg_temp.call('sf.outs', '[1, "given"]');
select * from pg_temp.call('sf.proc', '{"what": "procedure", "loud": true}');
select * from pg_temp.call('sf.proc_out', '{"a": 21}');
select * from pg_temp.call('sf.proc_outs', '{"a": 5, "b": "it''s \\ "}');
select * from pg_temp.call('sf.many', '{"label": "sum ", "numbers": [1, 2, 3]}');
select * from pg_temp.call('sf.many', '["none ", []]');
select * from pg_temp.call('sf.unnamed', '[7]');
select * from pg_temp.call('sf."Odd ""name""("', '{" \"x": 3}');
select * from pg_temp.call('sf."Odd ""name""("(integer)', '{" \"x": 4}');
select * from pg_temp.call('pg_catalog.format', '["%s and %s", ["x", "y"]]');
select * from pg_temp.call('SF.Note', '{"what": "folded like any name"}');
select length(result), problem from pg_temp.call('pg_catalog.repeat', '["long ", 1000]');

-- Types: enum, domain, array, composite type, arrays of them, JSON, dates, numbers as exact as they are written
select * from pg_temp.call('sf.types', $json${
    "m": "happy", "p": 100, "a": [1, null, 3], "c": {"x": 1, "y": 1.50, "tags": ["a,b", "\"c\""]},
    "cs": [{"x": 1}, null], "j": {"k": [1, "x"]}, "b": {"z": 1e2, "a": "it's"}, "at": "2031-05-05 06:00+02", "d": "2031-12-31",
    "n": 123456789012345678901234567890.123456789, "i": "1 day 02:00", "u": "00000000-0000-0000-0000-000000000001",
    "bytes": "\\x00ff", "t": "back\\slash 'quote' $$ $1 -- ; /*", "flag": false, "r": "[1,5)"}$json$);

-- A time without a zone is UTC, whatever the session of whoever writes or runs
create function sf.at(t timestamptz) returns text language sql return t at time zone 'UTC' || ', ' || current_setting('TimeZone');
set timezone = 'Asia/Tokyo';
select * from pg_temp.call('sf.at', '{"t": "2031-05-05 06:00"}');
reset timezone;

-- Overloads: the arguments decide, or the types in the target; never a call of another one
select * from pg_temp.call('sf.over', '{"x": 1, "y": 2}');
select * from pg_temp.call('sf.over(integer)', '{"x": 1}');
select * from pg_temp.call('sf.over(integer, integer)', '{"x": 1}');
select * from pg_temp.call('sf.over(text)', '[1]');
select * from pg_temp.call('sf.over', '[1]');
select * from pg_temp.call('sf.over', '{"z": 1}');
select * from pg_temp.call('sf.over(bigint)', '[1]');

-- Any type: that of an equal literal
select * from pg_temp.call('sf.whatever', '[1]');
select * from pg_temp.call('sf.whatever', '["text"]');
select * from pg_temp.call('sf.whatever', '[true]');
select * from pg_temp.call('sf.whatever', '[{"a": 1}]');
select * from pg_temp.call('sf.most', '{"list": [1, 2.5, 3], "floor": 2}');
select * from pg_temp.call('sf.most', '{"list": ["a"], "floor": 2}');
select * from pg_temp.call('pg_catalog.lower(anyrange)', '["[1,2]"]');

-- The facts of the run
insert into dist.step (schedule, position, action, target) values ('sf', 2, 'function', 'sf.tell');
begin;
select dist.tick('2999-01-01 06:00+00');
select r.status, r.due_at at time zone 'UTC' as due, s.position, 
       s.result like 'run ' || r.id || ' %' as knows_run, substring(s.result from 'as of .*') as result
  from dist.run r join dist.run_step s on s.run_id = r.id
 where r.schedule = 'sf' and r.trigger = 'schedule' order by s.position;
rollback;
delete from dist.step where position = 2;
select dist.run_id() as run_id_outside_of_runs;

-- Not complete without a target (F9), whatever its arguments
insert into dist.schedule (name, start_at) values ('sf later', '2999-01-01 06:00');
insert into dist.step (schedule, action, args) values ('sf later', 'function', '{"what": "later"}');
select status from dist.schedule_status where name = 'sf later';
select dist.run_now('sf later');
update dist.step set target = 'sf.note' where schedule = 'sf later';
select name, status, step, transfer, kind, object, action, target from dist.upcoming where name = 'sf later';

-- Whatever becomes of the function later: the run fails, and says which step
update dist.step set target = 'sf.note', args = '{"what": "x"}' where schedule = 'sf';
begin;
alter function sf.note rename to noted;
select status, sqlstate, message, hint from dist.run_now('sf');
rollback;
begin;
drop function sf.note;
create function sf.note(what integer) returns integer language sql return what;
select status, sqlstate, message, hint from dist.run_now('sf');
rollback;
begin;
create function sf.note(what text) returns integer language sql return 1;
select status, sqlstate, message, hint from dist.run_now('sf');
rollback;
begin;
revoke execute on function sf.note from public, sf_owner;
select status, sqlstate, message, hint from dist.run_now('sf');
rollback;
-- A default is that of the day of the run
begin;
create or replace function sf.note(what text, times integer default 5, loud boolean default false) returns text language sql return what || times;
select * from pg_temp.call('sf.note', '["default "]');
rollback;
-- The row can be made passive all the same
begin;
drop function sf.note;
update dist.step set active = false where schedule = 'sf';
select status from dist.schedule_status where name = 'sf';
rollback;

-- An error of the function's own, as PostgreSQL raised it; nothing of what the steps did remains (X2)
create function sf.fail() returns void language plpgsql as $$
begin
    insert into sf.log (what) values ('before the error');
    raise exception using errcode = 'CRM42', message = 'no such campaign', detail = 'It is called spring.', hint = 'Ask sales.';
end $$;
truncate sf.log;
insert into dist.step (schedule, position, action, target) values ('sf', 2, 'function', 'sf.fail');
select status, sqlstate, message, detail, hint, substring(context from '^[^\n]*') as raised_at, substring(context from '[^\n]*$') as of_step
  from dist.run_now('sf');
select count(*) from sf.log;
select count(*) from dist.run_step where run_id = (select max(id) from dist.run);
-- A passive step is passed over
update dist.step set active = false where schedule = 'sf' and position = 2;
select status from dist.run_now('sf');
create procedure sf.commits() language plpgsql as $$ begin commit; end $$;
create procedure sf.rolls_back() language plpgsql as $$ begin rollback; end $$;
update dist.step set active = true, target = 'sf.commits' where schedule = 'sf' and position = 2;
select status, sqlstate, message, hint from dist.run_now('sf');
update dist.step set target = 'sf.rolls_back' where schedule = 'sf' and position = 2;
select status, sqlstate, message, hint from dist.run_now('sf');

\c - postgres
set client_min_messages = warning;
delete from dist.schedule where name like 'sf%';
drop schema sf cascade;
drop role sf_owner, sf_other;
