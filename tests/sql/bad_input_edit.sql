-- Mass edits and formulas are checked when they are written: SQLSTATE, value, row and a HINT for every mistake (Z1, F5, F7).
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create schema be;
create type be.mood as enum ('sad', 'happy');
create table be.account (id integer primary key, owner text, name text not null, code varchar(3), employees integer, vip boolean, seen date,
                         mood be.mood, attributes jsonb, twice integer generated always as (id * 2) stored);
create table be.other (id integer primary key, owner text);
create table be.contact (id integer primary key, account integer, tier text);
insert into dist.object (name, relation, key_column, owner_column) values ('be account', 'be.account', 'id', 'owner'), ('be other', 'be.other', 'id', 'owner');
insert into dist.segment (name, object) values ('be all', 'be account');
insert into dist.segment_related (segment, name, relation, key_column, join_on) values ('be all', 'contacts', 'be.contact', 'id', '{"account": "id"}');
insert into dist.schedule (name, start_at) values ('be', '2999-01-01 06:00');
insert into dist.step (schedule, action, target, args) values ('be', 'mass_edit', 'be all', '{"fields": [{"field": "vip", "value": true}]}');
insert into dist.formula (name, object, field, expression) values ('be ok', 'be account', 'employees', 'r.id + 1');

create function pg_temp.edit(args jsonb) returns setof text language sql as $$
    select test.refused(format('update dist.step set args = %L where schedule = ''be''', args)) $$;
select pg_temp.edit(null);
select pg_temp.edit('[1]');
select pg_temp.edit('{"felds": []}');
select pg_temp.edit('{"fields": []}');
select pg_temp.edit('{"fields": {"field": "vip"}}');
select pg_temp.edit('{"fields": ["vip"]}');
select pg_temp.edit('{"fields": [{"value": 1}]}');
select pg_temp.edit('{"fields": [{"field": "vipp", "value": true}]}');
select pg_temp.edit('{"fields": [{"field": "vip"}]}');
select pg_temp.edit('{"fields": [{"field": "vip", "valu": true}]}');
select pg_temp.edit('{"fields": [{"field": "vip", "value": null}]}');
select pg_temp.edit('{"fields": [{"field": "vip", "value": "yes"}]}');
select pg_temp.edit('{"fields": [{"field": "employees", "value": "12"}]}');
select pg_temp.edit('{"fields": [{"field": "employees", "value": 1e30}]}');
select pg_temp.edit('{"fields": [{"field": "code", "value": "four"}]}');
select pg_temp.edit('{"fields": [{"field": "mood", "value": "hapy"}]}');
select pg_temp.edit('{"fields": [{"field": "seen", "value": "2031-02-30"}]}');
select pg_temp.edit('{"fields": [{"field": "seen", "value": "today"}]}');
select pg_temp.edit('{"fields": [{"field": "seen", "value": "2031-01-01", "run_date": true}]}');
select pg_temp.edit('{"fields": [{"field": "seen", "run_date": true, "clear": true}]}');
select pg_temp.edit('{"fields": [{"field": "seen", "run_date": "yes"}]}');
select pg_temp.edit('{"fields": [{"field": "vip", "run_date": true}]}');
select pg_temp.edit('{"fields": [{"field": "name", "clear": true}]}');
select pg_temp.edit('{"fields": [{"field": "vip", "value": true}, {"field": "vip", "clear": true}]}');
select pg_temp.edit('{"fields": [{"field": "owner", "value": "x"}]}');
select pg_temp.edit('{"fields": [{"field": "id", "value": 1}]}');
select pg_temp.edit('{"fields": [{"field": "twice", "value": 1}]}');
select pg_temp.edit('{"fields": [{"field": "vip", "value": {"var": "be nowhere"}}]}');
select pg_temp.edit('{"fields": [{"field": "tier", "value": "x"}], "related": "contact"}');
select pg_temp.edit('{"fields": [{"field": "vip", "value": true}], "related": "contacts"}');
select pg_temp.edit('{"fields": [{"field": "vip", "value": true}], "keep_before": "no"}');
select test.refused($$update dist.step set target = 'be al' where schedule = 'be'$$);
select test.refused($$update dist.step set segment = 'be all' where schedule = 'be'$$);
select test.refused($$update dist.segment set name = 'be most' where name = 'be all'$$);

create function pg_temp.formula(field text, expression text) returns setof text language sql as $$
    select test.refused(format('insert into dist.formula (name, object, field, expression) values (''be new'', ''be account'', %L, %L)', field, expression)) $$;
select pg_temp.formula('vip', null);
select pg_temp.formula(null, 'true');
select pg_temp.formula('vipp', 'true');
select pg_temp.formula('owner', '''x''');
select pg_temp.formula('id', '1');
select pg_temp.formula('twice', '1');
select pg_temp.formula('vip', '1');
select pg_temp.formula('vip', 'r.vipp');
select pg_temp.formula('vip', 'true, false');
select pg_temp.formula('vip', 'true); drop table be.account; --');
select pg_temp.formula('vip', 'bool_and(r.vip)');
select pg_temp.formula('attributes', 'jsonb_array_elements(r.attributes)');
select pg_temp.formula('seen', 'now()');
select pg_temp.formula('seen', '''today''::date');
select pg_temp.formula('vip', 'dist.var(''be nowhere'')::boolean');
select pg_temp.formula('employees', '2');
select test.refused($$insert into dist.formula (name, object, field, expression) values (' ', 'be account', 'vip', 'true')$$);
select test.refused($$insert into dist.formula (name, object, field, expression) values ('be new', 'be acount', 'vip', 'true')$$);

create function pg_temp.apply(args jsonb) returns setof text language sql as $$
    select test.refused(format('update dist.step set action = ''apply_formulas'', args = %L where schedule = ''be''', args)) $$;
select pg_temp.apply('{"formula": ["be ok"]}');
select pg_temp.apply('{"formulas": "be ok"}');
select pg_temp.apply('{"formulas": []}');
select pg_temp.apply('{"formulas": [1]}');
select pg_temp.apply('{"formulas": ["be okk"]}');
update dist.step set action = 'apply_formulas', args = '{"formulas": ["be ok"]}' where schedule = 'be';
select test.refused($$delete from dist.formula where name = 'be ok'$$);
select test.refused($$update dist.formula set name = 'be fine' where name = 'be ok'$$);
select test.refused($$update dist.formula set object = 'be other', field = 'owner' where name = 'be ok'$$);

-- All of it was refused by pg_dist, with a HINT, but for the NOT NULLs of the tables.
select statement, sqlstate, message from test.refusal where statement like '%be %' and (hint = '' or not own);
delete from dist.schedule where name = 'be';
delete from dist.segment where name = 'be all';
delete from dist.formula where object = 'be account';
delete from dist.object where name in ('be account', 'be other');
drop schema be cascade;
