-- A crash of the server between two runs leaves no trace in who is next (X2, X3).
\set QUIET on
set session authorization sales_ops;
select test.same('the runs before and after', array_agg(assigned order by id), array[2501, 5499]::bigint[])
  from dist.run where transfer in ('before the crash', 'after the crash');
select test.same('turn for turn the same lead and the same owner as in one run (X3)',
           (count(*) filter (where (b.record_key, b.new_owner) is distinct from (o.record_key, o.new_owner)), count(*)), (0::bigint, 8000::bigint))
  from (select * from funnel.turn where distribution_rule = 'once') o
  full join (select * from funnel.turn where distribution_rule = 'crash') b using (n);
