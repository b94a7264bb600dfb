-- Claims a schedule that is due, and says where it stands. $1 its number, $2 the instant.
select x.next_run_at, x.due_at, x.attempt, x.queued, x.runs, x.failures, x.crashes, x.ran_until
  from dist.schedule_state x
 where x.schedule_id = $1 and x.next_run_at <= $2
   for update skip locked
