with mine as (select a.distribution_rule, a.new_owner, a.run_id, a.seq from dist.assignment a join crm.lead l on l.id::text = a.record_key and l.owner = a.new_owner where a.object = 'lead'),
     counted as (select d.name, m.rep, case d.strategy when 'weighted' then m.weight else 1 end as w,
                        (select count(*) from dist.assignment a where a.distribution_rule = d.name and a.new_owner = m.rep) as n
                   from dist.distribution_rule d join dist.team_member m on m.team = d.team)
select (select count(*) from mine) = (select count(*) from crm.lead)
       and bool_and(abs(c.n - t.turns * c.w / t.w) < 1)
  from counted c join (select name, sum(n) as turns, sum(w) as w from counted group by name) t on t.name = c.name
