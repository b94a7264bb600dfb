-- Who has been given records. $1 run, $2 seq before its moves, $3 as_of, $4 object. (What is undone starts no clocks.)
select array_agg(distinct a.new_owner)
  from dist.assignment a
 where a.run_id = $1 and a.seq > $2 and a.at = $3 and a.object = $4 and a.reason <> 'undo'
   and a.new_owner is not null and a.new_owner is distinct from a.old_owner
