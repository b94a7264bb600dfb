-- Where a schedule stands after a fire. Cancelling does not wait for a run: what was cancelled meanwhile has no next one.
-- $1 its number, $2 to $9 the columns in their order, $10 whether it has not been interrupted this time, $11 the instant that has run.
update dist.schedule_state x
   set next_run_at = case when p.cancelled_at is null then $2 end, due_at = $3, attempt = $4, queued = $5, runs = $6, failures = $7,
       ended = case when p.cancelled_at is null then $8 else 'cancelled' end, note = $9,
       crashes = case when $10 then 0 else x.crashes end, ran_until = greatest(x.ran_until, $11)
  from dist.schedule p
 where x.schedule_id = $1 and p.id = $1
