\set ECHO none
\timing off
select count(owner) as owned, sum(hashtextextended(l::text, 0)) as fingerprint from crm.lead l \gset before_
select min(id) as lead from crm.lead where owner is null and country = 'CA' and score = 60 and employees < 1000 \gset
\timing on
\set ECHO queries

\echo '# Preview'
\echo '-- What a run would do now, record by record, in order. Nothing is written to the CRM.'
create temp table plan as select * from dist.preview('distribute leads');

select * from plan limit 4;

\echo '-- Totals per rep, team beside team. Seats 1 and 4 of a team by weight count double and half. Hank is on leave.'
select m.position as seat,
       max(rep) filter (where team = 'enterprise')   as enterprise,
       sum(n)   filter (where team = 'enterprise')   as leads,
       max(rep) filter (where team = 'americas')     as americas,
       sum(n)   filter (where team = 'americas')     as leads,
       max(rep) filter (where team = 'europe')       as europe,
       sum(n)   filter (where team = 'europe')       as leads,
       max(rep) filter (where team = 'asia_pacific') as asia_pacific,
       sum(n)   filter (where team = 'asia_pacific') as leads
  from dist.team_member m
  left join (select new_owner as rep, count(*) as n from plan group by new_owner) p using (rep)
 group by m.position order by m.position;

\echo '# One lead explained'
\echo '-- Every rule with matched or why not, then whose turn it is, and how the others stand.'
select stage, item, concat_ws(': ', outcome, replace(detail, 'does not hold: ', '')) as outcome
  from dist.explain('lead', :'lead', 'distribute leads');
