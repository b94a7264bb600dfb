-- Mistakes in variables and in what speaks of them (Z4): SQLSTATE, the value, the row and a HINT for each; refused when written,
-- and told plainly where a value that fits no more reaches a run.
\pset format unaligned
\pset tuples_only on
set client_min_messages = warning;
create extension if not exists pg_dist;
create role bv_manager login in role dist_manager;
create schema bv authorization bv_manager;
\c - bv_manager
set client_min_messages = warning;
create table bv.lead (id integer primary key, size integer, country text, price money, seen timestamptz, owner text);
create function bv.take(n integer, tags text[] default '{}', at date default null) returns void language sql begin atomic select 1; end;
create domain bv.percent as integer check (value < 101);
create type bv.pair as (a integer, b integer);
create type bv.mood as enum ('sad', 'happy');
\c - postgres
insert into dist.object (name, relation, key_column, owner_column) values ('bv', 'bv.lead', 'id', 'owner');
\c - bv_manager
set client_min_messages = warning;
insert into dist.rep (rep) values ('bv ann');
insert into dist.variable (name, type, value)
values ('bv least', 'integer', '7'), ('bv name', 'text', 'x'), ('bv list', 'text[]', '{a}'), ('bv mood', 'bv.mood', 'sad'), ('bv many', 'integer', '3');
insert into dist.schedule (name, start_at) values ('bv', '2999-01-01 06:00');

-- The variable itself.
select test.refused($$insert into dist.variable (name, type, value) values ('', 'integer', '1')$$);
select test.refused($$insert into dist.variable (name, type, value) values ('bv x', 'integer', 'many')$$);
select test.refused($$insert into dist.variable (name, type, value) values ('bv x', 'integer', null)$$);
select test.refused($$insert into dist.variable (name, type, value) values ('bv x', null, '1')$$);
select test.refused($$insert into dist.variable (name, type, value) values ('bv x', 'smallint', '40000')$$);
select test.refused($$insert into dist.variable (name, type, value) values ('bv x', 'date', '2031-02-30')$$);
select test.refused($$insert into dist.variable (name, type, value) values ('bv x', 'date', 'today')$$);
select test.refused($$insert into dist.variable (name, type, value) values ('bv x', 'timestamptz[]', '{2031-01-01,"12:00 Tomorrow"}')$$);
select test.refused($$insert into dist.variable (name, type, value) values ('bv x', 'bv.mood', 'glad')$$);
select test.refused($$insert into dist.variable (name, type, value) values ('bv x', 'bv.percent', '1')$$);
select test.refused($$insert into dist.variable (name, type, value) values ('bv x', 'bv.pair', '(1,2)')$$);
select test.refused($$insert into dist.variable (name, type, value) values ('bv x', 'bv.pair[]', '{}')$$);
select test.refused($$insert into dist.variable (name, type, value) values ('bv x', 'anyelement', '1')$$);
select test.refused($$insert into dist.variable (name, type, value) values ('bv x', 'jsonb', '{"a": }')$$);
select test.refused($$insert into dist.variable (name, value) values ('bv name', 'twice')$$);
select test.refused($$update dist.variable set value = '12 monkeys' where name = 'bv least'$$);
-- Nobody writes as another, nor the history.
select test.refused($$insert into dist.variable_change (name, changed_at, changed_by) values ('bv least', now(), 'postgres')$$);
select test.refused($$delete from dist.variable_change$$);
insert into dist.variable (name, value, written_by, changed_at) values ('bv honest', 'x', 'postgres', '2000-01-01');
select written_by, changed_at > '2020-01-01' from dist.variable where name = 'bv honest';
-- What today is in a text is only a word.
insert into dist.variable (name, value) values ('bv word', 'today');

-- In criteria and predicates.
create function pg_temp.transfer(criteria text, predicate text default null) returns setof text language sql as $$
    select test.refused(format('insert into dist.transfer (name, object, to_rep, criteria, predicate) values (''bv x'', ''bv'', ''bv ann'', %L, %L)', $1, $2))
$$;
select pg_temp.transfer('{"field": "size", "op": ">", "value": {"var": "bv leest"}}');
select pg_temp.transfer('{"field": "size", "op": ">", "value": {"var": "nothing like it"}}');
select pg_temp.transfer('{"field": "size", "op": ">", "value": {"var": "bv name"}}');
select pg_temp.transfer('{"field": "size", "op": ">", "value": {"var": "bv least", "or": 1}}');
select pg_temp.transfer('{"field": "size", "op": ">", "value": {"var": 1}}');
select pg_temp.transfer('{"field": "country", "op": "in", "value": {"var": "bv name"}}');
select pg_temp.transfer('{"field": "country", "op": "=", "value": {"var": "bv list"}}');
select pg_temp.transfer('{"field": "seen", "op": "older than", "value": {"var": "bv least"}}');
select pg_temp.transfer(null, 'r.size > dist.var(''bv leest'', 0)');
select pg_temp.transfer(null, 'r.size > dist.var(''bv name'')');
select pg_temp.transfer(null, 'r.size > dist.var(r.country, 0)');
select pg_temp.transfer(null, 'r.size > dist.var(''bv '' || ''least'', 0)');
select pg_temp.transfer(null, 'r.size > var(''bv least'', 0)');

-- As arguments.
create function pg_temp.step(args text) returns setof text language sql as $$
    select test.refused(format('insert into dist.step (schedule, action, target, args) values (''bv'', ''function'', ''bv.take'', %L)', $1))
$$;
select pg_temp.step('{"n": {"var": "bv leest"}}');
select pg_temp.step('{"n": {"var": "bv name"}}');
select pg_temp.step('{"n": {"var": "bv list"}}');
select pg_temp.step('{"n": 1, "tags": {"var": "bv name"}}');
select pg_temp.step('{"n": 1, "at": {"var": "bv word"}}');
select pg_temp.step('[{"var": "bv least"}, {"literal": "x"}]');

-- A value that fits its type, but not what it is used for: the run says which step and what.
insert into dist.variable (name, type, value) values ('bv text', 'text', '5');
insert into dist.step (schedule, action, target, args) values ('bv', 'function', 'bv.take', '{"n": {"var": "bv text"}}');
update dist.variable set value = 'five' where name = 'bv text';
select dist.tick('2999-01-01 06:00Z');
select status, sqlstate, message, hint from dist.run where schedule = 'bv';

\c - postgres
set client_min_messages = warning;
select test.forget_intent();
drop schema bv cascade;
drop role bv_manager;
