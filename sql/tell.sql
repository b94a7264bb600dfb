-- What the server's log says of a schedule's runs: a line when it goes wrong and a line when it is well again, not one for
-- each failure between them. dist.run has them all.

-- was_well: it had not failed before the run.
create function dist._tell(schedule_name text, was_well boolean, due timestamptz, outcome text, message text, ended text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if outcome = 'cancelled' then
        raise log using message = format('pg_dist: the run of dist.schedule %L for %s was %s', schedule_name, due, message);
    elsif outcome = 'succeeded' then
        raise log using message = format('pg_dist: dist.schedule %L succeeded again, with its run for %s', schedule_name, due);
    elsif ended = 'failed' then
        raise log using message = format('pg_dist: dist.schedule %L failed for %s, and has stopped: %s', schedule_name, due, message),
            hint = format('dist.failure has the whole error. Mend it, then call dist.resume(%L).', schedule_name);
    elsif was_well then
        raise log using message = format('pg_dist: dist.schedule %L failed for %s, and goes on: %s', schedule_name, due, message),
            hint = 'dist.failure has the whole error. Further failures are not logged before it has succeeded again.';
    end if;
end $$;
comment on function dist._tell(text, boolean, timestamptz, text, text, text) is
    'Internal: logs how a run ended, once per incident';
