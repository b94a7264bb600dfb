-- Quarantine: a schedule that cannot run as things are, or that takes the server down, is set aside alone until somebody
-- has mended it and calls dist.resume. All others keep firing.

create function dist._failed_to_compile() returns boolean
    language c volatile
    set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'failed_to_compile_wrapper';
comment on function dist._failed_to_compile() is
    'Internal: whether the last run that this session began failed because its intent does not compile';

-- Called by whoever holds the lock on the schedule's state. One line in the log, whichever way it came here. due_at
-- stays: what passes after it is what dist.resume will record as skipped.
create function dist._quarantine(target integer, due timestamptz, why text) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    schedule_name text := (select s.name from dist.schedule s where s.id = target);
begin
    update dist.schedule_state x
       set next_run_at = null, due_at = due, attempt = 1, queued = false, ended = 'quarantined', note = why
     where x.schedule_id = target;
    raise warning using
        message = format('pg_dist: dist.schedule %L is in quarantine since its run of %s: %s', schedule_name, due, why),
        hint = format('The others go on. Mend it, then call dist.resume(%L).', schedule_name);
end $$;
comment on function dist._quarantine(integer, timestamptz, text) is
    'Internal: sets a schedule aside until dist.resume; its failed or interrupted run has a row of its own';

-- The schedules of a role that is gone have nobody in whose name a runner could connect: the scheduler sees to them.
create function dist._quarantine_ownerless(role_name name) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    right_now timestamptz := clock_timestamp();
    why text := format('role %L does not exist any more', role_name);
    s dist.schedule;
    target integer;
    due timestamptz;
begin
    if exists (select from pg_roles r where r.rolname = role_name) then
        return;
    end if;
    for target, due in
        select st.schedule_id, coalesce(st.due_at, st.next_run_at)
          from dist.schedule_state st
          join dist.schedule x on x.id = st.schedule_id
         where st.next_run_at <= right_now and x.owner = role_name and x.enabled and x.cancelled_at is null
         order by st.next_run_at
         limit 1000
           for update of st skip locked
    loop
        select * into s from dist.schedule x where x.id = target;
        insert into dist.run (schedule, schedule_id, trigger, due_at, as_of, attempt, started_at, finished_at, status,
                              sqlstate, message, hint, run_by)
        select s.name, s.id, 'schedule', due, due, st.attempt, right_now, right_now, 'failed',
               '42704', why, 'Set owner to a role that exists, then call dist.resume.', s.owner
          from dist.schedule_state st
         where st.schedule_id = target;
        perform dist._quarantine(target, due, why);
    end loop;
end $$;
comment on function dist._quarantine_ownerless(name) is
    'Internal: puts what is due of a role that is gone into quarantine, each with its failed run''s row';
