\echo '# Undo'
\echo '-- Owners and fields go back, and so do the turns that the reps had taken.'
select id, trigger, undoes, assigned as moved_back, unassigned as left_alone from dist.undo(:run);

\echo '-- The proof: a hash over every column of every lead, taken before the run, after it and now; then the counters.'
select 'before the run' as state, :before_owned as owned, :before_fingerprint as fingerprint
union all select 'after the run', :after_owned, :after_fingerprint
union all select 'after the undo', count(owner), sum(hashtextextended(l::text, 0)) from crm.lead l;
select sum(turns_of_rule) as turns_taken, max(abs(deficit)) as largest_deficit from dist.fairness;
