-- What the history says about a run that is to be undone. $1 its id.
select jsonb_build_object(
           'status', r.status,
           'trigger', r.trigger,
           'transfer', r.transfer,
           'schedule', r.schedule,
           'schedule_id', r.schedule_id,
           'undone_by', (select u.id from dist.run u where u.undoes = r.id and u.status = 'succeeded'),
           'objects', (select coalesce(jsonb_agg(distinct a.object), '[]') from dist.assignment a where a.run_id = r.id),
           'edited', (select coalesce(jsonb_agg(distinct o.name), '[]')
                        from dist.field_edit_chunk e join dist.object o on o.relation = to_regclass(e.relation)
                       where e.run_id = r.id),
           'edits', (select coalesce(jsonb_agg(to_jsonb(e) order by e.position desc, e.relation), '[]')
                       from (select e.position, e.relation, e.key_column, jsonb_agg(distinct e.field) as fields,
                                    jsonb_agg(distinct e.chunk) as chunks, sum(e.rows) / count(distinct e.field) as rows
                               from dist.field_edit_chunk e
                              where e.run_id = r.id
                              group by e.position, e.relation, e.key_column) e),
           'not_kept', (select coalesce(sum(p.rows), 0)
                          from dist.run_step p
                         where p.run_id = r.id and p.action in ('mass_edit', 'apply_formulas')
                           and not exists (select from dist.field_edit_chunk e where e.run_id = r.id and e.position = p.position)),
           'pools', (select coalesce(jsonb_agg(distinct a.distribution_rule), '[]')
                       from dist.assignment a
                       join dist.distribution_rule d on d.name = a.distribution_rule and d.strategy <> 'rep'
                      where a.run_id = r.id),
           'caps', (select coalesce(jsonb_agg(c.name), '[]')
                      from dist.cap c
                     where c.active and c.per <> 'open'
                       and exists (select from dist.assignment a
                                    where a.run_id = r.id and a.new_owner is not null
                                      and (c.object is null or a.object = c.object)
                                      and (c.distribution_rule is null or a.distribution_rule = c.distribution_rule)
                                      and (a.new_owner in (select p.rep from dist._covered(c) p)
                                           or a.new_owner = any ((select dist._former_names())::text[]) and dist._now_called(a.new_owner, a.run_id) in (select p.rep from dist._covered(c) p)))),
           'fields', (select coalesce(jsonb_object_agg(f.object, f.columns), '{}')
                        from (select a.object, jsonb_agg(distinct k) as columns
                                from dist.assignment a, jsonb_object_keys(a.fields) k
                               where a.run_id = r.id
                               group by a.object) f))
  from dist.run r
 where r.id = $1
