-- What does not go by plan, on the virtual clock: retries, stopping after failures, bounded misfires, quotas, presets, templates
-- (G11, G12, Z3, Z5, Z6, Z9). What needs a clock that moves (overlap, timeouts) is in tests/worker.
create schema firing;
\set SHOW_CONTEXT never
grant usage on schema firing to public;
create table firing.lead (id integer primary key, owner text);
insert into firing.lead select generate_series(1, 20);
create table firing.weather (fine boolean);
insert into firing.weather values (true);
grant select, update on firing.lead, firing.weather to test_manager;
create function firing.only_when_fine() returns trigger language plpgsql as $$
begin
    if not (select fine from firing.weather) then
        raise exception 'it rains' using errcode = 'RAIN0';
    end if;
    return new;
end $$;
create trigger fine before update on firing.lead for each row execute function firing.only_when_fine();
insert into dist.object (name, relation, key_column, owner_column) values ('firing', 'firing.lead', 'id', 'owner');
create function firing.ledger(schedule text) returns table (due text, until text, attempt integer, status text, cause text, error text) language sql as $$
    select to_char(r.due_at at time zone 'UTC', 'MM-DD HH24:MI'), to_char(r.due_to at time zone 'UTC', 'MM-DD HH24:MI'), r.attempt, r.status, r.cause,
           r.sqlstate
      from dist.run r where r.schedule = $1 order by r.id
$$;
create function firing.state(name text) returns table (status text, next text, attempt integer, runs integer, note text) language sql as $$
    select s.status, to_char(s.next_run_at at time zone 'UTC', 'MM-DD HH24:MI:SS'), s.attempt, s.runs, s.note from dist.schedule_status s where s.name = $1
$$;
grant set on parameter pg_dist.clock to test_manager;
set pg_dist.clock = 'half past nine';
select dist._clock();
reset pg_dist.clock;
\c - test_manager
insert into dist.rep (rep) values ('ann') on conflict do nothing;
insert into dist.transfer (name, object, row_limit, to_rep) values ('firing one', 'firing', 1, 'ann');
set pg_dist.clock = '2099-01-01 00:00+00';

-- A failure is tried again, with the same instant, later and later (a quarter more or less), until it succeeds.
insert into dist.schedule (name, start_at, frequency, attempts, retry_after)
values ('retries', '2099-01-01 06:00', 'daily', 3, '10 minutes');
insert into dist.step (schedule, target) values ('retries', 'firing one');
update firing.weather set fine = false;
select dist.tick('2099-01-01 06:00+00') as fired;
select * from firing.ledger('retries');
select attempt, next_run_at - '2099-01-01 06:00+00' between interval '7 minutes 30 seconds' and interval '12 minutes 30 seconds' as in_time, runs
  from dist.schedule_status where name = 'retries';
select dist.tick('2099-01-01 06:07+00') as too_early, dist.tick('2099-01-01 06:12:30+00') as second;
select attempt, next_run_at - '2099-01-01 06:12:30+00' between interval '15 minutes' and interval '25 minutes' as twice_as_long
  from dist.schedule_status where name = 'retries';
update firing.weather set fine = true;
select dist.tick('2099-01-01 07:00+00') as third;
select * from firing.ledger('retries');
select * from firing.state('retries');
-- With the attempts used up, the instant has failed, is one of the regular runs (Z3), and the plan goes on.
update firing.weather set fine = false;
select dist.tick('2099-01-02 06:00+00'), dist.tick('2099-01-02 07:00+00'), dist.tick('2099-01-02 08:00+00');
select * from firing.ledger('retries') where due like '01-02%';
select * from firing.state('retries');
-- The longest wait is a policy.
\c - postgres
insert into dist.policy values ('retry_max', 60);
\c - test_manager
select dist.tick('2099-01-03 06:00+00');
select next_run_at <= '2099-01-03 06:01+00' as soon from dist.schedule_status where name = 'retries';
-- An edit of the plan ends the retries; what waits is recorded.
set pg_dist.clock = '2099-01-03 06:10+00';
update dist.schedule set start_at = '2099-02-01 06:00' where name = 'retries';
select * from firing.ledger('retries') where due like '01-03%';
select * from firing.state('retries');
select dist.cancel('retries');

-- It stops after so many failed instants in a row, says so, and is resumed with what has passed recorded.
insert into dist.schedule (name, start_at, frequency, pause_after) values ('stops', '2099-03-01 06:00', 'daily', 2);
insert into dist.step (schedule, target) values ('stops', 'firing one');
select dist.tick('2099-03-01 06:00+00'), dist.tick('2099-03-02 06:00+00'), dist.tick('2099-03-03 06:00+00') as stopped;
select * from firing.state('stops');
select count(*) as upcoming from dist.upcoming where name = 'stops';
update firing.weather set fine = true;
set pg_dist.clock = '2099-03-05 12:00+00';
select dist.resume('stops');
select * from firing.state('stops');
select * from firing.ledger('stops');
select dist.tick('2099-03-06 06:00+00') as runs_again;
update firing.weather set fine = false;
select dist.tick('2099-03-07 06:00+00');
select * from firing.state('stops');
select dist.cancel('stops');
-- A one-time schedule that failed has failed, and is not forgotten; another start arms it again (G8).
insert into dist.schedule (name, start_at) values ('once fails', '2099-03-08 06:00');
insert into dist.step (schedule, target) values ('once fails', 'firing one');
select dist.tick('2099-03-08 06:00+00');
select * from firing.state('once fails');
set pg_dist.clock = '2099-03-08 07:00+00';
select dist.resume('once fails');
select status from firing.state('once fails');
update dist.schedule set start_at = '2099-03-09 06:00' where name = 'once fails';
update firing.weather set fine = true;
select dist.tick('2099-03-09 06:00+00');
select * from firing.state('once fails');

-- Misfires: the latest for all, each of the latest misfire_max, or none; nothing after its window.
insert into dist.schedule (name, start_at, frequency, misfire, misfire_window, misfire_max) values
    ('one', '2099-04-01 06:00', 'hourly', 'one', null, null), ('one too late', '2099-04-01 06:00', 'daily', 'one', '5 minutes', null),
    ('all', '2099-04-01 06:00', 'hourly', 'all', null, null), ('all of three', '2099-04-01 06:00', 'hourly', 'all', null, 3),
    ('all of an hour', '2099-04-01 06:00', 'hourly', 'all', '1 hour', null), ('none', '2099-04-01 06:00', 'hourly', 'skip', null, null);
insert into dist.step (schedule, target) select name, 'firing one' from dist.schedule where start_at = '2099-04-01 06:00';
update firing.lead set owner = null;
select dist.tick('2099-04-01 10:30+00') as fired;
select s.name, l.* from dist.schedule s, firing.ledger(s.name) l where s.start_at = '2099-04-01 06:00' order by s.name, l.due;
select distinct status, next from dist.schedule s, firing.state(s.name) where s.start_at = '2099-04-01 06:00' and s.frequency = 'hourly';
select dist.cancel(name) from dist.schedule where start_at = '2099-04-01 06:00';

-- A local time that does not exist, where such are skipped, has a row too.
set pg_dist.clock = '2099-03-01 00:00+00';
insert into dist.schedule (name, start_at, frequency, time_zone, dst_gap) values ('night', '2099-03-28 02:30', 'daily', 'Europe/Berlin', 'skip');
insert into dist.step (schedule, target) values ('night', 'firing one');
select dist.tick('2099-03-28 12:00+00'), dist.tick('2099-03-30 12:00+00');
select * from firing.ledger('night') order by due;
select dist.cancel('night');

-- Presets and limits (Z9), each naming its policy.
\c - test_manager
select dist.use_preset('small');
\c - postgres
select dist.use_preset('smal');
select dist.use_preset('small');
select name, value from dist.policies where name in (select name from dist._presets()) order by name;
update dist.policy set value = (select count(*) from dist.schedule s join dist.schedule_state st on st.schedule_id = s.id
    where s.enabled and s.cancelled_at is null and coalesce(st.ended, 'unbound') = 'unbound') + 1 where name = 'active_schedules';
\c - test_manager
set pg_dist.clock = '2099-05-01 00:00+00';
insert into dist.schedule (name, start_at, frequency) values ('limit far', '2100-06-01 06:00', 'daily');
insert into dist.schedule (name, start_at, frequency) values ('limit 1', '2099-05-02 06:00', 'daily');
\set VERBOSITY terse
insert into dist.schedule (name, start_at, frequency) values ('limit 2', '2099-05-02 06:00', 'daily');
insert into dist.schedule (name, start_at, frequency, enabled) values ('limit 2', '2099-05-02 06:00', 'daily', false);
update dist.schedule set enabled = true where name = 'limit 2';
\set VERBOSITY default
-- By hand twice a day (Z5), the day of the schedule's own zone; failures count; the plan is not disturbed.
insert into dist.step (schedule, target) values ('limit 1', 'firing one');
update dist.schedule set time_zone = 'Asia/Tokyo' where name = 'limit 1';
set pg_dist.clock = '2099-05-01 14:00+00';
select status from dist.run_now('limit 1');
set pg_dist.clock = '2099-05-01 14:59:59+00';
select status from dist.run_now('limit 1');
select status from dist.run_now('limit 1');
set pg_dist.clock = '2099-05-01 15:00+00';
select status from dist.run_now('limit 1');
select * from firing.state('limit 1');
select dist.cancel('limit 1');
-- What one run may move, whoever starts it: all of it is taken back.
\c - postgres
update dist.policy set value = 3 where name = 'rows_per_run';
update firing.lead set owner = null;
\c - test_manager
insert into dist.transfer (name, object, row_limit, to_rep) values ('firing four', 'firing', 4, 'ann');
select dist.execute('firing four');
select count(owner) as moved from firing.lead;
select assigned from dist.execute('firing one');
\c - postgres
delete from dist.policy;
select count(*) as own_values from dist.policies where value is distinct from default_value;
\c - test_manager

-- Templates (G12): saved by hand or on pause or cancel; they have no schedule and make any number of transfers, which are checked.
insert into dist.schedule (name, start_at, frequency) values ('for template', '2099-06-01 06:00', 'daily');
insert into dist.step (schedule, target) values ('for template', 'firing one');
select dist.pause('for template', save_as => 'firing template');
select dist.cancel('for template', save_as => 'firing template 2');
select name, is_template, row_limit, to_rep from dist.transfer where name like 'firing%' order by name;
insert into dist.step (schedule, position, target) values ('limit 2', 1, 'firing template');
select dist.make_transfer('firing template', 'firing five', '{"row_limit": 5}');
select dist.make_transfer('firing template', 'firing all', '{"row_limit": null, "criteria": {"field": "id", "op": ">", "value": 10}}');
select name, is_template, row_limit, criteria, written_by from dist.transfer where name in ('firing five', 'firing all') order by name;
select dist.make_transfer('firing templat', 'x');
select dist.make_transfer('firing template', 'firing five');
select dist.make_transfer('firing template', 'x', '{"row_limt": 5}');
select dist.make_transfer('firing template', 'x', '{"criteria": {"field": "idd", "op": "=", "value": 1}}');
select dist.make_transfer('firing template', null);
select dist.make_transfer('firing template', 'x', '[]');
insert into dist.step (schedule, position, target) values ('for template', 2, 'firing five');
select dist.cancel('for template', save_as => 'firing template 3');

-- Refused when written.
\set VERBOSITY terse
insert into dist.schedule (name, start_at, overlap) values ('bad', '2099-07-01 06:00', 'queue');
insert into dist.schedule (name, start_at, attempts) values ('bad', '2099-07-01 06:00', 0);
insert into dist.schedule (name, start_at, attempts) values ('bad', '2099-07-01 06:00', 101);
insert into dist.schedule (name, start_at, attempts) values ('bad', '2099-07-01 06:00', null);
insert into dist.schedule (name, start_at, retry_after) values ('bad', '2099-07-01 06:00', '-1 minute');
insert into dist.schedule (name, start_at, retry_after) values ('bad', '2099-07-01 06:00', null);
insert into dist.schedule (name, start_at, pause_after) values ('bad', '2099-07-01 06:00', 0);
insert into dist.schedule (name, start_at, misfire_max) values ('bad', '2099-07-01 06:00', 0);
insert into dist.schedule (name, start_at, misfire_window) values ('bad', '2099-07-01 06:00', '-1 second');
insert into dist.schedule (name, start_at, misfire_window) values ('bad', '2099-07-01 06:00', '100 years');
insert into dist.schedule (name, start_at, run_timeout) values ('bad', '2099-07-01 06:00', '0');
insert into dist.schedule (name, start_at, run_timeout) values ('bad', '2099-07-01 06:00', '1 month');
insert into dist.schedule (name, start_at, description) values ('for template', '2099-07-01 06:00', 'a name is unique (Z1)');
