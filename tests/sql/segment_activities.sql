-- Activities for a segment's records, put into the free time of whoever is to do them (F6): by the responsible rep, the record's
-- owner or named reps; previewed, made once, undone.
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role act_owner login in role dist_manager;
create schema act authorization act_owner;
\c - act_owner
create table act.account (id integer primary key, owner text, name text, revenue integer);
insert into act.account
select n, case when n = 7 then null when n = 8 then 'act gone' when n > 5 then 'act off' when n > 3 then 'act bob' else 'act ada' end,
       'Account ' || n, n * 10 from generate_series(1, 8) n;
update act.account set name = null where id = 3;
\c - postgres
set client_min_messages = warning;
insert into dist.object (name, relation, key_column, owner_column) values ('act account', 'act.account', 'id', 'owner');
\c - act_owner
set timezone = 'UTC';
insert into dist.calendar (name) values ('act office');
insert into dist.shift select 'act office', d, '09:00', '12:00' from generate_series(1, 5) d;
insert into dist.holiday values ('act office', '2031-06-23', 'a Monday');
insert into dist.rep (rep, time_zone, calendar) values ('act ada', 'Europe/Berlin', 'act office'), ('act bob', 'America/New_York', 'act office');
insert into dist.rep (rep, time_zone, active) values ('act off', 'UTC', false);
insert into dist.segment (name, object, responsible_rep) values ('act idle', 'act account', 'act ada');
insert into dist.activity_plan (segment, name, subject, duration, earliest, latest) values ('act idle', 'call', 'Call {name} ({revenue}) {{x}}', '1 hour', '09:30', '17:00');
-- 20 June 2031 is a Friday; the hour that ends as another thing begins is free.
insert into dist.activity (rep, subject, starts_at, ends_at) values ('act ada', 'Dentist', '2031-06-20 10:30+02', '2031-06-20 11:00+02'),
    ('act ada', 'Told off', '2031-06-24 09:00+02', '2031-06-24 12:00+02');
update dist.activity set status = 'cancelled' where subject = 'Told off';
insert into dist.schedule (name, start_at, frequency, time_zone) values ('act', '2031-06-19 11:00', 'weekly', 'Europe/Berlin');
insert into dist.step (schedule, action, target) values ('act', 'create_activities', 'act idle');
\c - postgres
insert into dist.segment_row select 'act idle', n, now(), 0 from generate_series(1, 6) n;
create view act.made as
    select a.record_key as key, a.rep, a.subject, to_char(a.starts_at at time zone p.time_zone, 'Dy HH24:MI') as local, a.status
      from dist.activity a join dist.rep p on p.rep = a.rep where a.rep like 'act %' and a.run_id is not null;
create view act.done as
    select s.position, s.rows, s.result from dist.run_step s where s.run_id = (select max(run_id) from dist.run_step) order by 1;
grant select on act.made, act.done to act_owner;
\c - act_owner
set timezone = 'UTC';

-- The responsible rep: Thursday from 11:00, Friday around the dentist, no weekend, no holiday, up to six days after (F6, X8).
-- A preview tells them, and leaves nothing behind (F2)
select relation, record_key, effect, detail ->> 'rep' as rep, detail ->> 'subject' as subject, detail ->> 'starts_at' as starts, detail ->> 'reason' as reason
  from dist.preview_steps('act');
select count(*) from act.made;
create temporary table foreseen as select * from dist.preview_steps('act');
select dist.tick('2031-06-19 09:00Z');
select * from act.made order by key;
select * from act.done;
select record_key, rep, reason from dist.activity_left where segment = 'act idle';
-- What was made is what was told (X4)
select count(*) from foreseen f join dist.activity a on a.record_key = f.record_key and a.run_id = (select max(run_id) from dist.run_step)
 where (f.detail ->> 'starts_at')::timestamptz = a.starts_at and f.detail ->> 'subject' = a.subject and f.detail ->> 'rep' = a.rep;

-- While one is open there is no other for the same record; where it is done, there is
update dist.activity set status = 'done' where segment = 'act idle' and record_key in ('1', '2');
select dist.tick('2031-06-26 09:00Z');
select * from act.done;
select * from act.made where status = 'open' order by local;

-- Undone, all goes that nobody has touched (X5): one has been moved, and two are done
update dist.activity set starts_at = starts_at + interval '5 minutes' where segment = 'act idle' and record_key = '2' and status = 'open';
select status, reasons from dist.undo((select max(run_id) from dist.run_step));
select key, local, status from act.made order by key, local;

-- By owner: each in his own zone; nobody's, and that of one who is gone or takes nothing, are told (F6)
update dist.activity set status = 'done' where segment = 'act idle';
insert into dist.activity_plan (segment, name, subject, duration, latest, assign, spread_days, ranking)
values ('act idle', 'visit', 'Visit {name}', '90 minutes', '12:30', 'owner', 0, 'r.revenue desc');
update dist.step set args = '{"plans": ["visit"]}' where schedule = 'act';
\c - postgres
insert into dist.segment_row select 'act idle', n, now(), 0 from generate_series(7, 8) n;
\c - act_owner
set timezone = 'UTC';
select dist.tick('2031-07-03 09:00Z');
select key, rep, subject, local from act.made where subject like 'Visit%' order by rep, local;
select * from act.done;
select record_key, rep, reason from dist.activity_left where plan = 'visit' order by record_key::integer;

-- Named reps: whoever has time first; at most so many a day
update dist.activity set status = 'done' where segment = 'act idle';
update dist.activity_plan set assign = 'reps', reps = '{act off,act bob,act ada}', per_day = 2, spread_days = 1, latest = '17:00', duration = '30 minutes' where name = 'visit';
select dist.tick('2031-07-10 09:00Z');
select key, rep, local from act.made where subject like 'Visit%' and status = 'open' order by key::integer;
select * from act.done;

-- Nobody at work on these days; a passive plan is passed over
update dist.activity set status = 'done' where segment = 'act idle';
insert into dist.absence (rep, starts, ends) values ('act ada', '2031-07-01', '2031-08-01');
update dist.step set args = null where schedule = 'act';
update dist.activity_plan set active = false where name in ('visit', 'call');
select dist.tick('2031-07-16 09:00Z');
update dist.activity_plan set active = true where name = 'call';
select dist.tick('2031-07-17 09:00Z');
select * from act.done;
select reason, rep, count(*) from dist.activity_left where run_id = (select max(run_id) from dist.run_step) group by 1, 2;

-- A table of one's own, by a column map: its rows are what keeps time, and says what is open
create table act.event (id serial primary key, account integer not null, who text, title varchar(40), begins timestamptz, ends timestamptz, day date, minutes integer,
                        kind text not null, run bigint, done boolean not null default false);
insert into act.event (account, who, title, begins, ends, kind) values (99, 'act bob', 'Lunch', '2031-07-24 09:00-04', '2031-07-24 10:00-04', 'meal');
insert into act.event (account, who, title, begins, ends, kind, done) values (98, 'act bob', 'Over', '2031-07-24 10:00-04', '2031-07-24 11:00-04', 'meal', true);
update dist.segment set responsible_rep = 'act bob' where name = 'act idle';
update dist.activity_plan set into_relation = 'act.event', open_predicate = 'not r.done', latest = '12:00', spread_days = 1, column_map =
    '{"account": "key", "who": "rep", "title": "subject", "begins": "starts_at", "ends": "ends_at", "day": "starts_at", "minutes": "duration", "run": "run_id", "kind": {"value": "call"}}'
 where name = 'call';
update act.account set name = 'Account 3' where id = 3;
select dist.tick('2031-07-24 09:00Z');
select account, who, title, begins, ends, day, minutes, kind, run = (select max(run_id) from dist.run_step) as of_run from act.event order by begins, account;
select * from act.done;
select count(*), count(relation) from dist.activity where run_id = (select max(run_id) from dist.run_step);
-- Again nothing for whom one is open; and what is done there leaves its time to others
update act.event set done = true where account = 1;
select dist.tick('2031-07-31 09:00Z');
select account, begins from act.event where not done and begins > '2031-07-30' order by 1;
select * from act.done;
-- Undone: what is in the table as it was written, whoever looks from whatever zone
set timezone = 'Asia/Kolkata';
set bytea_output = 'escape';
update act.event set title = 'moved' where account = 3 and begins > '2031-07-24';
select status, reasons from dist.undo((select min(run) from act.event));
set timezone = 'UTC';
select account, title, begins from act.event order by begins;

-- Names are found again: a rep's, a segment's, a plan's
update dist.activity_plan set into_relation = null, column_map = null, open_predicate = null, spread_days = 3 where name = 'call';
delete from dist.absence where rep = 'act ada';
update dist.activity_plan set active = true where name = 'visit';
select dist.tick('2031-08-07 09:00Z');
select * from act.done;
update dist.rep set rep = 'act adele' where rep = 'act ada';
update dist.activity_plan set name = 'a call' where name = 'call';
update dist.schedule set enabled = false where name = 'act';
select reps from dist.activity_plan where name = 'visit';
select a.rep, a.plan, to_char(a.starts_at at time zone p.time_zone, 'Dy HH24:MI') as local from dist.activity a join dist.rep p on p.rep = a.rep
 where a.status = 'open' and a.rep like 'act %' and a.starts_at > '2031-08-01' order by 1, 2, a.starts_at;

-- An error of the table's names the step (F3), and nothing is half done
update dist.activity_plan set subject = 'Go and see {name}', into_relation = 'act.event',
       column_map = '{"account": "key", "title": "subject", "begins": "starts_at", "kind": {"value": "visit"}}' where name = 'visit';
alter table act.event add constraint no_visit check (kind <> 'visit');
select status, sqlstate, message, detail from dist.run_now('act');
select count(*) from act.event where kind = 'visit';

\c - postgres
set client_min_messages = warning;
delete from dist.activity where rep like 'act %';
delete from dist.schedule where name = 'act';
delete from dist.segment where name like 'act %';
drop schema act cascade;
