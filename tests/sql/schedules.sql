-- Schedules, driven by dist.tick(as_of): no sleeping, no clock. What is upcoming with which status, once and recurring, pause,
-- resume, cancel, run_now, failures, misfires, ends, steps in order, edits (G1 to G11, F9, Z1, Z3, Z5, Z6, Z8).
create schema schedules;
grant usage on schema schedules to public;
create table schedules.lead (id integer primary key, worked date, tag text, owner text);
insert into schedules.lead (id) select generate_series(1, 40);
grant select, update on schedules.lead to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'schedules.lead', 'id', 'owner');
create function schedules.upcoming() returns table (name text, status text, next_run timestamp, step integer, transfer text) language sql as $$
    select u.name, u.status, u.next_run_at at time zone 'UTC', u.step, u.transfer from dist.upcoming u order by u.next_run_at, u.name, u.step
$$;
create function schedules.state(name text) returns table (status text, next_run timestamp, runs integer) language sql as $$
    select s.status, s.next_run_at at time zone 'UTC', s.runs from dist.schedule_status s where s.name = $1
$$;
-- What the ledger says, oldest first: why, when due (and until when, where skipped), how it ended, how many moved.
create function schedules.ledger(schedule text) returns table (trigger text, due timestamp, until timestamp, status text, assigned bigint) language sql as $$
    select r.trigger, r.due_at at time zone 'UTC', r.due_to at time zone 'UTC', r.status, r.assigned from dist.run r where r.schedule = $1 order by r.id
$$;
\c - test_manager
insert into dist.rep (rep) values ('ann'), ('ben');
insert into dist.team (team) values ('two');
insert into dist.team_member (team, rep, position) values ('two', 'ann', 1), ('two', 'ben', 2);
insert into dist.distribution_rule (name, strategy, team) values ('turns', 'round_robin', 'two');
insert into dist.transfer (name, object, row_limit, to_distribution_rule) values ('two more', 'lead', 2, 'turns');
insert into dist.transfer (name, object, row_limit, to_distribution_rule) values ('one more', 'lead', 1, 'turns');
insert into dist.transfer (name, kind, object) values ('all back', 'retrieval', 'lead');
-- Once (G1 to G3): nothing runs by inserting; it is Scheduled, in its zone, runs when it is due, once, and is then no more upcoming.
insert into dist.schedule (name, start_at, time_zone) values ('once', '2099-01-05 06:00', 'Asia/Kolkata');
insert into dist.step (schedule, position, target) values ('once', 1, 'two more');
select * from schedules.upcoming();
select dist.tick('2099-01-05 00:29:59+00') as too_early;
select dist.tick('2099-01-05 00:30+00') as due, dist.tick('2099-01-05 00:30+00') as again;
select * from schedules.upcoming();
select * from schedules.state('once');
select * from schedules.ledger('once');
select as_of = due_at as about_the_due_instant, finished_at >= started_at and started_at > now() - interval '1 minute' as by_the_clock, transfer, object
  from dist.run where schedule = 'once';
select string_agg(id || ':' || owner, ' ' order by id) from schedules.lead where owner is not null;

-- Recurring (G4): the first run is the start, then each interval; a one-time schedule can become one until it runs (G8).
insert into dist.schedule (name, start_at) values ('weekly', '2099-01-05 06:00');
insert into dist.step (schedule, position, target) values ('weekly', 1, 'one more');
update dist.schedule set frequency = 'weekly' where name = 'weekly';
select * from schedules.upcoming();
select dist.tick('2099-01-05 06:00+00'), dist.tick('2099-01-11 23:59+00'), dist.tick('2099-01-12 06:00:00.001+00');
select * from schedules.ledger('weekly');
select * from schedules.state('weekly');
-- The same time of day by the wall clock across the change to daylight saving time (G4, G5).
select string_agg(to_char(r at time zone 'UTC', 'MM-DD HH24:MI'), ', ') as in_utc
  from dist.next_runs_of(start_at => '2027-03-15 06:00', time_zone => 'Europe/Berlin', frequency => 'weekly', n => 3) r;
select string_agg(to_char(r at time zone 'UTC', 'MM-DD'), ', ') as next_three from dist.next_runs('weekly', 3, '2099-01-12 06:00+00') r;

-- Pause (G11): it stays upcoming as Recurring (Paused) and does not run; run_now does, and disturbs nothing (Z5); resumed, it
-- goes on with its plan.
select dist.pause('weekly');
select * from schedules.upcoming();
select dist.tick('2099-01-19 06:00+00') as while_paused;
select status, trigger, due_at from dist.run_now('weekly');
select * from schedules.state('weekly');
select dist.pause('weekly'), dist.resume('weekly'), dist.resume('weekly');
select dist.tick('2099-01-19 06:00+00') as resumed;
-- What passed while it was paused is recorded as skipped and never caught up. (Only the superuser can turn back its next run.)
select dist.pause('weekly');
\c - postgres
update dist.schedule_state set next_run_at = '2020-01-06 06:00+00' where schedule_id = (select id from dist.schedule where name = 'weekly');
\c - test_manager
select dist.resume('weekly');
select trigger, due_at at time zone 'UTC' as due_at, due_to > now() - interval '1 minute' as up_to_now, status, message from dist.run where schedule = 'weekly' and status = 'skipped';
select next_run_at > now() as is_to_come, next_run_at = min(r) as is_the_next_regular from dist.schedule_status, dist.next_runs('weekly', 1) r where name = 'weekly' group by next_run_at;
-- A one-time schedule that is passive leaves upcoming without being lost; cancelled, each leaves it for good (G10), its history stays.
insert into dist.schedule (name, start_at) values ('later', '2099-02-02 06:00');
insert into dist.step (schedule, position, target) values ('later', 1, 'one more');
update dist.schedule set enabled = false where name = 'later';
select * from schedules.state('later');
update dist.schedule set enabled = true where name = 'later';
select * from schedules.state('later');
select dist.cancel('later'), dist.cancel('weekly'), dist.cancel('weekly');
select count(*) as upcoming from dist.upcoming;
select * from schedules.state('weekly');
select dist.tick('2099-03-01 06:00+00') as fired;
select count(*) as runs from dist.run where schedule = 'weekly';

-- Not complete (F9, Z1): without a step, with one that names nothing, with a passive one it is unbound and not armed.
insert into dist.schedule (name, start_at, frequency) values ('unfinished', '2099-03-02 06:00', 'daily');
select status, next_run from schedules.state('unfinished');
insert into dist.step (schedule, position) values ('unfinished', 1);
select status, next_run from schedules.state('unfinished');
update dist.step set target = 'one more', active = false where schedule = 'unfinished';
select status, next_run from schedules.state('unfinished');
select dist.tick('2099-03-02 06:00+00') as fired, count(*) as upcoming from dist.upcoming;
update dist.step set active = true where schedule = 'unfinished';
select status, next_run from schedules.state('unfinished');
-- Edits re-arm what they change, and only that (G7, G9, Z8); a name changes with its steps and its history's number.
update dist.schedule set start_at = '2099-03-03 07:00', time_zone = 'Europe/Lisbon' where name = 'unfinished';
update dist.schedule set name = 'finished', description = 'now it is' where name = 'unfinished';
select * from schedules.upcoming();
delete from dist.step where schedule = 'finished';
select status, next_run from schedules.state('finished');
delete from dist.schedule where name = 'finished';

-- Steps (F4, G15): in order of position, in one run; the second sees what the first did. Each is listed (G6). What it would do
-- can be seen beforehand (G19), step by step, and nothing of that stays.
update schedules.lead set owner = case when id <= 3 then 'ben' end where true;
insert into dist.schedule (name, start_at, frequency) values ('balance', '2099-04-06 06:00', 'monthly');
insert into dist.step (schedule, position, target) values ('balance', 20, 'two more'), ('balance', 10, 'all back'), ('balance', 30, 'one more');
select * from schedules.upcoming();
select step, transfer, record_key, old_owner, new_owner, reason from dist.preview_schedule('balance');
select count(owner) as owned_still, (select count(*) from dist.run where schedule = 'balance') as runs from schedules.lead;
select dist.tick('2099-04-06 06:00+00') as fired;
select a.seq, a.record_key, a.old_owner, a.new_owner, a.reason from dist.run r join dist.assignment a on a.run_id = r.id where r.schedule = 'balance' order by a.seq;
delete from dist.schedule where name = 'balance';
select * from schedules.ledger('balance');

-- What a transfer does is read when it runs (G7, G13, G14): what was tagged, or worked, since it was set up counts.
update schedules.lead set owner = 'ann', worked = '2099-05-01', tag = null where id <= 4;
insert into dist.transfer (name, kind, object, criteria) values ('idle', 'retrieval', 'lead', '{"field": "worked", "op": "older than", "value": "5 days"}');
insert into dist.schedule (name, start_at) values ('grace', '2099-05-08 18:00');
insert into dist.step (schedule, position, target) values ('grace', 1, 'idle');
update schedules.lead set worked = '2099-05-07' where id in (2, 3);
update dist.transfer set predicate = 'r.tag is distinct from ''keep''' where name = 'idle';
update schedules.lead set tag = 'keep' where id = 4;
select dist.tick('2099-05-08 18:00+00') as fired;
select string_agg(id || ':' || coalesce(owner, '-'), ' ' order by id) as owners from schedules.lead where id <= 4;

-- A failing run (X2, Z6): its row with the whole error, and nothing else: also of the steps before; the plan goes on.
update schedules.lead set owner = null;
insert into dist.transfer (name, object, predicate, to_rep) values ('breaks', 'lead', '1 / (r.id - 3) >= 0', 'ann');
insert into dist.schedule (name, start_at, frequency, max_runs) values ('failing', '2099-06-01 06:00', 'daily', 2);
insert into dist.step (schedule, position, target) values ('failing', 1, 'two more'), ('failing', 2, 'breaks');
select turns from dist.pool where distribution_rule = 'turns' \gset before_
select dist.tick('2099-06-01 06:00+00') as fired;
select * from schedules.ledger('failing');
select f.sqlstate, f.message, f.context is not null as context, f.run_by, f.transfer from dist.failure f where f.schedule = 'failing';
select count(owner) as owned, (select turns from dist.pool where distribution_rule = 'turns') - :before_turns as turns,
       (select count(*) from dist.assignment a join dist.run r on r.id = a.run_id where r.schedule = 'failing') as audited from schedules.lead;
select * from schedules.state('failing');
-- By hand it fails as a row as well; it does not count, the regular ones do, failed or not (Z3).
select status, sqlstate, trigger, due_at from dist.run_now('failing');
select * from schedules.state('failing');
select dist.tick('2099-06-02 06:00+00') as fired;
select * from schedules.state('failing');
-- A trigger's own words, with DETAIL and HINT.
\c - postgres
create function schedules.refuse() returns trigger language plpgsql as $$ begin
    raise exception using errcode = 'CRM07', message = 'not today', detail = 'It is a holiday.', hint = 'Come back tomorrow.'; end $$;
create trigger refuse before update on schedules.lead for each row execute function schedules.refuse();
\c - test_manager
update dist.schedule set max_runs = 3 where name = 'failing';
update dist.step set active = false where schedule = 'failing' and position = 2;
select dist.tick('2099-06-03 06:00+00') as fired;
select sqlstate, message, detail, hint, context like '%schedules.refuse()%' as context, transfer from dist.failure where schedule = 'failing' and sqlstate = 'CRM07';
\c - postgres
drop trigger refuse on schedules.lead;
\c - test_manager

-- Missed instants (misfire): run once for the first and skip the rest; skip all; run each. The range that was left out is one row.
insert into dist.schedule (name, start_at, frequency, misfire) values
    ('misfire all', '2099-07-01 06:00', 'daily', 'all'), ('misfire one', '2099-07-01 06:00', 'daily', 'one'), ('misfire skip', '2099-07-01 06:00', 'daily', 'skip');
insert into dist.step (schedule, position, target) values ('misfire all', 1, 'one more'), ('misfire one', 1, 'one more'), ('misfire skip', 1, 'one more');
select dist.tick('2099-07-04 05:00+00') > 0 as fired;
select s.name, l.* from (values ('misfire all'), ('misfire one'), ('misfire skip')) s(name), schedules.ledger(s.name) l order by s.name, l.due;
select name, next_run, step from schedules.upcoming();
-- Within the grace of the policy, skip runs as well: late by less than a minute is not missed.
select dist.tick('2099-07-04 06:00:59+00') as fired;
select l.* from schedules.ledger('misfire skip') l order by l.due desc limit 1;
delete from dist.schedule where name like 'misfire%';

-- Ends (Z3): after so many regular runs, on a date, inclusive; ended it is listed as such.
insert into dist.schedule (name, start_at, frequency, misfire, max_runs, until) values
    ('three times', '2099-08-01 06:00', 'daily', 'all', 3, null), ('until the second', '2099-08-01 06:00', 'daily', 'all', null, '2099-08-02');
insert into dist.step (schedule, position, target) values ('three times', 1, 'one more'), ('until the second', 1, 'one more');
select status from dist.run_now('three times');
select dist.tick('2099-08-31 06:00+00') as fired;
select s.name, l.* from (values ('three times'), ('until the second')) s(name), schedules.state(s.name) l;
select count(*) filter (where trigger = 'schedule'), max(due_at) at time zone 'UTC' as last from dist.run where schedule = 'until the second';
-- A new end, or plan, arms it again, and what has run is not run again.
update dist.schedule set max_runs = 4 where name = 'three times';
select status, runs from schedules.state('three times');
select dist.tick('2099-08-31 06:00+00') > 0 as fired;
select * from schedules.ledger('three times');
select status, runs from schedules.state('three times');

-- Due at one instant (F4): retrievals before distributions, then by name; each in its own run.
update schedules.lead set owner = null;
update schedules.lead set owner = 'ben' where id = 40;
insert into dist.schedule (name, start_at) values ('b gives', '2099-09-01 06:00'), ('a gives', '2099-09-01 06:00'), ('z takes', '2099-09-01 06:00');
insert into dist.step (schedule, position, target) values ('b gives', 1, 'one more'), ('a gives', 1, 'one more'), ('z takes', 1, 'all back');
select dist.tick('2099-09-01 06:00+00') as fired;
select string_agg(schedule, ', ' order by id) as in_this_order from dist.run where due_at = '2099-09-01 06:00+00';

-- One that has gone bad harms only itself (invariant 9): its owner's role is gone, its object's table is gone.
\c - postgres
create role test_gone in role dist_manager;
insert into dist.schedule (name, start_at, owner) values ('a orphan', '2099-10-01 06:00', 'test_gone');
insert into dist.step (schedule, position, target) values ('a orphan', 1, 'one more');
drop role test_gone;
create table schedules.dropped (id integer primary key, owner text);
insert into dist.object (name, relation, key_column, owner_column) values ('dropped', 'schedules.dropped', 'id', 'owner');
insert into dist.transfer (name, object, to_rep) values ('into the void', 'dropped', 'ann');
insert into dist.schedule (name, start_at, owner) values ('b void', '2099-10-01 06:00', 'postgres'), ('c fine', '2099-10-01 06:00', 'test_manager');
insert into dist.step (schedule, position, target, written_by)
values ('b void', 1, 'into the void', 'postgres'), ('c fine', 1, 'one more', 'test_manager');
drop table schedules.dropped;
\c - test_manager
select dist.tick('2099-10-01 06:00+00') as fired_of_mine;
\c - postgres
select dist.tick('2099-10-01 06:00+00') as fired;
select schedule, status, sqlstate, message, hint from dist.run where due_at = '2099-10-01 06:00+00' order by schedule;
-- By hand as well.
select status, message from dist.run_now('a orphan');
-- Who is no superuser cannot, and is told; nor is dist.tick in the way of others.
\c - test_manager
select test.refused($$select dist.run_now('a orphan')$$);
\c - postgres

select test.forget_intent();
-- Without any intent the history is all there (Z8).
select count(distinct schedule) as schedules_remembered from dist.run where schedule in ('once', 'weekly', 'balance', 'grace', 'failing', 'misfire all', 'a gives', 'c fine');
set client_min_messages = warning;
drop schema schedules cascade;
