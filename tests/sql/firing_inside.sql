-- A run whose code fires other schedules: each goes on by its own plan and its own terms, the outer one too, whatever
-- became of those inside (G8, G10).
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role inside_owner login in role dist_manager;
create schema inside authorization inside_owner;
\c - inside_owner
set client_min_messages = warning;
create function inside.fires(upto timestamptz) returns integer language sql as 'select dist.tick(upto)';
create function inside.fails() returns integer language sql as 'select 1 / 0';
create function inside.does() returns integer language sql as 'select 1';
insert into dist.schedule (name, start_at, frequency, misfire, attempts, retry_after, max_runs) values
    ('inside outer', '2999-01-01 06:00', 'yearly', 'one', 1, '30 s', 5),
    ('inside daily', '2999-01-02 06:00', 'daily', 'all', 1, '30 s', 3),
    ('inside fails', '2999-01-02 07:00', 'weekly', 'one', 2, '1 h', null),
    ('inside monthly', '2999-01-02 08:00', 'monthly', 'one', 1, '30 s', null);
insert into dist.step (schedule, action, target, args) values
    ('inside outer', 'function', 'inside.fires', '["2999-01-03 06:00+00"]'),
    ('inside daily', 'function', 'inside.does', null),
    ('inside fails', 'function', 'inside.fails', null),
    ('inside monthly', 'function', 'inside.does', null);
select dist.tick('2999-01-01 06:00+00');
select r.schedule, r.status, r.due_at at time zone 'UTC' as due_at from dist.run r where r.schedule like 'inside%'
 order by r.schedule, r.due_at;
-- The failed one waits an hour, and a little more or less.
select s.name, case when s.attempts = 1 then st.next_run_at at time zone 'UTC' end as next_run_at,
       st.due_at at time zone 'UTC' as due_at, st.attempt, st.runs, st.failures, st.ended
  from dist.schedule s join dist.schedule_state st on st.schedule_id = s.id
 where s.name like 'inside%' order by s.name;

\c - postgres
set client_min_messages = warning;
delete from dist.schedule where name like 'inside%';
drop schema inside cascade;
drop role inside_owner;
