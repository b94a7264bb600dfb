-- Retention of history by the policy history_days (Z6): runs, what they left and what they moved go together, a little at a
-- time; what is still needed stays, and turns and counters stay as they are.
\set VERBOSITY terse
set client_min_messages = warning;
create role ops_boss login in role dist_manager;
create role ops_admin login in role dist_admin;
create database ops_history;
\c ops_history
set client_min_messages = warning;
create extension pg_dist;
create table public.lead (id integer primary key, owner text);
insert into public.lead select generate_series(1, 6);
grant select, update on public.lead to ops_boss;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'public.lead', 'id', 'owner');
create function public.history() returns table (runs bigint, steps bigint, left_records bigint, moves bigint, parts bigint) language sql as $$
    select (select count(*) from dist.run), (select count(*) from dist.run_step), (select count(*) from dist.unassigned),
           (select count(*) from dist.assignment), (select count(*) from pg_inherits where inhparent = 'dist.assignment'::regclass)
$$;
\c ops_history ops_boss
insert into dist.rep (rep) values ('ann'), ('ben');
insert into dist.team (team) values ('two');
insert into dist.team_member (team, rep) values ('two', 'ann'), ('two', 'ben');
insert into dist.distribution_rule (name, strategy, team) values ('turns', 'round_robin', 'two');
insert into dist.transfer (name, object, source, row_limit, predicate, to_distribution_rule, on_owned)
values ('give', 'lead', 'unowned', 1, null, 'turns', null), ('nothing', 'lead', 'any', null, 'r.owner is not null', 'turns', 'skip');
insert into dist.schedule (name, start_at, frequency) values ('daily', '2099-01-01', 'daily');
insert into dist.step (schedule, position, target) values ('daily', 1, 'give'), ('daily', 2, 'nothing');
-- History of a few years: the instants that runs are about are those; when they took place is a superuser's to set.
select assigned, unassigned from dist.execute('give', '2020-01-05');
select assigned, unassigned from dist.execute('nothing', '2020-02-05');
select assigned, unassigned from dist.execute('give', '2020-02-06');
select assigned from dist.undo((select max(id) from dist.run));
select status from dist.run_now('daily');
select dist.tick('2099-01-01');
select turns from dist.pool;
\c ops_history postgres
update dist.run set started_at = coalesce(as_of, started_at), finished_at = coalesce(as_of, finished_at) where trigger = 'execute';
select * from public.history();

-- Without a limit nothing goes; the next month's part of the audit is made ahead (the design's "partitions are made ahead").
select runs, unassigned, dropped, more from dist.purge();
select count(*) from pg_inherits where inhparent = 'dist.assignment'::regclass
   and inhrelid = to_regclass('dist.assignment_' || to_char((now() + interval '1 month') at time zone 'UTC', 'YYYY_MM'));

-- It is the admin's to call, and not the manager's.
\c ops_history ops_boss
select * from dist.purge();
\c ops_history ops_admin
insert into dist.policy values ('history_days', 365);
select * from dist.purge(0);
-- One at a time: the run that left a record stays until that is gone.
select runs, unassigned, dropped, more from dist.purge(1);
select runs, unassigned, dropped, more from dist.purge(1);
select runs, unassigned, dropped, more from dist.purge(1);
select runs, unassigned, dropped, more from dist.purge();
select runs, unassigned, dropped, more from dist.purge();
select runs, unassigned, dropped, more from dist.purge();
select runs, unassigned, dropped, more from dist.purge();
\c ops_history postgres
select * from public.history();
select trigger, due_at at time zone 'UTC' as due_at, status from dist.run order by id;
select turns from dist.pool;
-- What a run moved cannot be undone by half: it is there, or it is not.
select dist.undo(1);

-- Two years on: all goes but the instant that the schedule has run already and would come to again by an edit of its plan.
set pg_dist.clock = '2040-01-01';
update dist.policy set value = 0;
select runs, unassigned, more from dist.purge();
select runs, unassigned, more from dist.purge();
select runs, unassigned, dropped is not null as dropped, more from dist.purge();
select * from dist.purge() where not more;
select trigger, due_at at time zone 'UTC' as due_at, status from dist.run order by id;
select relname from pg_class c join pg_inherits i on i.inhrelid = c.oid where i.inhparent = 'dist.assignment'::regclass order by 1;
select next_run_at at time zone 'UTC' as next_run_at, runs from dist.schedule_status;
reset pg_dist.clock;

-- An undo is kept as long as the run that it undid: that one must not be undone again.
delete from dist.policy;
update public.lead set owner = null;
\c ops_history ops_boss
select id as run from dist.execute('give') \gset
select id as undo from dist.undo(:run) \gset
\c ops_history postgres
update dist.run set finished_at = '2020-01-01' where id = :undo;
insert into dist.policy values ('history_days', 365);
select runs, more from dist.purge();
select dist.undo(:run) is null as not_this;
\c regress
drop database ops_history with (force);
drop owned by ops_boss;
drop owned by ops_admin;
drop role ops_boss, ops_admin;
