-- The tables of the user's own that a run wrote activities to; $1 run.
select jsonb_agg(jsonb_build_object('named', t.relation, 'key_column', t.key_column, 'relation', dist._relation(to_regclass(t.relation)))
                 order by t.relation collate "C", t.key_column collate "C")
  from (select distinct a.relation, a.key_column from dist.activity a where a.run_id = $1 and a.status = 'written') t
