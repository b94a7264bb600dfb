-- Schedules whose plan is wrong or never fires, steps that lead nowhere, and the calls that steer schedules.
\pset tuples_only on
\pset format unaligned
truncate test.refusal;
create schema bad;
grant usage on schema bad to public;
create table bad.lead (id bigint primary key, owner bigint);
grant all on bad.lead to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'bad.lead', 'id', 'owner');
\c - test_manager
insert into dist.rep (rep) values ('11');
insert into dist.transfer (name, object, to_rep) values ('give', 'lead', '11');
insert into dist.transfer (name, object, to_rep, is_template) values ('template', 'lead', '11', true);
insert into dist.schedule (name, start_at) values ('once', '2099-01-05 06:00');
insert into dist.schedule (name, start_at, frequency) values ('weekly', '2099-01-05 06:00', 'weekly'), ('over', '2099-01-05 06:00', 'weekly'), ('unbound', '2099-01-05 06:00', 'weekly');
insert into dist.step (schedule, position, target) values ('once', 1, 'give'), ('weekly', 1, 'give'), ('over', 1, 'give');
select dist.cancel('over');

create function pg_temp.plan(columns text, value text) returns setof text language sql as $$
    select test.refused(format('insert into dist.schedule (name, %s) values (''s'', %s)', columns, value))
$$;

-- The row (Z1, Z3, Z7).
select test.refused($$insert into dist.schedule (name, start_at) values ('', '2099-01-05 06:00')$$);
select test.refused($$insert into dist.schedule (name, start_at) values (null, '2099-01-05 06:00')$$);
select test.refused($$insert into dist.schedule (name, start_at) values ('once', '2099-01-05 06:00')$$);
select test.refused($$insert into dist.schedule (name) values ('s')$$);
select pg_temp.plan('start_at, owner', '''2099-01-05 06:00'', ''test_admin''');
select pg_temp.plan('start_at, owner', '''2099-01-05 06:00'', ''nobody at all''');
select pg_temp.plan('start_at, owner', '''2099-01-05 06:00'', null');
select test.refused($$update dist.schedule set owner = 'test_admin' where name = 'once'$$);
select pg_temp.plan('start_at, max_runs', '''2099-01-05 06:00'', 0');
select pg_temp.plan('start_at, misfire', '''2099-01-05 06:00'', ''twice''');
select pg_temp.plan('start_at, misfire', '''2099-01-05 06:00'', ''skp''');
select pg_temp.plan('start_at, enabled', '''2099-01-05 06:00'', null');
-- The zone (G5).
select pg_temp.plan('start_at, time_zone', '''2099-01-05 06:00'', ''Europe/Berln''');
select pg_temp.plan('start_at, time_zone', '''2099-01-05 06:00'', ''+01:00''');
select pg_temp.plan('start_at, time_zone', '''2099-01-05 06:00'', ''''');
select pg_temp.plan('start_at, time_zone', '''2099-01-05 06:00'', null');
select pg_temp.plan('start_at, dst_gap', '''2099-01-05 06:00'', ''shft''');
select pg_temp.plan('start_at, dst_fold', '''2099-01-05 06:00'', ''third''');
-- Frequencies (G4, Z2).
select pg_temp.plan('start_at, frequency', '''2099-01-05 06:00'', ''fortnightly''');
select pg_temp.plan('start_at, frequency', '''2099-01-05 06:00'', ''dayly''');
select pg_temp.plan('frequency', '''daily''');
select pg_temp.plan('start_at, frequency, every', '''2099-01-05 06:00'', ''daily'', 0');
select pg_temp.plan('start_at, frequency, every', '''2099-01-05 06:00'', ''daily'', -2');
select pg_temp.plan('start_at, every', '''2099-01-05 06:00'', 2');
select pg_temp.plan('start_at, frequency, weekdays', '''2099-01-05 06:00'', ''weekly'', ''{mon,tues,wendsday}''');
select pg_temp.plan('start_at, frequency, weekdays', '''2099-01-05 06:00'', ''weekly'', ''{2tue}''');
select pg_temp.plan('start_at, frequency, weekdays', '''2099-01-05 06:00'', ''weekly'', ''{mon,null}''');
select pg_temp.plan('start_at, frequency, exdates', '''2099-01-05 06:00'', ''daily'', ''{infinity}''');
select pg_temp.plan('start_at, frequency, until', '''2099-01-05 06:00'', ''daily'', ''infinity''');
select pg_temp.plan('start_at, frequency, month_days', '''2099-01-05 06:00'', ''monthly'', ''{32}''');
select pg_temp.plan('start_at, frequency, month_days', '''2099-01-05 06:00'', ''monthly'', ''{0}''');
select pg_temp.plan('start_at, frequency, months', '''2099-01-05 06:00'', ''yearly'', ''{13}''');
select pg_temp.plan('start_at, frequency, until', '''2099-01-05 06:00'', ''daily'', ''2099-01-04''');
select pg_temp.plan('start_at, frequency, cron', '''2099-01-05 06:00'', ''daily'', ''0 6 * * *''');
select pg_temp.plan('start_at, cron, rrule', '''2099-01-05 06:00'', ''0 6 * * *'', ''FREQ=DAILY''');
-- The past (G3).
select pg_temp.plan('start_at', '''2020-01-06 06:00''');
select pg_temp.plan('start_at', '''-infinity''');
select pg_temp.plan('start_at', '''infinity''');
select pg_temp.plan('start_at', '''290000-01-01 00:00''');
select pg_temp.plan('start_at, frequency, until', '''2020-01-06 06:00'', ''weekly'', ''2020-02-01''');
select test.refused($$update dist.schedule set start_at = '2020-01-06 06:00' where name = 'once'$$);
-- Cron.
select pg_temp.plan('cron', '''61 * * * *''');
select pg_temp.plan('cron', '''0 24 * * *''');
select pg_temp.plan('cron', '''0 6 0 * *''');
select pg_temp.plan('cron', '''0 6 * 13 *''');
select pg_temp.plan('cron', '''0 6 * * 8''');
select pg_temp.plan('cron', '''0 6 L * *''');
select pg_temp.plan('cron', '''0 6 15W * *''');
select pg_temp.plan('cron', '''0 6 * * 2#1''');
select pg_temp.plan('cron', '''0 6 ? * 1''');
select pg_temp.plan('cron', '''0 22-6 * * *''');
select pg_temp.plan('cron', '''*/0 * * * *''');
select pg_temp.plan('cron', '''5/10 * * * *''');
select pg_temp.plan('cron', '''* * * *''');
select pg_temp.plan('cron', '''0 0 6 1 1 1 2030''');
select pg_temp.plan('cron', '''every day''');
select pg_temp.plan('cron', '''@dayly''');
select pg_temp.plan('cron', '''@reboot''');
select pg_temp.plan('cron', '''0 0 30 2 *''');
select pg_temp.plan('cron', '''''');
-- RRULE (X14).
select pg_temp.plan('rrule', '''FREQ=DAILY''');
select pg_temp.plan('start_at, rrule', '''2099-01-05 06:00'', ''every day''');
select pg_temp.plan('start_at, rrule', '''2099-01-05 06:00'', ''FREQ=DAYLY''');
select pg_temp.plan('start_at, rrule', '''2099-01-05 06:00'', ''FREQ=DAILY;INTERVAL=0''');
select pg_temp.plan('start_at, rrule', '''2099-01-05 06:00'', ''FREQ=WEEKLY;BYDAY=XX''');
select pg_temp.plan('start_at, rrule', '''2099-01-05 06:00'', ''FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30''');
select pg_temp.plan('start_at, rrule', '''2099-01-05 06:00'', ''FREQ=DAILY;COUNT=2;UNTIL=20990601T000000Z''');
select pg_temp.plan('start_at, rrule', '''2099-01-05 06:00'', ''FREQ=DAILY;UNTIL=20200101T000000Z''');

-- Steps (F4, F9, G12).
select test.refused($$insert into dist.step (schedule, position, target) values ('weekli', 2, 'give')$$);
select test.refused($$insert into dist.step (schedule, position, target) values (null, 2, 'give')$$);
select test.refused($$insert into dist.step (schedule, position, target) values ('weekly', null, 'give')$$);
select test.refused($$insert into dist.step (schedule, position, target) values ('weekly', 1, 'give')$$);
select test.refused($$insert into dist.step (schedule, position, target) values ('weekly', 2, 'giv')$$);
select test.refused($$insert into dist.step (schedule, position, target) values ('weekly', 2, 'template')$$);
select test.refused($$insert into dist.step (schedule, position, target, args) values ('weekly', 2, 'give', '{"a": 1}')$$);
select test.refused($$insert into dist.step (schedule, position, action, target) values ('weekly', 2, 'transfr', 'give')$$);
select test.refused($$insert into dist.step (schedule, position, action, target) values ('weekly', 2, null, 'give')$$);
select test.refused($$delete from dist.transfer where name = 'give'$$);
select test.refused($$update dist.transfer set name = 'hand out' where name = 'give'$$);
select test.refused($$update dist.transfer set is_template = true where name = 'give'$$);

-- Steering (G10, G11, Z5).
select test.refused($$select dist.pause('once')$$);
select test.refused($$select dist.pause('over')$$);
select test.refused($$select dist.pause('wekly')$$);
select test.refused($$select dist.pause(null)$$);
select test.refused($$select dist.resume('over')$$);
select test.refused($$select dist.resume('wekly')$$);
select test.refused($$select dist.resume(null)$$);
select test.refused($$select dist.cancel('wekly')$$);
select test.refused($$select dist.cancel(null)$$);
select test.refused($$select dist.run_now('unbound')$$);
select test.refused($$select dist.run_now('over')$$);
select test.refused($$select dist.run_now('wekly')$$);
select test.refused($$select dist.run_now(null)$$);
select test.refused($$select dist.tick(null)$$);
select test.refused($$select dist.tick('infinity')$$);
select test.refused($$select dist.preview_schedule('wekly')$$);
select test.refused($$select dist.preview_schedule(null)$$);
select test.refused($$select dist.preview_schedule('weekly', '-infinity')$$);
select test.refused($$select dist.next_runs('wekly')$$);
select test.refused($$select dist.next_runs(null)$$);
select test.refused($$select dist.next_runs('weekly', -1)$$);
select test.refused($$select dist.next_runs('weekly', 1000000)$$);
select test.refused($$select dist.next_runs('weekly', 5, 'infinity')$$);
select test.refused($$select dist.next_runs_of()$$);
select test.refused($$select dist.next_runs_of(cron => '0 6 L * *')$$);
select test.refused($$select dist.next_runs_of(start_at => '2099-01-05 06:00', frequency => 'dayly')$$);
select test.refused($$select dist.next_runs_of(start_at => '2099-01-05 06:00', frequency => 'daily', time_zone => 'Mars/Olympus')$$);
select test.refused($$select dist.next_runs_of(start_at => '2099-01-05 06:00', frequency => 'daily', n => -1)$$);
select test.refused($$update dist.schedule set cancelled_at = null where name = 'over'$$);

-- All are refused, and what pg_dist itself refuses has a HINT.
select count(*) as cases, count(*) filter (where message = 'ACCEPTED') as accepted from test.refusal;
select message from test.refusal where own and hint = '';
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema bad cascade;
