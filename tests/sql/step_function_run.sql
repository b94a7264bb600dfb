-- Steps of both kinds in one run: order, one transaction, locks, runs inside of runs (F2, F4, X2).
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role sf_owner login in role dist_manager;
create schema sf authorization sf_owner;
\c - sf_owner
set client_min_messages = warning;
create table sf.lead (id integer primary key, owner text, stale boolean not null default false);
insert into sf.lead select n, case when n > 4 then 'sf 9' end from generate_series(1, 6) n;
create table sf.log (n integer generated always as identity, what text);
create function sf.release() returns integer language plpgsql as $$
declare
    released integer;
begin
    update sf.lead set owner = null where owner = 'sf 9';
    get diagnostics released = row_count;
    return released;
end $$;
create function sf.left_over() returns bigint language sql return (select count(*) from sf.lead where owner is null);
\c - postgres
insert into dist.object (name, relation, key_column, owner_column) values ('sf lead', 'sf.lead', 'id', 'owner');
\c - sf_owner
set client_min_messages = warning;
insert into dist.rep (rep) values ('sf 1'), ('sf 2'), ('sf 9');
insert into dist.team (team) values ('sf team');
insert into dist.team_member (team, rep) values ('sf team', 'sf 1'), ('sf team', 'sf 2');
insert into dist.distribution_rule (name, strategy, team) values ('sf turns', 'round_robin', 'sf team');
insert into dist.transfer (name, object, to_distribution_rule) values ('sf give', 'sf lead', 'sf turns');
insert into dist.schedule (name, start_at, frequency) values ('sf mixed', '2999-01-01 06:00', 'daily');
insert into dist.step (schedule, position, action, target) values
    ('sf mixed', 1, 'function', 'sf.left_over'), ('sf mixed', 2, 'function', 'sf.release'), ('sf mixed', 3, 'transfer', 'sf give'),
    ('sf mixed', 4, 'function', 'sf.left_over'), ('sf mixed', 5, 'function', 'sf.release');
update dist.step set active = false where schedule = 'sf mixed' and position = 5;

-- A transfer sees what the function before it did, and the function after it what the transfer did
begin;
select status, transfer, object, candidates, assigned from dist.run_now('sf mixed');
select position, action, target, candidates, assigned, rows, result from dist.run_step
 where run_id = (select max(id) from dist.run) order by position;
rollback;
-- A run of one transfer has nothing to add to its row
begin;
update dist.step set active = position = 3 where schedule = 'sf mixed';
select status, transfer, object, candidates, assigned from dist.run_now('sf mixed');
select count(*) from dist.run_step where run_id = (select max(id) from dist.run);
rollback;
-- One transaction: what went well before a later step failed is gone with it
create function sf.fails() returns void language plpgsql as $$ begin perform 1 / 0; end $$;
begin;
update dist.step set active = true, target = 'sf.fails' where schedule = 'sf mixed' and position = 5;
select status, transfer, message from dist.run_now('sf mixed');
select count(*) from dist.assignment where object = 'sf lead';
select count(*) from sf.lead where owner = 'sf 9';
rollback;

-- A transfer that happens to have the function's name has nothing to do with it
begin;
insert into dist.transfer (name, object, to_rep) values ('sf.release', 'sf lead', 'sf 9');
select step, transfer, kind, action, target from dist.upcoming where name = 'sf mixed' order by step;
select transfer, assigned from dist.run_now('sf mixed');
update dist.transfer set name = 'sf.other' where name = 'sf.release';
delete from dist.transfer where name = 'sf.other';
rollback;

-- A preview calls nothing
select * from dist.preview_schedule('sf mixed') order by step, record_key;
select count(*) from sf.lead where owner = 'sf 9';

-- Functions alone take no lock, and come before distributions of the same instant
insert into dist.schedule (name, start_at) values ('sf alone', '2999-01-01 06:00'), ('sf before', '2999-01-01 06:00');
insert into dist.step (schedule, action, target) values ('sf alone', 'transfer', 'sf give');
insert into dist.step (schedule, action, target) values ('sf before', 'function', 'sf.release');
create function sf.locks() returns text language sql return
    (select string_agg(relation::regclass::text, ', ') from pg_locks where relation in ('dist.object_state'::regclass, 'dist.pool'::regclass) and mode = 'RowShareLock');
begin;
update dist.schedule set enabled = false where name = 'sf mixed';
select dist.tick('2999-01-01 06:00+00');
select schedule, status, assigned from dist.run where schedule like 'sf %' order by id;
rollback;
begin;
update dist.step set target = 'sf.locks' where schedule = 'sf before';
select status from dist.run_now('sf before');
select result from dist.run_step where run_id = (select max(id) from dist.run);
rollback;

-- A function that calls pg_dist: a run inside of the run has its own row, and takes its turns after those before it
create function sf.gives() returns bigint language sql as $$ select (dist.execute('sf give')).assigned $$;
begin;
update dist.step set target = 'sf.gives' where schedule = 'sf mixed' and position = 2;
select status, assigned from dist.run_now('sf mixed');
select trigger, transfer, assigned from dist.run where transfer = 'sf give' order by id;
select turns from dist.pool where distribution_rule = 'sf turns';
rollback;

-- Triggers and functions can ask which run they are part of: the innermost
create function sf.note_run() returns trigger language plpgsql as $$
begin
    insert into sf.log (what) values (dist.run_id());
    return null;
end $$;
create trigger note_run after update on sf.lead for each statement execute function sf.note_run();
begin;
update sf.lead set owner = null;
select id as run from dist.execute('sf give') \gset
select status from dist.undo(:run);
select status from dist.run_now('sf mixed');
select r.trigger, count(*) from sf.log l left join dist.run r on r.id::text = l.what group by r.trigger order by 1 nulls first;
select dist.run_id();
rollback;
drop trigger note_run on sf.lead;

\c - postgres
set client_min_messages = warning;
delete from dist.schedule where name like 'sf %';
delete from dist.transfer where name like 'sf %';
delete from dist.distribution_rule where name like 'sf %';
delete from dist.team where team = 'sf team';
delete from dist.object where name = 'sf lead';
delete from dist.rep where rep like 'sf _';
drop schema sf cascade;
drop role sf_owner;
