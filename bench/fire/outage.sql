-- Schedules of every minute that have not run for an hour, as if the server had been down. psql variables: number, misfire.
delete from dist.schedule;
truncate dist.run, dist.assignment;
begin;
set role crm;
insert into dist.schedule (name, start_at, cron, misfire, misfire_max)
select 'minutely ' || n, localtimestamp - interval '1 day', '* * * * *', :'misfire', 5 from generate_series(1, :number) n;
insert into dist.step (schedule, position, target)
select 'minutely ' || n, 1, 'move ' || n from generate_series(1, :number) n;
reset role;
update dist.schedule_state set next_run_at = next_run_at - interval '1 hour', due_at = due_at - interval '1 hour';
commit;
