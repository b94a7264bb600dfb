-- What a service level would have passed on and nobody could have was not passed on. $1 service level, $2 the run.
update dist.sla_clock c
   set next_run_id = null
 where c.sla = $1 and c.next_run_id = $2
   and not exists (select from dist.assignment a where a.run_id = $2 and a.object = c.object and a.record_key = c.record_key)
