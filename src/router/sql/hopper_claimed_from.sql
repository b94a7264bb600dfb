-- The hopper that a record was taken out of last. $1 object, $2 key.
select a.from_hopper
  from dist.assignment a
 where a.object = $1 and a.record_key = $2 and a.from_hopper is not null and a.reason <> 'undo'
 order by a.run_id desc, a.seq desc
 limit 1
