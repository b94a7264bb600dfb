-- Runs over two tables that share a rule: only the pool's lock orders them (invariant 3, X3).
\set QUIET on
set session authorization sales_ops;
select test.same('80 runs, all leads but what 40 runs of 100 do not reach', count(*), 80::bigint) from dist.run where transfer like 'half _';
select test.same('each lead once', count(*), count(distinct record_key)) from funnel.turn where distribution_rule = 'halves';
select test.same('as many as there are runs for', count(*),
           (select least(count(*), 4000) from funnel.half_0) + (select least(count(*), 4000) from funnel.half_1))
  from funnel.turn where distribution_rule = 'halves';
select test.holds('the turns alternate between the tables', count(*) > 2)
  from (select object, lag(object) over (order by n) as was from funnel.turn where distribution_rule = 'halves') t where object <> was;
select test.holds('at every prefix |x - n w/W| < 1, over both tables (X3)', bool_and(abs(x * total - n * weight) < total))
  from funnel.prefix where distribution_rule = 'halves';
select test.same('turn for turn the owners of one run', count(*), 0::bigint)
  from (select * from funnel.turn where distribution_rule = 'once') o
  join (select * from funnel.turn where distribution_rule = 'halves') b using (n)
 where b.new_owner <> o.new_owner;
