-- Of names that a run ($2) meant reps by ($1), those that are others now: name -> what the rep is called.
select coalesce(jsonb_object_agg(n.name, n.now), '{}')
  from (select x.name, dist._now_called(x.name, $2) as now from unnest($1) as x(name) where x.name = any ((select dist._former_names())::text[])) n
 where n.now <> n.name
