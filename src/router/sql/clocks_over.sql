-- The clocks of a service level that are over, the first that were, as arrays: keys, reps, when they started, runs, places in
-- them, attempts. $1 service level, $2 as of when, $3 at most so many.
select array_agg(c.record_key order by c.due_at, c.run_id, c.seq), array_agg(c.rep order by c.due_at, c.run_id, c.seq),
       array_agg(c.started_at order by c.due_at, c.run_id, c.seq), array_agg(c.run_id order by c.due_at, c.run_id, c.seq),
       array_agg(c.seq order by c.due_at, c.run_id, c.seq), array_agg(c.attempt order by c.due_at, c.run_id, c.seq)
  from (select x.*
          from dist.sla_clock x
         where x.sla = $1 and x.ended_at is null and x.due_at <= $2
         order by x.due_at, x.run_id, x.seq
         limit $3
           for update skip locked) c
