-- What a step did: $1 run, $2 step.
select t.relation, t.record_key, t.effect, t.detail
  from (select 0 as part, a.plan, a.starts_at, coalesce(a.relation, 'dist.activity') as relation, a.record_key, 'activity' as effect,
               jsonb_build_object('plan', a.plan, 'rep', a.rep, 'subject', a.subject, 'starts_at', a.starts_at, 'ends_at', a.ends_at) as detail
          from dist.activity a
         where a.run_id = $1 and a.position = $2
        union all
        select 1, l.plan, null, null, l.record_key, 'no_activity', jsonb_build_object('plan', l.plan, 'rep', l.rep, 'reason', l.reason)
          from dist.activity_left l
         where l.run_id = $1 and l.position = $2) t
 order by t.plan collate "C", t.part, t.starts_at, t.detail ->> 'rep' collate "C", t.record_key collate "C"
