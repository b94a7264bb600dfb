-- Schedules that recur and are not due for a long time. psql variables: first, last (their numbers).
begin;
insert into dist.schedule (name, start_at, cron)
select 'idle ' || n, date_trunc('minute', localtimestamp) + interval '1 year', format('%s %s * * *', n % 60, n / 60 % 24)
  from generate_series(:first, :last) n;
insert into dist.step (schedule, position, target)
select 'idle ' || n, 1, 'move ' || 1 + n % 16 from generate_series(:first, :last) n;
commit;
