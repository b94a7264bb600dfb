-- What keeps a run from starting is told from what goes wrong in it: only intent that does not compile any more (a role,
-- a table, a column or a function is gone, a test does not fit the table, the author has lost the owner's trust) makes a
-- schedule one for quarantine; what the user's own code raises, and a right that is missing, is a failed run.
\set VERBOSITY terse
set client_min_messages = error;
create extension if not exists pg_dist;
create role qua_owner login in role dist_manager;
create role qua_author login in role dist_manager, qua_owner;
create schema qua;
grant usage on schema qua to public;
create table qua.lead (id integer primary key, size integer, region text, note text, rep text);
create table qua.deal (id integer primary key, rep text);
create table qua.visit (lead integer, seen date);
create type qua.mood as enum ('keen', 'cool');
alter table qua.lead add column mood qua.mood;
insert into qua.lead (id, size, region) values (1, 10, 'north');
grant select, update on qua.lead, qua.deal to qua_owner;
grant select on qua.visit to qua_owner;
create function qua.wanted() returns boolean language plpgsql as $$ begin return true; end $$;
create function qua.dropped() returns boolean language plpgsql as $$ begin return true; end $$;
create function qua.raises() returns boolean language plpgsql as $$ begin raise exception 'made to fail' using errcode = '42703'; end $$;
create function qua.reads_visits() returns boolean language plpgsql as $$ begin return exists (select from qua.visit); end $$;
create function qua.refuse() returns trigger language plpgsql as $$ begin raise exception 'no move of %', old.id using errcode = '42883'; end $$;
insert into dist.object (name, relation, key_column, owner_column)
values ('qua lead', 'qua.lead', 'id', 'rep'), ('qua deal', 'qua.deal', 'id', 'rep');
insert into dist.rep (rep) values ('qua rep');

-- Runs a schedule of one step, and says of what it failed and whether that is one for quarantine.
create function qua.run(schedule text) returns table (name text, sqlstate text, message text, for_quarantine boolean)
    language plpgsql
as $$
begin
    name := run.schedule;
    select r.sqlstate, r.message into sqlstate, message from dist.run_now(run.schedule) r;
    for_quarantine := dist._failed_to_compile();
    return next;
end $$;
create function qua.plan(name text, object text default 'qua lead', predicate text default null, criteria jsonb default null,
                         set_fields jsonb default null, ranking text default null) returns void
    language plpgsql
as $$
begin
    insert into dist.transfer (name, object, source, predicate, criteria, set_fields, ranking, to_rep, on_owned)
    values (name, object, 'any', predicate, criteria, set_fields, ranking, 'qua rep', 'reassign');
    insert into dist.schedule (name, start_at, owner) values (name, '2990-01-01', 'qua_owner');
    insert into dist.step (schedule, target) values (name, name);
end $$;
grant execute on all functions in schema qua to public;

set session authorization qua_author;
do $do$ begin
    perform qua.plan('good');
    perform qua.plan('column dropped', predicate => 'r.note is null');
    perform qua.plan('column renamed', predicate => 'r.region = ''north''');
    perform qua.plan('type changed', predicate => 'r.size > 5 + 1');
    perform qua.plan('type changed, criteria', criteria => '{"field": "size", "op": ">", "value": 5}');
    perform qua.plan('field dropped', set_fields => '{"note": "routed"}');
    perform qua.plan('ranking broken', ranking => 'r.note desc');
    perform qua.plan('value renamed', predicate => 'r.mood = ''keen''');
    perform qua.plan('function dropped', predicate => 'qua.dropped()');
    perform qua.plan('related table dropped', criteria => '{"related": "qua.visit", "on": {"lead": "id"}}');
    perform qua.plan('table dropped', object => 'qua deal');
    perform qua.plan('raises', predicate => 'qua.raises()');
    perform qua.plan('function fails', predicate => 'qua.reads_visits()');
    perform qua.plan('divides', predicate => '1 / (r.size - r.size) = 1');
    perform qua.plan('no right', object => 'qua deal');
    perform qua.plan('no way in', predicate => 'qua.wanted()');
end $do$;
reset session authorization;
select r.* from dist.schedule s, qua.run(s.name) r where s.owner = 'qua_owner' and s.name in ('good', 'raises', 'divides') order by 1;

-- A trigger of the user's, whatever it raises; a run within it that does not compile is that code's affair
update qua.lead set rep = null;
create trigger refuse before update on qua.lead for each row execute function qua.refuse();
select * from qua.run('good');
create or replace function qua.refuse() returns trigger language plpgsql as $$ begin perform dist.execute('nothing of the kind'); return new; end $$;
select * from qua.run('good');
drop trigger refuse on qua.lead;
select * from qua.run('good');

-- A right that is missing may be granted again: a failed run
revoke select, update on qua.deal from qua_owner;
select * from qua.run('no right');
revoke usage on schema qua from public;
select * from qua.run('no way in');
grant usage on schema qua to public;
grant select, update on qua.deal to qua_owner;
select * from qua.run('no way in');
revoke execute on function qua.wanted() from public;
select * from qua.run('no way in');

-- An author who is no member of the owner's role any more
revoke qua_owner from qua_author;
select * from qua.run('good');
grant qua_owner to qua_author;
select * from qua.run('good');

-- A rep cannot be dropped while something names it
delete from dist.rep where rep = 'qua rep';

-- ALTER TABLE, ALTER TYPE, DROP
alter table qua.lead drop column note;
alter table qua.lead rename column region to area;
alter table qua.lead alter column size type text;
alter type qua.mood rename value 'keen' to 'eager';
drop function qua.dropped();
drop table qua.visit, qua.deal;
select r.* from dist.schedule s, qua.run(s.name) r where s.owner = 'qua_owner' and s.name not in ('good', 'no right', 'no way in', 'raises', 'divides') order by 1;
select * from qua.run('good');

-- The owner's role
create role qua_leaver login in role dist_manager;
grant usage on schema qua to qua_leaver;
set session authorization qua_leaver;
insert into dist.transfer (name, object, to_rep) values ('leaver', 'qua lead', 'qua rep');
insert into dist.schedule (name, start_at, frequency) values ('leaver', '2990-01-01', 'daily');
insert into dist.step (schedule, target) values ('leaver', 'leaver');
reset session authorization;
revoke usage on schema qua from qua_leaver;
drop role qua_leaver;
select * from qua.run('leaver');

-- As dist.tick finds them, and for a role that is gone the worker: the failed run has its row, the schedule is set aside,
-- and no other is. When it is resumed, what passed meanwhile is recorded and not caught up (G11).
create view qua.standing as
    select s.name, st.next_run_at, st.ended, st.note
      from dist.schedule_state st join dist.schedule s on s.id = st.schedule_id
     where s.name in ('leaver', 'raises', 'column dropped', 'good');
delete from dist.schedule where owner = 'qua_owner' and name not in (select name from qua.standing);
update dist.schedule set frequency = 'daily' where owner = 'qua_owner';
set client_min_messages = warning;
set pg_dist.clock = '2990-01-01 00:00+00';
select dist._fire_ownerless('qua_owner'), dist._fire_ownerless('qua_leaver');
set role qua_owner;
select dist.tick('2990-01-01 00:00+00');
reset role;
select schedule, status, due_at, sqlstate, message, run_by from dist.run
 where schedule in (select name from qua.standing) and trigger = 'schedule' order by id;
table qua.standing order by name;
set pg_dist.clock = '2990-01-03 12:00+00';
alter table qua.lead add column note text;
select dist.resume('column dropped');
update dist.schedule set owner = 'qua_owner' where name = 'leaver';
select dist.resume('leaver');
table qua.standing order by name;
select schedule, status, cause, due_at, due_to from dist.run
 where schedule in ('leaver', 'column dropped') and trigger = 'schedule' and status = 'skipped' order by id;
reset pg_dist.clock;
select * from qua.run('column dropped');
set client_min_messages = error;

delete from dist.schedule where owner in ('qua_owner', 'qua_leaver');
delete from dist.transfer where object in ('qua lead', 'qua deal');
delete from dist.object where name in ('qua lead', 'qua deal');
delete from dist.rep where rep = 'qua rep';
drop schema qua cascade;
drop role qua_owner, qua_author;
