-- check_function_bodies is off while a dump is restored, which a superuser does. That others can turn it off as well
-- must get them past no check, nor leave a schedule with a next run that is not that of its plan.
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role sec_manager login in role dist_manager;
create schema sec;
create table sec.lead (id integer primary key, owner text);
grant usage on schema sec to sec_manager;
grant select on sec.lead to sec_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('sec lead', 'sec.lead', 'id', 'owner');
\c - sec_manager
set check_function_bodies = off;
insert into dist.rep (rep, time_zone) values ('sec rep', 'Nowhere/At_All');
insert into dist.rep (rep) values ('sec rep');
insert into dist.transfer (name, object, predicate, to_rep) values ('sec give', 'sec lead', 'true) or (true', 'sec rep');
insert into dist.transfer (name, object, to_rep) values ('sec give', 'sec lead', 'sec rep');
insert into dist.schedule (name, start_at) values ('sec give', '2999-01-01 06:00');
select status, next_run_at from dist.schedule_status where name = 'sec give';
insert into dist.step (schedule, position, target) values ('sec give', 1, 'sec give');
select status, next_run_at at time zone 'UTC' from dist.schedule_status where name = 'sec give';
update dist.schedule set start_at = '2999-02-02 06:00' where name = 'sec give';
select status, next_run_at at time zone 'UTC' from dist.schedule_status where name = 'sec give';
delete from dist.step where schedule = 'sec give';
select status, next_run_at from dist.schedule_status where name = 'sec give';

\c - postgres
set client_min_messages = warning;
delete from dist.schedule where name = 'sec give';
delete from dist.transfer where name = 'sec give';
delete from dist.object where name = 'sec lead';
delete from dist.rep where rep = 'sec rep';
drop schema sec cascade;
drop role sec_manager;
