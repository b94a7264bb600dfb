-- What happens next, as an ordinary role: who is next, what an old run's undo gives back, what a bad row harms.
\set QUIET on
\pset format unaligned
\pset tuples_only on
set session authorization ops;
select dist.execute('some', '2026-05-01 12:00Z') is not null;
select dist.undo((select max(id) from dist.run where transfer = 'some' and trigger = 'execute' and status = 'succeeded' and id < (select max(id) from dist.run))) is not null;
select dist.execute('matched', '2026-05-02 12:00Z') is not null;
select dist.execute('plenty', '2026-06-01 12:00Z') is not null;
select run_id, seq, record_key, old_owner, new_owner, reason, rule, distribution_rule, fields from dist.assignment
 where at >= '2026-05-01' or reason = 'undo' order by run_id, seq;
select distribution_rule, total_weight, scale, deficits, turns from dist.pool order by 1;
select cap, rep, since, used, taken from dist.cap_use join dist.cap_state using (cap) order by 1, 2, 3;
select run_id, reason, record_key from dist.unassigned order by run_id, record_key;
-- Consumers go on behind what they have read, with what they had not, and then what is new (Z10).
select id, kind, record_key, rep, run_id from dist.read_events('push', 5);
select count(*), count(distinct id), min(id), max(id) from dist.read_events('push', 10000);
select count(*), count(distinct id), min(id), max(id) from dist.read_events('mirror', 10000);
select count(*) from dist.read_events('push');
-- A schedule that ran once does not run again; what is due runs.
select dist.tick('2999-01-01 05:00Z');
select schedule, trigger, status, due_at, assigned, sqlstate from dist.run where schedule is not null order by id;
select name, status, next_run_at from dist.schedule_status order by name;
-- Clocks run on, and are over when they would have been (X10).
select sla, coalesce(outcome, 'running'), count(*), min(due_at), max(ended_at) filter (where outcome <> 'moved') from dist.sla_clock group by 1, 2 order by 1, 2;
select kind, name, due_at, failures, note from dist.task order by 1, 2;
-- Bad rows are errors of their own.
create function pg_temp.try(statement text) returns text language plpgsql as $$
begin
    execute statement;
    return 'done';
exception when others then
    return sqlstate || ' ' || sqlerrm;
end $$;
select pg_temp.try($$select dist.execute('bad column')$$);
-- (No table, or one of that number without the object's columns.)
select left(pg_temp.try($$select dist.execute('bad table')$$), 5) in ('42P01', '42703');
-- Intent is checked again when it is written.
select pg_temp.try($$insert into dist.transfer (name, object, to_rep, predicate) values ('new', 'lead', 'cyd', 'r.nothing > 1')$$);
select pg_temp.try($$insert into dist.transfer (name, object, to_rep, predicate) values ('new', 'lead', 'cyd', 'r.id > 1')$$);
select written_by from dist.transfer where name = 'new';
select pg_temp.try($$insert into dist.schedule (name, start_at) values ('new', '2999-01-01')$$);
select id, owner from dist.schedule where name = 'new';
