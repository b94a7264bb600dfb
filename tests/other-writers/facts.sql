-- What must be so after runs and another tool have written the same tables (invariant 4, C1, X2, X3, X5).
\set QUIET on
select test.holds(format('runs: %s, moves: %s, writes of the tool: %s', runs, moves, writes), runs > 20 and moves > 200 and writes > 200)
  from (select (select count(*) from dist.run) as runs, (select count(*) from dist.assignment) as moves,
               (select count(*) from crm.log where by = 'tool') as writes) n;
select test.same('nobody failed', array_agg(distinct status), array['succeeded']) from dist.run;
select test.holds('the audit is what moved, no more and no less (X2)',
           not exists ((select object, id::text, was, becomes from crm.log where by = 'ops'
                        except all select object, record_key, old_owner, new_owner from dist.assignment)
                       union all
                       (select object, record_key, old_owner, new_owner from dist.assignment
                        except all select object, id::text, was, becomes from crm.log where by = 'ops')));
select test.holds('what the other tool owns was never taken (C1, X5)', count(*) = 0) from dist.assignment where old_owner = 'tool';
select test.holds('everybody owns what the last word on it says',
           not exists (select from (select distinct on (object, id) object, id, becomes from crm.log order by object, id, n desc) l
                         join (select 'lead' as object, id, owner from crm.lead union all select 'account', id, owner from crm.account) t using (object, id)
                        where t.owner is distinct from l.becomes));
select test.holds('each run counts its own moves, and numbers them without a gap',
           bool_and(assigned = moves and (moves = 0 or (first, last) = (1, moves)) and candidates = assigned + unassigned))
  from (select r.*, count(a.seq) as moves, min(a.seq) as first, max(a.seq) as last
          from dist.run r left join dist.assignment a on a.run_id = r.id
         where r.trigger = 'execute' group by r.id) r;
-- The leads' turns are never given back, so the promise holds at every prefix of all runs.
select test.holds(format('at every prefix of %s turns |x - n w/W| < 1 (X3)', max(n)), bool_and(abs(x * total - n * weight) < total))
  from (select n, weight, sum(weight) over (partition by n) as total, count(*) filter (where new_owner = m.rep) over (partition by m.rep order by n) as x
          from (select row_number() over (order by run_id, seq) as n, new_owner from dist.assignment where distribution_rule = 'leads') t
         cross join dist.team_member m) p;
select test.holds('and undone or not, nobody''s account is more than the turns say',
           (select turns from dist.pool where distribution_rule = 'accounts')
           = (select count(*) filter (where reason = 'weighted') - count(*) filter (where reason = 'undo') from dist.assignment where object = 'account'));
