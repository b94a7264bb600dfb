-- The turns of a pool that an undo gives back: rep -> how many. $1 the run, $2 the undo's run, $3 distribution rule.
select coalesce(jsonb_object_agg(t.rep, t.turns), '{}')
  from (select a.new_owner as rep, count(*) as turns
          from dist.assignment a
          join dist.assignment u on u.run_id = $2 and u.object = a.object and u.record_key = a.record_key
         where a.run_id = $1 and a.distribution_rule = $3
         group by a.new_owner) t
