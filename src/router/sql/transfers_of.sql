-- The transfers that schedules run, each once, in the order of the schedules. $1 their numbers.
select pg_catalog.array_agg(t.target order by t.first)
  from (select p.target, min(i.place) as first
          from pg_catalog.unnest($1) with ordinality i (id, place)
          join dist.schedule s on s.id operator(pg_catalog.=) i.id
          join dist.step p on p.schedule operator(pg_catalog.=) s.name
         where p.active and p.action operator(pg_catalog.=) 'transfer' and p.target is not null and p.segment is null
         group by p.target) t
