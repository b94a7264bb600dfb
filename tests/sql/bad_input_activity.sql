-- What activity plans, steps that go by them, and activities themselves refuse when they are written (F6, F2).
\pset tuples_only on
\pset format unaligned
truncate test.refusal;
create schema bact;
grant usage on schema bact to public;
create table bact.account (id bigint primary key, owner text, name text, size integer);
create table bact.visit (id bigint generated always as identity primary key, account bigint, who text, what varchar(30), begins timestamptz, local_begins timestamp,
                         long integer, kind text not null, twice bigint generated always as (account * 2) stored);
create view bact.visits as select * from bact.visit;
grant all on all tables in schema bact to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('bact', 'bact.account', 'id', 'owner');
\c - test_manager
\pset tuples_only on
\pset format unaligned
insert into dist.rep (rep) values ('bact ada'), ('bact bob');
insert into dist.segment (name, object, responsible_rep) values ('bact', 'bact', 'bact ada'), ('bact nobody', 'bact', null);
insert into dist.activity_plan (segment, name, subject) values ('bact', 'call', 'Call {name}');
insert into dist.schedule (name, start_at) values ('bact', '2031-01-01');

create function pg_temp.plan(columns text, what text) returns setof text language plpgsql as $$
begin
    return query select test.refused(format('insert into dist.activity_plan (segment, name, subject%s) values (''bact'', ''x'', ''Call''%s)',
                                            ', ' || columns, ', ' || what));
end $$;

-- What it is called.
select test.refused($$insert into dist.activity_plan (segment, subject) values ('bct', 'Call')$$);
select test.refused($$insert into dist.activity_plan (subject) values ('Call')$$);
select test.refused($$insert into dist.activity_plan (segment, name, subject) values ('bact', ' ', 'Call')$$);
select test.refused($$insert into dist.activity_plan (segment, subject) values ('bact', '')$$);
select test.refused($$insert into dist.activity_plan (segment, subject) values ('bact', 'Call {nme}')$$);
select test.refused($$insert into dist.activity_plan (segment, subject) values ('bact', 'Call {name')$$);
select test.refused($$insert into dist.activity_plan (segment, subject) values ('bact', 'Call name}')$$);
select test.refused($$insert into dist.activity_plan (segment, subject) values ('bact', 'Call {}')$$);
select test.refused($$update dist.activity_plan set subject = 'Call {r.name}' where segment = 'bact'$$);

-- When.
select pg_temp.plan('duration', $$'0 minutes'$$);
select pg_temp.plan('duration', $$'90 seconds'$$);
select pg_temp.plan('duration', $$'1 month'$$);
select pg_temp.plan('duration', $$'25 hours'$$);
select pg_temp.plan('duration', 'null');
select pg_temp.plan('earliest, latest', $$'17:00', '09:00'$$);
select pg_temp.plan('earliest, latest, duration', $$'09:00', '10:00', '61 minutes'$$);
select pg_temp.plan('earliest', $$'09:00:30'$$);
select pg_temp.plan('spread_days', '-1');
select pg_temp.plan('spread_days', '400');
select pg_temp.plan('per_day', '0');

-- Who.
select pg_temp.plan('assign', $$'ownr'$$);
select pg_temp.plan('assign', $$'reps'$$);
select pg_temp.plan('assign, reps', $$'owner', '{bact ada}'$$);
select pg_temp.plan('assign, reps', $$'reps', '{}'$$);
select pg_temp.plan('assign, reps', $$'reps', '{bact ada,NULL}'$$);
select pg_temp.plan('assign, reps', $$'reps', '{bact ada,bact bobb}'$$);
select pg_temp.plan('assign, reps', $$'reps', '{bact ada,bact ada}'$$);
select test.refused($$insert into dist.activity_plan (segment, subject) values ('bact nobody', 'Call')$$);
select test.refused($$update dist.segment set responsible_rep = null where name = 'bact'$$);
select pg_temp.plan('ranking', $$'r.sise desc'$$);
select pg_temp.plan('ranking', $$'r.size limit 1'$$);
select pg_temp.plan('ranking', $$'now()'$$);

-- Where to.
select pg_temp.plan('into_relation', $$'bact.visit'$$);
select pg_temp.plan('column_map', $$'{"account": "key"}'$$);
select pg_temp.plan('open_predicate', $$'true'$$);
create function pg_temp.map(map text, predicate text default null) returns setof text language plpgsql as $$
begin
    return query select test.refused(format('insert into dist.activity_plan (segment, name, subject, into_relation, column_map, open_predicate) '
                                            'values (''bact'', ''x'', ''Call'', ''bact.visit'', %L, %L)', map, predicate));
end $$;
select pg_temp.map('null');
select pg_temp.map('[]');
select pg_temp.map('{}');
select pg_temp.map('{"account": "key"}');
select pg_temp.map('{"acount": "key", "begins": "starts_at", "kind": "plan"}');
select pg_temp.map('{"account": "kye", "begins": "starts_at", "kind": "plan"}');
select pg_temp.map('{"account": "key", "begins": "starts_at"}');
select pg_temp.map('{"account": "key", "local_begins": "starts_at", "kind": "plan"}');
select pg_temp.map('{"account": "key", "begins": "starts_at", "kind": "starts_at"}');
select pg_temp.map('{"account": "key", "begins": "starts_at", "kind": "duration"}');
select pg_temp.map('{"account": "key", "begins": "starts_at", "long": "subject", "kind": "plan"}');
select pg_temp.map('{"account": "key", "begins": "starts_at", "twice": "key", "kind": "plan"}');
select pg_temp.map('{"account": "key", "begins": "starts_at", "kind": {"value": 1}}');
select pg_temp.map('{"account": "key", "begins": "starts_at", "kind": "plan", "what": {"value": "longer than thirty letters can be"}}');
select pg_temp.map('{"account": "key", "begins": "starts_at", "kind": {"values": "a"}}');
select pg_temp.map('{"account": "key", "begins": "starts_at", "kind": "plan"}', 'r.done');
select pg_temp.map('{"account": "key", "begins": "starts_at", "kind": "plan"}', 'r.begins > now()');
select pg_temp.map('{"account": "key", "begins": "starts_at", "kind": "plan"}', 'true) or (true');
select pg_temp.plan('into_relation, column_map', $$'bact.visits', '{"account": "key"}'$$);
select pg_temp.plan('into_relation, column_map', $$'dist.activity', '{"record_key": "key"}'$$);

-- Steps.
create function pg_temp.step(target text, args text) returns setof text language plpgsql as $$
begin
    return query select test.refused(format('insert into dist.step (schedule, action, target, args) values (''bact'', ''create_activities'', %L, %L)', target, args));
end $$;
select pg_temp.step('bact', '{"plan": "call"}');
select pg_temp.step('bact', '{"plans": "call"}');
select pg_temp.step('bact', '{"plans": []}');
select pg_temp.step('bact', '{"plans": [1]}');
select pg_temp.step('bact', '{"plans": ["call", "cal"]}');
select pg_temp.step('bact', '["call"]');
select pg_temp.step('bact nobody', null);
select pg_temp.step('bct', null);
insert into dist.step (schedule, action, target, args) values ('bact', 'create_activities', 'bact', '{"plans": ["call"]}');
select test.refused($$delete from dist.activity_plan where segment = 'bact'$$);
select test.refused($$update dist.activity_plan set name = 'ring' where segment = 'bact'$$);

-- Activities that people add and change.
select test.refused($$insert into dist.activity (rep, subject, starts_at, ends_at) values ('bact adda', 'x', '2031-01-01 10:00Z', '2031-01-01 11:00Z')$$);
select test.refused($$insert into dist.activity (rep, subject, starts_at, ends_at) values ('bact ada', 'x', '2031-01-01 10:00Z', '2031-01-01 10:00Z')$$);
select test.refused($$insert into dist.activity (rep, subject, starts_at, ends_at) values ('bact ada', 'x', '2031-01-01 10:00Z', 'infinity')$$);
select test.refused($$insert into dist.activity (rep, subject, starts_at, ends_at, status) values ('bact ada', 'x', '2031-01-01 10:00Z', '2031-01-01 11:00Z', 'opn')$$);
select test.refused($$insert into dist.activity (rep, subject, starts_at, ends_at, run_id) values ('bact ada', 'x', '2031-01-01 10:00Z', '2031-01-01 11:00Z', 1)$$);
update dist.segment set responsible_rep = 'bact bob' where name = 'bact';
insert into dist.activity_plan (segment, name, subject, assign, reps) values ('bact', 'both', 'Call', 'reps', '{bact ada,bact bob}');
select test.refused($$delete from dist.rep where rep = 'bact ada'$$);

-- Each says what, where and how to mend it.
select statement from test.refusal where coalesce(hint, '') = '' and own;
\c - postgres
set client_min_messages = warning;
delete from dist.schedule where name = 'bact';
delete from dist.segment where name like 'bact%';
delete from dist.rep where rep like 'bact %';
delete from dist.object where name = 'bact';
drop schema bact cascade;
