-- What the server's log says of a schedule's runs: a line when it goes wrong and a line when it is well again, not one for
-- each failure between them. dist.run has them all.

-- st: where the schedule stood before the run.
create function dist._tell(s dist.schedule, st dist.schedule_state, due timestamptz, outcome text, message text, ended text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if outcome = 'cancelled' then
        raise log using message = format('pg_dist: the run of dist.schedule %L for %s was %s', s.name, due, message);
    elsif outcome = 'succeeded' then
        raise log using message = format('pg_dist: dist.schedule %L succeeded again, with its run for %s', s.name, due);
    elsif ended = 'failed' then
        raise log using message = format('pg_dist: dist.schedule %L failed for %s, and has stopped: %s', s.name, due, message),
            hint = format('dist.failure has the whole error. Mend it, then call dist.resume(%L).', s.name);
    elsif st.failures = 0 and st.attempt = 1 then
        raise log using message = format('pg_dist: dist.schedule %L failed for %s, and goes on: %s', s.name, due, message),
            hint = 'dist.failure has the whole error. Further failures are not logged before it has succeeded again.';
    end if;
end $$;
comment on function dist._tell(dist.schedule, dist.schedule_state, timestamptz, text, text, text) is
    'Internal: logs how a run ended, once per incident';
