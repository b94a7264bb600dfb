\echo '# What is routed, and to whom'
\echo '-- Everything a person decides is a row. Here the reps, teams and weights come from the CRM''s own table.'
insert into dist.object (name, relation, key_column, owner_column)
values ('lead', 'crm.lead', 'id', 'owner'), ('account', 'crm.account', 'id', 'owner');

insert into dist.rep (rep, name, time_zone, active)
select login, name, time_zone, not on_leave from crm.sales_rep;

insert into dist.team (team) select distinct team from crm.sales_rep;

insert into dist.team_member (team, rep, weight, position)
select team, login, workload, seat from crm.sales_rep;

select m.team, count(*) as reps, count(*) filter (where not p.active) as on_leave,
       string_agg(distinct split_part(p.time_zone, '/', 2), ', ') as time_zones
  from dist.team_member m join dist.rep p using (rep)
 group by m.team order by m.team;
