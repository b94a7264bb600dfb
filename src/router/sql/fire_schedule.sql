-- A schedule that may run, with its complete, active steps (as in steps.sql), one a row; where there is none they are null.
-- $1 its number.
select x.name, x.owner::text, x.time_zone, date_part('epoch', x.run_timeout), x.transactions = 'step',
       x.misfire, date_part('epoch', x.misfire_window), x.misfire_max, x.overlap = 'queue_one', x.max_runs, x.attempts,
       date_part('epoch', x.retry_after), x.pause_after,
       x.start_at, x.frequency, x.every, x.weekdays, x.month_days, x.months, x.cron, x.rrule, x.exdates, x.until, x.dst_gap, x.dst_fold,
       p.position, p.action, p.target, p.args, p.written_by::text, p.segment, p.per, p.max_rows, (extract(epoch from p.timeout) * 1000)::bigint
  from dist.schedule x
  left join dist.step p on p.schedule = x.name and p.active and p.target is not null
 where x.id = $1 and x.enabled and x.cancelled_at is null
