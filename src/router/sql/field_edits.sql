-- What a step has edited, for a preview: by row the fields with their values before and after. $1 run, $2 step.
select e.relation, e.record_key, jsonb_object_agg(e.field, jsonb_build_object('before', e.before, 'after', e.after))
  from dist.field_edit e
 where e.run_id = $1 and e.position = $2
 group by e.relation, e.record_key
 order by e.relation collate "C", e.record_key collate "C"
