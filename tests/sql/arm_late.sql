-- A plan whose instant passes while the edit itself is in progress is due, and not silently at its end (G8, G9).
\set VERBOSITY default
\set SHOW_CONTEXT never
set client_min_messages = warning;
create extension if not exists pg_dist;
create schema arm_late;
create table arm_late.lead (id bigint primary key, rep text);
insert into dist.object (name, relation, key_column, owner_column) values ('al lead', 'arm_late.lead', 'id', 'rep');
insert into dist.transfer (name, kind, object) values ('al back', 'retrieval', 'al lead');
insert into dist.schedule (name, start_at) values ('al once', '2099-01-01 06:00');
insert into dist.step (schedule, target) values ('al once', 'al back');

-- Somebody's trigger takes until the instant has passed; names decide which of the triggers comes first.
create function arm_late.wait() returns trigger language plpgsql as $$
begin
    perform pg_sleep(extract(epoch from new.start_at at time zone 'UTC' - clock_timestamp()) + 0.01);
    return null;
end $$;
create trigger a_while after update on dist.schedule for each row when (new.name = 'al once') execute function arm_late.wait();
begin;
update dist.schedule set start_at = (clock_timestamp() + interval '0.2 s') at time zone 'UTC' where name = 'al once';
select s.start_at at time zone 'UTC' = st.next_run_at as armed_for_its_instant, st.due_at = st.next_run_at as due_then, st.ended
  from dist.schedule s join dist.schedule_state st on st.schedule_id = s.id where s.name = 'al once';
select dist.tick(clock_timestamp());
select r.status, r.cause, r.due_at = s.start_at at time zone 'UTC' as for_its_instant from dist.run r join dist.schedule s on s.name = r.schedule where s.name = 'al once';
rollback;
drop trigger a_while on dist.schedule;

-- The same plan, written when its instant had already passed, is refused as before.
update dist.schedule set start_at = (clock_timestamp() - interval '1 s') at time zone 'UTC' where name = 'al once';
delete from dist.schedule where name = 'al once';
