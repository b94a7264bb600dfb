-- Variables (Z4): typed, named values in criteria, predicates and arguments, read when a run starts and kept for it; who
-- changed them is told; one that is used keeps its name and type.
\pset format unaligned
\pset tuples_only on
set client_min_messages = warning;
create extension if not exists pg_dist;
create role va_manager login in role dist_manager;
create role va_owner nologin;
grant va_owner to va_manager;
create schema va authorization va_owner;
create table va.lead (id integer primary key, size integer not null, country text, seen date, note jsonb, owner text);
insert into va.lead (id, size, country, seen, note)
select n, n * 10, (array['DE', 'FR', 'US'])[n % 3 + 1], date '2031-01-01' + n, jsonb_build_object('tier', case when n > 6 then 'a' else 'b' end)
  from generate_series(1, 12) n;
alter table va.lead owner to va_owner;
create table va.call (id serial, said text);
alter table va.call owner to va_owner;
grant create on schema va to va_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('va', 'va.lead', 'id', 'owner');
\c - va_manager
set client_min_messages = warning;
insert into dist.rep (rep) values ('va ann');
insert into dist.variable (name, type, value, description)
values ('va least', 'integer', ' 70 ', 'what is worth it'), ('va countries', 'text[]', '{DE, FR}', null), ('va since', 'date', '2031-01-05', null),
       ('va tier', 'text', 'a', null), ('va idle', 'interval', '72 hours', null), ('va o''brien', 'boolean', 'yes', null);
-- Kept as the type writes it, whatever the session's style.
set timezone = 'America/New_York';
set datestyle = 'SQL, DMY';
insert into dist.variable (name, type, value) values ('va there', 'timestamptz', '2031-01-05 12:00');
select name, type, value, written_by from dist.variable where name like 'va %' order by name collate "C";
select dist.var('va there', null::date), dist.var('va there', null::timestamptz), dist.var('va least', 0) + 1, dist.var('va countries', '{}'::text[]);
reset timezone;
reset datestyle;

-- As a value, a list, in jsonb, as an interval, in a predicate; as of when it is looked at.
create function pg_temp.finds(criteria jsonb, predicate text default null) returns text language plpgsql as $$
declare
    keys text;
begin
    insert into dist.transfer (name, object, to_rep, criteria, predicate) values ('va found', 'va', 'va ann', finds.criteria, finds.predicate);
    keys := (select string_agg(p.record_key, ',' order by p.record_key::integer) from dist.preview('va found', '2031-01-10 06:00Z') p);
    delete from dist.transfer where name = 'va found';
    return keys;
end $$;
select pg_temp.finds('{"field": "size", "op": ">=", "value": {"var": "va least"}}');
select pg_temp.finds('{"field": "country", "op": "in", "value": {"var": "va countries"}}');
select pg_temp.finds('{"field": "country", "op": "not in", "value": {"var": "va countries"}}');
select pg_temp.finds('{"field": "seen", "op": "between", "value": ["2031-01-03", {"var": "va since"}]}');
select pg_temp.finds('{"field": "seen", "op": "older than", "value": {"var": "va idle"}}');
select pg_temp.finds('{"field": "note.tier", "op": "=", "value": {"var": "va tier"}}');
select pg_temp.finds(null, 'r.size >= dist.var(''va least'', r.size) and r.country = any (dist.var(''va countries'', ''{}''::text[]))');
select pg_temp.finds(null, 'r.id = 1 and dist.var(''va o''''brien'')::boolean');

-- What a run read when it began holds to its end, also where a step of its own
-- changes the variable; the next run has the new value. A preview says what a run does.
create function va.note(what text, size integer, since date, moment timestamptz, countries text[], whole jsonb) returns integer
    language plpgsql as $$
declare
    n integer;
begin
    insert into va.call (said) values (concat_ws(' ', what, size, since, moment at time zone 'UTC', countries, whole)) returning id into n;
    return n;
end $$;
create function va.raise_it() returns text language sql security definer as $$
    update dist.variable set value = (value::integer + 30)::text where name = 'va least';
    select dist.var('va least') || ' in the run, then ' || (select v.value from dist.variable v where v.name = 'va least')
$$;
create function va.foreseen() returns bigint language sql as $$ select count(*) from dist.preview('va big') $$;
insert into dist.transfer (name, object, to_rep, criteria) values ('va big', 'va', 'va ann', '{"field": "size", "op": ">=", "value": {"var": "va least"}}');
insert into dist.schedule (name, start_at, frequency) values ('va daily', '2999-01-01 06:00', 'daily');
insert into dist.step (schedule, position, action, target, args)
values ('va daily', 1, 'function', 'va.raise_it', null),
       ('va daily', 2, 'function', 'va.foreseen', null),
       ('va daily', 3, 'function', 'va.note', '{"what": {"literal": {"var": "x"}}, "size": {"var": "va least"}, "since": {"var": "va since"}, "moment": {"var": "va there"}, "countries": {"var": "va countries"}, "whole": {"var": "va tier"}}'),
       ('va daily', 4, 'transfer', 'va big', null);
select record_key from dist.preview_schedule('va daily', '2999-01-01 06:00Z') order by record_key::integer;
select dist.tick('2999-01-01 06:00Z');
update va.lead set owner = null;
select dist.tick('2999-01-02 06:00Z');
select r.status, r.assigned, r.message from dist.run r where r.schedule = 'va daily' order by r.id;
select s.position, s.result from dist.run_step s join dist.run r on r.id = s.run_id where r.schedule = 'va daily' order by r.id, s.position;
select said from va.call order by id;
select string_agg(id::text, ',' order by id) from va.lead where owner is not null;

-- The run of somebody who has no right in pg_dist at all.
update va.lead set owner = null;
update dist.schedule set enabled = false where name = 'va daily';
update dist.variable set value = '110' where name = 'va least';
insert into dist.schedule (name, start_at, owner) values ('va plain', '2999-01-03 06:00', 'va_owner');
insert into dist.step (schedule, target) values ('va plain', 'va big');
select dist.tick('2999-01-03 06:00Z');
select r.status, r.assigned, r.message from dist.run r where r.schedule = 'va plain';

-- Who changed it, from what to what.
select name, type, before, after, changed_by from dist.variable_change where name in ('va least', 'va there') order by id;
update dist.variable set description = 'only told' where name = 'va least';
select count(*) from dist.variable_change where name = 'va least';
-- What a run reads, only a run reads; elsewhere it is for readers.
\c - postgres
create role va_nobody login;
\c - va_nobody
select test.refused($$select dist.var('va least')$$);
select test.refused($$select dist.var('va least', 0)$$);

-- What is used keeps its name and type, and stays.
\c - va_manager
set client_min_messages = warning;
select test.refused($$update dist.variable set name = 'va most' where name = 'va least'$$);
select test.refused($$update dist.variable set type = 'text' where name = 'va least'$$);
select test.refused($$delete from dist.variable where name = 'va least'$$);
select test.refused($$delete from dist.variable where name = 'va there'$$);
insert into dist.exclusion (name, object, predicate) values ('va excluded', 'va', 'dist.var(U&''va o\0027brien'')::boolean');
select test.refused($$delete from dist.variable where name = 'va o''brien'$$);
delete from dist.exclusion where name = 'va excluded';
update dist.variable set name = 'va renamed' where name = 'va idle';
select name, type, before, after from dist.variable_change where name in ('va idle', 'va renamed') order by id;
delete from dist.variable where name = 'va renamed';

-- In an automation too, for whoever brings the record.
\c - postgres
grant trigger on va.lead to va_manager;
grant usage on schema va to va_nobody;
grant insert, select on va.lead to va_nobody;
\c - va_manager
set client_min_messages = warning;
insert into dist.automation (name, object, on_insert, mode, to_rep, criteria, owner)
values ('va come in', 'va', true, 'in_transaction', 'va ann', '{"field": "size", "op": ">", "value": {"var": "va least"}}', 'va_owner');
\c - va_nobody
insert into va.lead (id, size) values (101, 1000), (102, 1);
select id, owner from va.lead where id > 100 order by id;

\c - postgres
set client_min_messages = warning;
-- The history goes as old as all other (policy history_days).
begin;
delete from dist.event;
insert into dist.policy (name, value) values ('history_days', 365);
update dist.variable_change set changed_at = '2020-01-01' where name = 'va least' and after = '100';
select more is null from dist.purge();
select after from dist.variable_change where name = 'va least' order by id;
rollback;
select test.forget_intent();
drop schema va cascade;
drop role va_nobody, va_owner, va_manager;
