\echo '# The audit'
\echo '-- Every run, by hand, by the worker or as an undo. Nobody can change these rows.'
select id, trigger, coalesce(schedule, transfer, 'undo of run ' || undoes) as what, status,
       assigned, unassigned, (finished_at - started_at)::interval(2) as took, run_by
  from dist.run order by id;

\set ECHO none
\timing off
select max(id) as run from dist.run where trigger = 'schedule' \gset
select min(id) as lead from crm.lead where owner = 'hank.hazel' and status = 'assigned' \gset
\timing on
\set ECHO queries

\echo '-- How punctual the worker was.'
select due_at, started_at, started_at - due_at as late_by from dist.run where id = :run;

\echo '-- Every move of that run, in the order of the turns.'
select seq, record_key, new_owner, reason, rule, fields
  from dist.assignment where run_id = :run order by seq limit 3;

\echo '-- The life of one lead: distributed, taken back by the undo, and now Hank''s.'
select run_id, at::time(0), old_owner, new_owner, reason, rule, distribution_rule
  from dist.assignment where object = 'lead' and record_key = :'lead' order by run_id;

\echo '-- The processes that are at work.'
select * from dist.health;
