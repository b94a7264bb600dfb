-- 80 runs of 100, made by 4 sessions at once, are one run of 8 000 (invariant 3, X3).
\set QUIET on
set session authorization sales_ops;
select test.same('80 runs of 100', (count(*), min(assigned), max(assigned)), (80::bigint, 100::bigint, 100::bigint))
  from dist.run where transfer = 'batches';
select test.holds('at every prefix |x - n w/W| < 1, in the order of the runs'' ids (X3)', bool_and(abs(x * total - n * weight) < total) and count(*) = 40000)
  from funnel.prefix where distribution_rule = 'batches';
select test.same('turn for turn the same lead and the same owner as in one run (X3)',
           (count(*) filter (where (b.record_key, b.new_owner) is distinct from (o.record_key, o.new_owner)), count(*)), (0::bigint, 8000::bigint))
  from (select * from funnel.turn where distribution_rule = 'once') o
  full join (select * from funnel.turn where distribution_rule = 'batches') b using (n);
select test.same('and the same is owed to everybody afterwards', b.deficits, o.deficits)
  from dist.pool b, dist.pool o where b.distribution_rule = 'batches' and o.distribution_rule = 'once';
