-- A fire reads a plan column by column, where all else reads it as JSON: it advances to the very instant that dist.next_runs_of and
-- dist.simulate tell (G1), whatever the recurrence is; and what no calendar has is refused in the same words.
create schema plan;
create table plan.lead (id integer primary key, owner text);
insert into plan.lead values (1);
insert into dist.object (name, relation, key_column, owner_column) values ('plan', 'plan.lead', 'id', 'owner');
insert into dist.rep (rep) values ('plan rep');
insert into dist.transfer (name, object, to_rep) values ('plan all', 'plan', 'plan rep');
insert into dist.schedule (name, start_at, time_zone, frequency, every, weekdays, month_days, months, cron, rrule, exdates, until, dst_gap, dst_fold)
values
    ('plan once', '2090-03-01 06:00', 'UTC', null, null, null, null, null, null, null, null, null, 'shift', 'first'),
    ('plan every', '2090-03-01 06:00', 'Asia/Tokyo', 'daily', 3, null, null, null, null, null, null, null, 'shift', 'first'),
    ('plan weekdays', '2090-03-01 06:00', 'UTC', 'weekly', 2, '{mon,fri}', null, null, null, null, null, null, 'shift', 'first'),
    ('plan days', '2090-03-01 06:00', 'UTC', 'monthly', 1, null, '{3,-1}', null, null, null, null, null, 'shift', 'first'),
    ('plan months', '2090-03-01 06:00', 'UTC', 'yearly', 1, null, '{5}', '{3,11}', null, null, null, null, 'shift', 'first'),
    ('plan nth', '2090-03-01 06:00', 'UTC', 'monthly', 1, '{2tue,lastfri}', null, null, null, null, null, null, 'shift', 'first'),
    ('plan cron', '2090-03-01 06:00', 'Europe/Berlin', null, null, null, null, null, '15 4 1,15 * *', null, null, null, 'shift', 'first'),
    ('plan rrule', '2090-03-01 06:00:00', 'America/New_York', null, null, null, null, null, null, 'FREQ=MONTHLY;BYDAY=-1SU', null, null, 'shift', 'first'),
    ('plan exdates', '2090-03-01 06:00', 'UTC', 'daily', 1, null, null, null, null, null, '{2090-03-02 06:00,2090-03-03 06:00}', null, 'shift', 'first'),
    ('plan micros', '2090-03-01 06:00:00.000001', 'UTC', 'daily', 1, null, null, null, null, null, '{2090-03-02 06:00:00.000001}', null, 'shift', 'first'),
    ('plan until', '2090-03-01 06:00', 'UTC', 'daily', 1, null, null, null, null, null, null, '2090-03-02', 'shift', 'first'),
    ('plan gap', '2090-03-25 02:30', 'Europe/Berlin', 'daily', 1, null, null, null, null, null, null, null, 'skip', 'first'),
    ('plan valid', '2090-03-25 02:30', 'Europe/Berlin', 'daily', 1, null, null, null, null, null, null, null, 'next_valid', 'first'),
    ('plan both', '2090-10-28 02:30', 'Europe/Berlin', 'daily', 1, null, null, null, null, null, null, null, 'shift', 'both'),
    ('plan last', '2090-10-28 02:30', 'Europe/Berlin', 'daily', 1, null, null, null, null, null, null, null, 'shift', 'last');
insert into dist.step (schedule, target) select name, 'plan all' from dist.schedule where name like 'plan %';
create procedure plan.fire_each(times integer) language plpgsql as $$
declare
    one record;
    said timestamptz;
begin
    for n in 1..times loop
        for one in
            select s.id, s.name, st.next_run_at as at, (select r from dist._next_runs(to_jsonb(s), 1, st.next_run_at) r) as said
              from dist.schedule s join dist.schedule_state st on st.schedule_id = s.id
             where s.name like 'plan %' and st.next_run_at is not null
             order by s.name
        loop
            if dist._fire(one.id, one.at, false) <> 'fired' then
                raise exception '% has not fired', one.name;
            end if;
            select st.next_run_at into said from dist.schedule_state st where st.schedule_id = one.id;
            if said is distinct from one.said then
                raise exception '%: after % comes %, and not %', one.name, one.at, one.said, said;
            end if;
        end loop;
    end loop;
end $$;
call plan.fire_each(10);
select r.schedule, r.status, r.cause, count(*), max(r.due_at) at time zone 'UTC' as latest
  from dist.run r where r.schedule like 'plan %' group by 1, 2, 3 order by 1, 2;

-- Terms: of the three latest of ten missed minutes those within the window are made up for, and then it ends.
insert into dist.schedule (name, start_at, cron, misfire, misfire_max, misfire_window, overlap, max_runs, pause_after)
values ('plan terms', '2091-01-01 00:00', '* * * * *', 'all', 3, '150 seconds', 'queue_one', 2, 1);
insert into dist.step (schedule, target) values ('plan terms', 'plan all');
select dist._fire(id, '2091-01-01 00:10Z', false) from dist.schedule where name = 'plan terms';
select dist._fire(id, '2091-01-01 00:10Z', false) from dist.schedule where name = 'plan terms';
select dist._fire(id, '2091-01-01 00:10Z', false) from dist.schedule where name = 'plan terms';
select r.due_at at time zone 'UTC' as due, r.due_to at time zone 'UTC' as due_to, r.status, r.cause from dist.run r where r.schedule = 'plan terms' order by r.id;
select st.runs, st.ended from dist.schedule_state st join dist.schedule s on s.id = st.schedule_id where s.name = 'plan terms';

-- Infinity can only come past the triggers.
set session_replication_role = replica;
update dist.schedule set until = 'infinity' where name = 'plan every';
update dist.schedule set exdates = '{-infinity}' where name = 'plan exdates';
update dist.schedule set start_at = 'infinity' where name = 'plan cron';
update dist.schedule set weekdays = '{mon,null}' where name = 'plan weekdays';
reset session_replication_role;
\set VERBOSITY terse
select dist._fire(s.id, st.next_run_at, false) from dist.schedule s join dist.schedule_state st on st.schedule_id = s.id where s.name = 'plan every';
select dist._fire(s.id, st.next_run_at, false) from dist.schedule s join dist.schedule_state st on st.schedule_id = s.id where s.name = 'plan exdates';
select dist._fire(s.id, st.next_run_at, false) from dist.schedule s join dist.schedule_state st on st.schedule_id = s.id where s.name = 'plan cron';
select dist._fire(s.id, st.next_run_at, false) from dist.schedule s join dist.schedule_state st on st.schedule_id = s.id where s.name = 'plan weekdays';
select dist._next_runs(to_jsonb(s), 1, null) from dist.schedule s where s.name = 'plan weekdays';

delete from dist.schedule where name like 'plan %';
delete from dist.transfer where object = 'plan';
delete from dist.object where name = 'plan';
delete from dist.rep where rep = 'plan rep';
set client_min_messages = warning;
drop schema plan cascade;
