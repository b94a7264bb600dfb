-- Records what is excluded and is no candidate. $1 run, $2 object, $3 at most so many rows; arrays by record: $4 keys, $5 leaves;
-- dictionary: $6 the exclusions by leaf.
insert into dist.unassigned (run_id, object, record_key, reason, rule)
select $1, $2, m.key, 'excluded', ($6::text[])[m.leaf + 1]
  from (select unnest($4) as key, unnest($5) as leaf) m
 limit $3
