-- Ends the clocks of those who do not have their records any more. $1 run, $2 seq before its moves, $3 as_of, $4 object.
update dist.sla_clock c
   set ended_at = $3, outcome = 'moved'
  from dist.assignment a
 where a.run_id = $1 and a.seq > $2 and a.at = $3 and a.object = $4
   and c.object = a.object and c.record_key = a.record_key and c.ended_at is null and a.new_owner is distinct from c.rep
