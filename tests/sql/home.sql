-- Where schedules fire: the first one that is armed makes this database their home. In a copy of it (here: the row of
-- another) nothing fires until an administrator accepts it; what passed meanwhile is recorded, and never caught up (G11).
set client_min_messages = warning;
create extension if not exists pg_dist;
create role hom_boss in role dist_manager;
create role hom_admin in role dist_admin;
create schema hom;
grant usage on schema hom to public;
create table hom.lead (id integer primary key, rep text);
insert into hom.lead values (1, null);
grant select, update on hom.lead to hom_boss;
insert into dist.object (name, relation, key_column, owner_column) values ('hom lead', 'hom.lead', 'id', 'rep');
insert into dist.rep (rep) values ('hom rep');
begin;
delete from dist.schedule;
delete from dist.home;
set pg_dist.clock = '2990-01-01 00:00+00';
-- Nothing armed, nothing at home
insert into dist.schedule (name, start_at, frequency, owner) values ('hom daily', '2990-01-01 06:00', 'daily', 'hom_boss'),
    ('hom passive', '2990-01-01 06:00', 'daily', 'hom_boss'), ('hom later', '2991-01-01 06:00', 'daily', 'hom_boss');
delete from dist.home;
select dist._is_paused_copy();
insert into dist.transfer (name, object, source, to_rep, on_owned) values ('hom give', 'hom lead', 'any', 'hom rep', 'reassign');
insert into dist.step (schedule, target) values ('hom daily', 'hom give'), ('hom passive', 'hom give'), ('hom later', 'hom give');
update dist.schedule set enabled = false where name = 'hom passive';
select here, database_oid = (select oid from pg_database where datname = current_database()) as this_database, database,
       system_identifier = (select system_identifier::text from pg_control_system()) as this_cluster from dist.home;
select dist._is_paused_copy();
do $$ begin perform dist.resume_all(); exception when others then raise warning '% % (%)', sqlstate, sqlerrm, 'nothing to accept'; end $$;
set role hom_boss;
select dist.tick('2990-01-01 06:00+00');
reset role;
commit;

-- Another database's row
begin;
update dist.home set database_oid = 1, database = 'the original', system_identifier = '42';
select dist._is_paused_copy();
set role hom_boss;
\set VERBOSITY default
savepoint s;
select dist.tick('2990-01-02 06:00+00');
rollback to s;
select dist.resume_all();
rollback to s;
-- By hand all works
select status from dist.run_now('hom later');
select status from dist.execute('hom give');
reset role;
-- A row that is missing where something is armed: a dump that is being restored by several jobs
delete from dist.home;
select dist._is_paused_copy();
savepoint s;
select dist.tick('2990-01-02 06:00+00');
rollback to s;
rollback;

-- The same cluster, or the same database, alone is not enough (pg_upgrade keeps the database's number)
begin;
update dist.home set system_identifier = '42';
select dist._is_paused_copy() like 'it is a copy%' as paused;
set pg_dist.clock = '2990-01-04 12:00+00';
set role hom_admin;
select dist.resume_all();
reset role;
select dist._is_paused_copy();
select name, status, next_run_at from dist.schedule_status where name like 'hom %' order by name;
select schedule, status, cause, due_at, due_to from dist.run where schedule like 'hom %' order by id;
set role hom_boss;
select dist.tick('2990-01-05 06:00+00');
reset role;
rollback;

reset pg_dist.clock;
delete from dist.schedule where name like 'hom %';
delete from dist.transfer where name like 'hom %';
delete from dist.object where name = 'hom lead';
delete from dist.rep where rep = 'hom rep';
drop schema hom cascade;
drop role hom_boss, hom_admin;
