-- A step that calls a function is checked against the function's signature when it is written: SQLSTATE, value, row and a
-- HINT for every kind of mistake (Z1, F8).
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role sf_owner login in role dist_manager;
create role sf_other login in role dist_manager;
create schema sf authorization sf_owner;
\c - sf_owner
set client_min_messages = warning;
create function sf.note(what text, times integer default 1, loud boolean default false) returns text language sql return what;
create function sf.nothing() returns void language sql begin atomic select 1; end;
create function sf.rows(n integer) returns table (i integer, square integer) language sql begin atomic select n, n; end;
create function sf.outs(a integer, out b integer, inout c text default 'c') language plpgsql as $$ begin b := a; end $$;
create function sf.many(label text, variadic numbers integer[]) returns text language sql return label;
create function sf.unnamed(integer, text default 'd') returns text language sql return $2;
create function sf.whatever(x anyelement) returns text language sql as $$ select x::text $$;
create function sf.shapeless() returns setof record language sql begin atomic select 1; end;
create function sf.trig() returns trigger language plpgsql as $$ begin return new; end $$;
create aggregate sf.agg(integer) (sfunc = int4pl, stype = integer);
create type sf.mood as enum ('sad', 'happy');
create domain sf.percent as integer not null check (value between 0 and 100);
insert into dist.schedule (name, start_at) values ('sf', '2999-01-01 06:00');
insert into dist.step (schedule, action, target) values ('sf', 'function', 'sf.nothing');

create function pg_temp.refused(target text, args jsonb default null) returns void language plpgsql as $$
declare
    said text; hint text; detail text;
begin
    update dist.step s set target = refused.target, args = refused.args where s.schedule = 'sf';
    raise warning 'not refused: %', target;
exception when others then
    get stacked diagnostics hint = pg_exception_hint, detail = pg_exception_detail;
    raise warning '% % | %', sqlstate, sqlerrm, concat_ws(' | ', nullif(detail, ''), nullif(hint, ''));
end $$;
select pg_temp.refused('note'); -- no_schema
select pg_temp.refused('nowhere_to_be_found');
select pg_temp.refused('a.b.c');
select pg_temp.refused('sf.');
select pg_temp.refused('');
select pg_temp.refused('sf.note(');
select pg_temp.refused('sf.note(texd)');
select pg_temp.refused('sf.note(); drop table sf.log');
select pg_temp.refused('s.note'); -- no_such_schema
select pg_temp.refused('pg_temp.call');
select pg_temp.refused('sf.noet'); -- no_such_function
select pg_temp.refused('sf.something_else');
select pg_temp.refused('sf.note(text)');
select pg_temp.refused('sf.agg', '[1]'); -- not_to_be_called
select pg_temp.refused('pg_catalog.row_number');
select pg_temp.refused('sf.trig');
select pg_temp.refused('sf.shapeless');
select pg_temp.refused('pg_catalog.int4in', '["1"]');
select pg_temp.refused('sf.note', '{"what": "x", "tiems": 2}'); -- arguments
select pg_temp.refused('sf.note', '{"what": "x", "nothing_like_it": 2}');
select pg_temp.refused('sf.note', '{"times": 2}');
select pg_temp.refused('sf.note');
select pg_temp.refused('sf.note', '["x", 1, true, 4]');
select pg_temp.refused('sf.nothing', '[1]');
select pg_temp.refused('sf.outs', '{"a": 1, "b": 2}');
select pg_temp.refused('sf.rows', '{"n": 1, "square": 2}');
select pg_temp.refused('sf.unnamed', '{"x": 2}');
select pg_temp.refused('sf.unnamed', '{}');
select pg_temp.refused('sf.many', '["sum", 1, 2]');
select pg_temp.refused('sf.many', '{"label": "x"}');
select pg_temp.refused('sf.many', '{"label": "x", "numbers": 5}');
select pg_temp.refused('sf.note', '7');
select pg_temp.refused('sf.note', '"x"');
select pg_temp.refused('sf.note', 'null');
select pg_temp.refused('sf.note', '{"what": "x", "times": "many"}'); -- values
select pg_temp.refused('sf.note', '{"what": "x", "times": 1.5}');
select pg_temp.refused('sf.note', '{"what": "x", "times": 3000000000}');
select pg_temp.refused('sf.note', '{"what": "x", "loud": 7}');
select pg_temp.refused('sf.rows', '{"n": {"a": 1}}');
create function sf.one(p sf.percent default 50, m sf.mood default 'sad', d date default '2031-01-01', s daterange default null,
                       ds date[] default null) returns void language sql begin atomic select 1; end;
select pg_temp.refused('sf.one', '{"p": 101}');
select pg_temp.refused('sf.one', '{"p": null}');
select pg_temp.refused('sf.one', '{"m": "glad"}');
select pg_temp.refused('sf.one', '{"d": "2031-02-30"}');
select pg_temp.refused('sf.one', '{"d": "31.12.2031"}');
select pg_temp.refused('sf.one', '{"d": "today"}');
select pg_temp.refused('sf.one', '{"s": "[yesterday,2031-01-01]"}');
select pg_temp.refused('sf.one', '{"ds": ["2031-01-01", "now"]}');
create function sf.whatever(x bigint) returns text language sql return 'bigint';
select pg_temp.refused('sf.whatever(anyelement)', '[1]'); -- could_be_another
drop function sf.whatever(bigint);
update dist.step set action = 'transfer' where schedule = 'sf';
update dist.step set action = 'procedure' where schedule = 'sf';
\c - sf_other
insert into dist.schedule (name, start_at) values ('sf other', '2999-01-01 06:00');
insert into dist.step (schedule, action, target) values ('sf other', 'function', 'sf.nothing');
\c - sf_owner
grant usage on schema sf to sf_other;
revoke execute on function sf.nothing() from public;
\c - sf_other
insert into dist.step (schedule, action, target) values ('sf other', 'function', 'sf.nothing');
delete from dist.step where schedule = 'sf other';

\c - postgres
set client_min_messages = warning;
delete from dist.schedule where name like 'sf%';
drop schema sf cascade;
drop role sf_owner, sf_other;
