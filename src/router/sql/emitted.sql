-- What a step of a run in progress has told of, for a preview. $1 run, $2 step.
select e.record_key, e.kind, e.rep
  from dist.event e
 where e.tx = dist._event_tx() and e.run_id = $1 and (e.payload ->> 'step')::integer = $2
 order by e.id
