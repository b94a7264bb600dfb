-- Locks pools in one order; as what is returned was read once it was locked, it is whose turn it is. $1 their names,
-- behind a subselect as in lock_objects.sql.
select s.distribution_rule, s.total_weight::text, s.scale, s.deficits::text, s.turns, s.credits::text
  from dist.pool s
 where s.distribution_rule = any ((select $1)::text[])
 order by s.distribution_rule collate "C"
   for update
