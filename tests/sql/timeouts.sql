-- A run is stopped when it takes longer than its schedule's run_timeout or else the policy run_timeout (Z9), wherever it
-- runs; other cancellations are told apart, and what comes after the run is not cancelled.
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role ops_boss login in role dist_manager;
create schema ops;
grant usage on schema ops to public;
create table ops.lead (id integer primary key, owner text);
insert into ops.lead select generate_series(1, 3);
grant select, update on ops.lead to ops_boss;
-- How long a run takes, and what its code makes of being cancelled.
create function ops.slow() returns boolean language plpgsql as $$ begin perform pg_sleep(600); return true; end $$;
create function ops.stubborn() returns boolean language plpgsql as $$
begin
    begin
        perform pg_sleep(600);
    exception when query_canceled then
        null;
    end;
    return true;
end $$;
create function ops.nested() returns boolean language plpgsql as $$ begin perform dist.run_now('ops slow'); return true; end $$;
create function ops.last(schedule text) returns table (trigger text, status text, sqlstate text, message text, hint text) language sql as $$
    select r.trigger, r.status, r.sqlstate, r.message, r.hint from dist.run r where r.schedule = $1 order by r.id desc limit 1
$$;
insert into dist.object (name, relation, key_column, owner_column) values ('ops lead', 'ops.lead', 'id', 'owner');
\c - ops_boss
insert into dist.rep (rep) values ('ops rep');
insert into dist.transfer (name, object, source, predicate, to_rep, on_owned)
values ('ops quick', 'ops lead', 'any', null, 'ops rep', 'reassign'),
       ('ops slow', 'ops lead', 'any', 'ops.slow()', 'ops rep', 'reassign'),
       ('ops stubborn', 'ops lead', 'any', 'ops.stubborn()', 'ops rep', 'reassign'),
       ('ops nested', 'ops lead', 'any', 'ops.nested()', 'ops rep', 'reassign');
insert into dist.schedule (name, start_at, run_timeout)
values ('ops quick', '2099-01-01', '1 minute'), ('ops slow', '2099-01-01', '300 ms'), ('ops stubborn', '2099-01-01', '300 ms'),
       ('ops nested', '2099-01-01', '300 ms');
insert into dist.step (schedule, target) select name, name from dist.schedule where name like 'ops %';

-- By hand, and by the clock: the failed run's row says so, and nothing has moved.
select status, message from dist.run_now('ops slow');
select * from ops.last('ops slow');
select extract(epoch from finished_at - started_at) between 0.3 and 5 as stopped_in_time, context is not null as and_where from dist.run where schedule = 'ops slow';
select dist.tick('2099-01-01');
select schedule, trigger, status, sqlstate, message from dist.run where schedule like 'ops %' and trigger = 'schedule' order by schedule;
\c - postgres
update ops.lead set owner = null;
\c - ops_boss

-- Code that catches it once is stopped again.
insert into dist.schedule (name, start_at, run_timeout) values ('ops three', '2099-01-01', '300 ms');
insert into dist.step (schedule, position, target) values ('ops three', 1, 'ops stubborn'), ('ops three', 2, 'ops slow');
select status, message from dist.run_now('ops three');
-- A run inside a run is a part of it, and has no time of its own.
update dist.schedule set run_timeout = '1 hour' where name = 'ops slow';
select status, message from dist.run_now('ops nested');
select count(owner) as moved from ops.lead;

-- The session goes on, in the same transaction too, and its next runs are not stopped by what was meant for that one.
update dist.schedule set run_timeout = '300 ms' where name = 'ops slow';
begin;
select status from dist.run_now('ops slow');
select status from dist.run_now('ops quick');
savepoint before;
select status from dist.run_now('ops slow');
rollback to before;
select pg_sleep(0.5) is null as cancelled;
commit;
select status, count(*) from dist.run where schedule in ('ops slow', 'ops quick') group by 1 order by 1;

-- The session's own timeout is its own: nobody took the run for one that has used up its time.
update dist.schedule set run_timeout = '1 minute' where name = 'ops slow';
set statement_timeout = '300 ms';
select status, message from dist.run_now('ops slow');
reset statement_timeout;
select * from ops.last('ops slow');

-- The policy holds where a schedule has no run_timeout; null is no limit.
update dist.schedule set run_timeout = null where name = 'ops slow';
\c - postgres
select value, default_value from dist.policies where name = 'run_timeout';
insert into dist.policy values ('run_timeout', 1);
select status, message from dist.run_now('ops slow');
update dist.policy set value = null where name = 'run_timeout';
set statement_timeout = '1500 ms';
select status, message from dist.run_now('ops slow');
reset statement_timeout;
delete from dist.policy;
\c - ops_boss
-- dist.execute is in its caller's hands.
set statement_timeout = '300 ms';
select dist.execute('ops slow');
reset statement_timeout;

\c - postgres
set client_min_messages = warning;
select test.forget_intent();
drop schema ops cascade;
drop owned by ops_boss;
drop role ops_boss;
