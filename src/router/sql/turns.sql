-- The turns that an undo gives back: distribution rule -> rep -> how many. $1 the run, $2 the undo's run.
-- One pass and a window rather than a join of the two runs: their rows are so fresh that the planner, who knows nothing
-- of them yet, would choose a nested loop over all of both.
select coalesce(jsonb_object_agg(r.distribution_rule, r.turns), '{}')
  from (select t.distribution_rule, jsonb_object_agg(t.rep, t.turns) as turns
          from (select m.distribution_rule, dist._now_called(m.member, $1) as rep, count(*) as turns
                  from (select a.run_id, a.distribution_rule, coalesce(a.turn_of, a.new_owner) as member,
                               bool_or(a.run_id = $2) over (partition by a.object, a.record_key) as went_back
                          from dist.assignment a
                         where a.run_id in ($1, $2)) m
                 where m.run_id = $1 and m.went_back and m.distribution_rule is not null
                 group by m.distribution_rule, m.member) t
         group by t.distribution_rule) r
