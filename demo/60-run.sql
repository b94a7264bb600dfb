\echo '# The run'
\echo '-- One transaction: owners, audit and counters together or not at all.'
select id, status, candidates, assigned, unassigned, reasons from dist.execute('distribute leads');

\set ECHO none
\timing off
select max(id) as run from dist.run \gset
select count(owner) as owned, sum(hashtextextended(l::text, 0)) as fingerprint from crm.lead l \gset after_
\timing on
\set ECHO queries

\echo '-- It did, row for row, what the preview had said.'
select count(*) as previewed,
       count(*) filter (where p.new_owner is not distinct from a.new_owner) as came_true
  from plan p left join dist.assignment a on a.run_id = :run and a.record_key = p.record_key;

\echo '-- Every lead that was left has its reason: no rule is about these two countries.'
select u.reason, l.country, count(*) as leads
  from dist.unassigned u join crm.lead l on l.id = u.record_key::bigint
 where u.run_id = :run group by u.reason, l.country;

\echo '# Fairness'
\echo '-- Leads are whole and shares are not, so somebody is always ahead or behind: by less than one lead.'
select f.rep, f.weight, count(a.seq) as leads,
       round(f.turns_of_rule * f.weight / sum(f.weight) over (), 3) as exact_share, f.deficit
  from dist.fairness f
  left join dist.assignment a
         on a.run_id = :run and (a.distribution_rule, a.new_owner) = (f.distribution_rule, f.rep)
 where f.distribution_rule = 'enterprise by weight' and f.active
 group by f.rep, f.weight, f.turns_of_rule, f.deficit order by f.weight desc, f.rep;

\echo '-- And not only at the end: the furthest that anybody was from the exact share, after whichever lead.'
with turn as (
    select distribution_rule, new_owner as rep,
           row_number() over (partition by distribution_rule order by seq) as t,
           row_number() over (partition by distribution_rule, new_owner order by seq) as n
      from dist.assignment where run_id = :run and distribution_rule is not null),
member as (
    select distribution_rule, rep, w / sum(w) over (partition by distribution_rule) as share
      from dist.fairness, lateral (select case strategy when 'weighted' then weight else 1 end as w) x
     where active)
select distribution_rule, count(distinct rep) as reps, max(t) as leads,
       round(max(greatest(abs(n - t * share), abs(n - 1 - (t - 1) * share))), 3) as furthest
  from turn join member using (distribution_rule, rep)
 group by distribution_rule order by distribution_rule;
