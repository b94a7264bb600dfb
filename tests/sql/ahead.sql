-- Looking ahead (G3 to G6, Z2, Z3, X14): what all schedules are going to do, what is left out and why, in the order and at
-- the instants at which dist.tick then does it; the same as an iCalendar; newer time zone data.
create schema ahead;
grant usage on schema ahead to public;
create table ahead.lead (id integer primary key, owner text);
grant select, update on ahead.lead to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'ahead.lead', 'id', 'owner');
insert into dist.rep (rep) values ('ann');
insert into dist.transfer (name, object, to_rep) values ('give', 'lead', 'ann');
insert into dist.transfer (name, kind, object) values ('take', 'retrieval', 'lead');

-- Berlin's clocks go forward on 2027-03-28 and back on 2027-10-31; New York's forward on 2027-03-14.
set pg_dist.clock = '2027-03-01 00:00+00';
insert into dist.schedule (name, start_at, time_zone, frequency, every, dst_gap, exdates, max_runs, until, cron, rrule) values
    ('b daily', '2027-03-26 02:30', 'Europe/Berlin', 'daily', null, 'skip', '{2027-03-27 02:30}', null, '2027-03-30', null, null),
    ('a three', '2027-03-26 12:00', 'UTC', 'hourly', 6, 'shift', null, 3, null, null, null),
    ('c once', '2027-03-26 18:00', 'UTC', null, null, 'shift', null, null, null, null, null),
    ('d takes', '2027-03-26 18:00', 'UTC', null, null, 'shift', null, null, null, null, null),
    ('e rule', '2027-03-27 09:00', 'UTC', null, null, 'shift', null, null, null, null, 'FREQ=DAILY;COUNT=2'),
    ('f late', '2027-06-01 09:00', 'UTC', 'daily', null, 'shift', null, null, null, null, null),
    ('g paused', null, 'UTC', null, null, 'shift', null, null, null, '0 12 * * *', null),
    ('h unbound', null, 'UTC', null, null, 'shift', null, null, null, '0 12 28 * *', null),
    ('i gone', null, 'UTC', null, null, 'shift', null, null, null, '0 12 28 * *', null),
    ('j both', '2027-03-27 12:00', 'UTC', 'daily', null, 'shift', '{2027-03-27 12:00,2027-03-29 12:00}', 2, null, null, null);
insert into dist.step (schedule, target) select name, 'give' from dist.schedule where name not in ('d takes', 'h unbound');
insert into dist.step (schedule, position, target, active) values ('d takes', 1, 'take', true), ('d takes', 2, 'give', false);
insert into dist.step (schedule, position, target) values ('j both', 2, 'take');
select dist.pause('g paused'), dist.cancel('i gone');

create function ahead.lines("from" timestamptz, "to" timestamptz, for_schedule text default null, row_limit integer default 10000)
    returns table (at text, line text) language sql as $$
    select to_char(at at time zone 'UTC', 'MM-DD HH24:MI'),
           concat_ws(' | ', schedule, outcome, cause, detail, array_to_string(steps, ' + '), owner)
      from dist.simulate($1, $2, $3, $4)
$$;
select * from ahead.lines('2027-03-26 00:00+00', '2027-03-28 12:00+00');
-- Both ends belong to it; an end is told once.
select * from ahead.lines('2027-03-29 00:30+00', '2027-03-30 00:30+00', 'b daily');
select * from ahead.lines('2027-03-30 00:30:01+00', '2027-04-30 00:30+00', 'b daily');
-- Runs before the window use up what there is of them.
select * from ahead.lines('2027-03-26 20:00+00', '2027-04-30 00:30+00', 'a three');
-- Without arguments a day from now on.
set pg_dist.clock = '2027-03-26 11:00+00';
select count(*), min(at) at time zone 'UTC' as first, max(at) at time zone 'UTC' as last from dist.simulate();

-- It is what then happens: the same schedules at the same instants in the same order, and nothing else.
create temp table foreseen as select * from dist.simulate('2027-03-26 00:00+00', '2027-03-29 23:00+00');
update dist.schedule set misfire = 'all';
select coalesce(max(id), 0) as before from dist.run \gset
select dist.tick('2027-03-29 23:00+00') as fired;
select count(*) filter (where f.at is null) as unforeseen, count(*) filter (where r.schedule is null) as missing, count(*) as all
  from (select row_number() over (order by ordinality), at, schedule
          from (select row_number() over () as ordinality, * from foreseen) x where outcome = 'fire') f(n, at, schedule)
  full join (select row_number() over (order by id), due_at, schedule from dist.run where id > :before and status <> 'skipped') r(n, at, schedule)
    on (f.n, f.at, f.schedule) = (r.n, r.at, r.schedule);

-- What has failed for good, or is broken, is told as such; others are not affected.
update dist.schedule_state st set next_run_at = null, ended = 'quarantined', note = 'made up' from dist.schedule s
 where s.id = st.schedule_id and s.name = 'f late';
set check_function_bodies = off;
update dist.schedule set time_zone = 'Middle/Earth' where name = 'h unbound';
reset check_function_bodies;
select * from ahead.lines('2027-06-27 00:00+00', '2027-06-28 23:00+00');

-- A limit bounds the work, not only the rows: every second of two hundred years.
insert into dist.schedule (name, cron) values ('k seconds', '* * * * * *'), ('l minutes', '* * * * *');
insert into dist.step (schedule, target) values ('k seconds', 'give'), ('l minutes', 'give');
set statement_timeout = '20s';
select count(*), min(at) at time zone 'UTC' as first, max(at) at time zone 'UTC' as last
  from dist.simulate('2027-06-27 00:00:00.5+00', '2227-06-28 00:00+00', row_limit => 1000);
select schedule, count(*) from dist.simulate('2027-06-28 00:00+00', '2027-06-28 02:46:39+00', row_limit => 20000)
 where outcome = 'fire' group by 1 order by 1;
reset statement_timeout;

-- As whoever may read, and refused where it makes no sense.
\c - test_reader
select count(*) > 0 as reads from dist.simulate('2027-03-26+00', '2027-03-28+00');
select dist.icalendar('2027-03-26+00', '2027-03-28+00') ~ '^BEGIN:VCALENDAR\r\n' as reads;
select test.refused($$select dist.simulate('2027-03-28+00', '2027-03-26+00')$$);
select test.refused($$select dist.simulate('2027-03-28+00', 'infinity')$$);
select test.refused($$select dist.simulate('2027-03-28+00', row_limit => 0)$$);
select test.refused($$select dist.simulate(for_schedule => 'h unbind')$$);
\c - test_outsider
select test.refused($$select dist.simulate('2027-03-28+00', '2027-03-29+00')$$);
select test.refused($$select dist.icalendar('2027-03-28+00', '2027-03-29+00')$$);
\c - postgres

-- iCalendar (X14). A real library reads it in tests/oracle/feed.py; here is what it looks like.
set pg_dist.clock = '2027-03-26 11:00:00.5+00';
update dist.schedule set description = E'Comma, semicolon; backslash \\ and\nnew line, long enough for the line to be folded: äöü äöü äöü äöü äöü'
 where name = 'j both';
select regexp_replace(unfolded, '@.*?\.pg-dist', '@DATABASE.pg-dist') as line
  from regexp_split_to_table(replace(dist.icalendar('2027-03-29 00:00+00', '2027-03-30 00:00+00', 'j both'), E'\r\n ', ''), E'\r\n') unfolded
 where unfolded not like 'X-WR-CALNAME%';
select max(octet_length(line)) <= 75 as folded
  from regexp_split_to_table(dist.icalendar('2027-03-29 00:00+00', '2027-03-30 00:00+00', 'j both'), E'\r\n') line;
-- The same run has the same UID, whatever else is asked for.
select dist.icalendar('2027-03-20 00:00+00', '2027-04-10 00:00+00', 'j both') ~ (select 'UID:' || s.id || E'\\.20270329T120000000000Z@' from dist.schedule s where s.name = 'j both') as stable;
select dist.icalendar('2020-03-29 00:00+00', '2020-03-31 00:00+00', 'j both') ~ 'VEVENT' as has_events;

-- Time zone data that says otherwise (X14): next runs that are not due yet are derived again, and nothing else is touched.
select dist._tz_version() ~ '^20\d\d[a-z]$' as version;
select dist._rederive() as changed;
set pg_dist.clock = '2027-03-26 11:00+00';
create temp table st as select s.name, st.* from dist.schedule_state st join dist.schedule s on s.id = st.schedule_id;
update dist.schedule_state x set next_run_at = x.next_run_at + interval '1 hour', due_at = x.due_at + interval '1 hour'
  from dist.schedule s where s.id = x.schedule_id and s.name in ('g paused', 'l minutes') and x.next_run_at is not null;
update dist.schedule_state x set next_run_at = '2027-03-26 10:00:30+00', due_at = '2027-03-26 10:00:30+00'
  from dist.schedule s where s.id = x.schedule_id and s.name = 'k seconds';
select dist._rederive() as changed, dist._rederive() as again;
select s.name, x.next_run_at at time zone 'UTC' as next_run, x.next_run_at = x.due_at as planned
  from dist.schedule_state x join dist.schedule s on s.id = x.schedule_id where s.name in ('g paused', 'k seconds', 'l minutes') order by 1;
-- A retry waits on.
update dist.schedule_state x set next_run_at = '2027-03-27 10:00+00', due_at = '2027-03-26 10:00+00', attempt = 2
  from dist.schedule s where s.id = x.schedule_id and s.name = 'g paused';
select dist._rederive() as changed;

reset pg_dist.clock;
select test.forget_intent();
set client_min_messages = warning;
drop schema ahead cascade;
