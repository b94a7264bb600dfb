-- What a service level would have passed on and nobody could have was not passed on. $1 service level, $2 the run; by clock that
-- was over: $3 run, $4 place in it.
with moved as materialized (select a.record_key from dist.assignment a where a.run_id = $2)
update dist.sla_clock c
   set next_run_id = null
  from rows from (unnest($3), unnest($4)) as e(run_id, seq)
 where c.sla = $1 and c.run_id = e.run_id and c.seq = e.seq and c.next_run_id = $2
   and c.record_key not in (select m.record_key from moved m)
