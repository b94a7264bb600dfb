\echo '# The schedule'
\echo '-- Hank is back. A schedule is a row too: local time in a zone, and steps. One is due in a few seconds.'
update dist.rep set active = true where rep = 'hank.hazel';

insert into dist.schedule (name, time_zone, start_at, frequency, cron)
values ('weekly leads', 'Europe/Berlin',
        date_trunc('second', now() + interval '6 seconds') at time zone 'Europe/Berlin', 'weekly', null),
       ('quarterly clean-up', 'Asia/Singapore', null, null, '0 6 1 1,4,7,10 *');

insert into dist.step (schedule, position, target)
values ('weekly leads', 1, 'distribute leads'),
       ('quarterly clean-up', 1, 'retrieve cold accounts'),
       ('quarterly clean-up', 2, 'hand out cold accounts');

select name, status, next_run_at::timestamptz(0), step, transfer, kind
  from dist.upcoming order by next_run_at, step;

\echo '-- From here on nobody calls anything: the background worker does it. This is what dist.upcoming says meanwhile.'
