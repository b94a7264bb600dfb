-- The next run follows from the plan, not from when the last one started or ended: intervals do not drift, ticks are not counted
-- from when a process started, and what ran is in tables, so that the next session knows of it.
create schema grid;
create table grid.lead (id integer primary key, owner text);
insert into dist.object (name, relation, key_column, owner_column) values ('grid', 'grid.lead', 'id', 'owner');
insert into dist.rep (rep) values ('ann') on conflict do nothing;
insert into dist.transfer (name, object, to_rep) values ('on the grid', 'grid', 'ann');
set pg_dist.clock = '2097-01-01 00:00+00';
insert into dist.schedule (name, start_at, frequency, every, rrule) values
    ('grid two hours', '2097-01-01 06:00', 'hourly', 2, null),
    ('grid seven minutes', '2097-01-01 05:59:30', null, null, 'FREQ=MINUTELY;INTERVAL=7');
insert into dist.step (schedule, target) select name, 'on the grid' from dist.schedule where name like 'grid%';
-- Each of these comes late, and by another while.
select count(dist.tick(at)) from unnest('{2097-01-01 06:01+00,2097-01-01 06:17+00,2097-01-01 08:44:59+00,2097-01-01 10:59+00}'::timestamptz[]) at;
\c
set pg_dist.clock = '2097-01-01 11:00+00';
select dist.tick('2097-01-01 10:59+00') as again, dist.tick('2097-01-01 12:00:00+00') as two_later;
select schedule, to_char(due_at at time zone 'UTC', 'HH24:MI:SS') as due, to_char(due_to at time zone 'UTC', 'HH24:MI:SS') as until, status, cause,
       (extract(epoch from due_at - case when schedule ~ 'seven' then timestamptz '2097-01-01 05:59:30+00' else '2097-01-01 06:00+00' end)
          % case when schedule ~ 'seven' then 420 else 7200 end)::integer as off_the_grid
  from dist.run where schedule like 'grid%' order by schedule, due_at;
select name, to_char(next_run_at at time zone 'UTC', 'HH24:MI:SS') as next, runs from dist.schedule_status where name like 'grid%' order by name;
-- A year down is no longer work than a day: the bound of what is made up for, and one row for the rest.
update dist.schedule set misfire = 'all', misfire_max = 10 where name like 'grid%';
select dist.tick('2098-01-01 00:00+00') as made_up_for;
select schedule, status, cause, count(*), count(*) filter (where due_to > due_at + interval '360 days') as a_year
  from dist.run where schedule like 'grid%' and due_at > '2097-01-01 12:00+00' group by 1, 2, 3 order by 1, 2;
-- A run that was cut off by a crash is tried again a little later, for the instant that it was about.
delete from dist.schedule where name like 'grid%';
set pg_dist.clock = '2098-02-01 00:00+00';
insert into dist.schedule (name, start_at, frequency) values ('grid cut off', '2098-02-01 06:00', 'daily');
insert into dist.step (schedule, target) values ('grid cut off', 'on the grid');
set pg_dist.clock = '2098-02-01 06:00:02+00';
select dist._interrupted(s.id, '2098-02-01 06:00+00', 1, '2098-02-01 06:00+00', 'the server went down') from dist.schedule s where s.name = 'grid cut off';
select dist.tick('2098-02-01 06:00:02+00') as too_early, dist.tick('2098-02-01 06:00:03+00') as then_it_runs;
select to_char(due_at at time zone 'UTC', 'HH24:MI:SS') as due, status from dist.run where schedule = 'grid cut off' order by id;

reset pg_dist.clock;
delete from dist.schedule where name like 'grid%';
set client_min_messages = warning;
delete from dist.transfer where name = 'on the grid';
delete from dist.object where name = 'grid';
drop schema grid cascade;
