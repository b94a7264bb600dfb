-- Quarantine: a schedule that cannot run as things are, or that takes the server down, is set aside alone until somebody
-- has mended it and calls dist.resume. All others keep firing. So is a task that takes the server down, until it is made active
-- anew.

create function dist._failed_to_compile() returns boolean
    language c volatile
    set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'failed_to_compile_wrapper';
comment on function dist._failed_to_compile() is
    'Internal: whether the last run that this session began failed because its intent does not compile';

-- One line in the log, whichever way it came there.
create function dist._tell_quarantine(schedule_name text, due timestamptz, why text) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise warning using
        message = format('pg_dist: dist.schedule %L is in quarantine since its run of %s: %s', schedule_name, due, why),
        hint = format('The others go on. Mend it, then call dist.resume(%L).', schedule_name);
end $$;
comment on function dist._tell_quarantine(text, timestamptz, text) is 'Internal: says that a schedule has been set aside';

-- Called by whoever holds the lock on the schedule's state. due is the first instant that will not have run: what passes
-- from there on is recorded as skipped by dist.resume.
create function dist._quarantine(target integer, due timestamptz, why text) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    update dist.schedule_state x
       set next_run_at = null, due_at = due, attempt = 1, queued = false, ended = 'quarantined', note = why
     where x.schedule_id = target;
    perform dist._tell_quarantine((select s.name from dist.schedule s where s.id = target), due, why);
end $$;
comment on function dist._quarantine(integer, timestamptz, text) is
    'Internal: sets a schedule aside until dist.resume; its failed or interrupted run has a row of its own';

-- The schedules and tasks of a role that is gone have nobody in whose name a runner could connect. The scheduler fires them:
-- nothing of theirs runs, for that is the first thing that a run asks.
create function dist._fire_ownerless(role_name name) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    right_now timestamptz := dist._clock();
    target record;
begin
    for target in
        select d.schedule_id, d.kind, d.name from dist._due(right_now, role_name, 1000) d
    loop
        exit when exists (select from pg_roles r where r.rolname = role_name);
        if target.kind is null then
            perform dist._fire(target.schedule_id, right_now, true);
        else
            perform dist._do_task(target.kind, target.name, right_now, true);
        end if;
    end loop;
end $$;
comment on function dist._fire_ownerless(name) is
    'Internal: fires what is due of a role that is gone, so that it fails and is quarantined';

-- A run, or a task's work (its number negative), has begun: written where it outlives a crash, and nowhere else
-- (src/worker/mark.rs). A suspect, which is one during whose last run the server went down, does not run while another one does:
-- whichever it is then, is known.
create function dist._mark(target integer, due_at timestamptz, attempt integer, suspect boolean) returns boolean
    language c volatile strict
    as 'MODULE_PATHNAME', 'mark_wrapper';
comment on function dist._mark(integer, timestamptz, integer, boolean) is
    'Internal: marks a run as begun; false where it has to wait because another suspect is running. Does nothing outside a runner';

-- After so many interruptions in a row: it waits longer each time, so that a server that has just come up is of use to the others
-- meanwhile.
create function dist._after_crash(crashes integer) returns timestamptz
    language sql stable
    set search_path = pg_catalog, pg_temp
    return dist._clock() + least(interval '1 second' * 5 ^ least(crashes - 1, 9), interval '5 minutes');
comment on function dist._after_crash(integer) is 'Internal: when to try again what has been cut off so many times in a row';

-- The same for a task, as far as it has not been done after all: it fails, but no run of its own has a row.
create function dist._task_interrupted(target integer, instant timestamptz, which_attempt integer, how text) returns boolean
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    t dist.task;
    most bigint := dist._policy_value('crash_limit');
    set_aside boolean;
begin
    select * into t from dist.task x where x.id = target for update nowait;
    if t.id is null or t.failures + 1 <> which_attempt
       or not coalesce(t.due_at <= instant, false)
          and not exists (select from dist.task_call c where c.kind = t.kind and c.name = t.name and c.due_at <= instant) then
        return false;
    end if;
    t.crashes := t.crashes + 1;
    set_aside := t.crashes >= most;
    -- A call does not wake what has failed.
    update dist.task x
       set crashes = t.crashes, failures = t.failures + 1, note = how,
           due_at = case when set_aside is not true then dist._after_crash(t.crashes) end
     where x.id = target;
    if set_aside then
        raise warning using
            message = format('pg_dist: %s %L is in quarantine: %s, %s times in a row', t.kind, t.name, how, t.crashes),
            hint = format('The others go on. Mend it, then set active of dist.%I to false and to true again.', t.kind);
    else
        perform dist._tell_task(t, how);
    end if;
    return true;
end $$;
comment on function dist._task_interrupted(integer, timestamptz, integer, text) is
    'Internal: notes that the work of a task was cut off in the middle, and sets it aside where that happens again and again';

-- What a mark that was left behind says, told by the scheduler: true where it counts. Not where the instant has been dealt with
-- after all (due_at has gone past it), or is not the plan's any more. A negative target is a task.
create function dist._interrupted(target integer, instant timestamptz, which_attempt integer, started timestamptz, how text)
    returns boolean
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    st dist.schedule_state;
    s dist.schedule;
    most bigint := dist._policy_value('crash_limit');
begin
    if target < 0 then
        return dist._task_interrupted(-target, instant, which_attempt, how);
    end if;
    select * into st from dist.schedule_state x where x.schedule_id = target for update nowait;
    select * into s from dist.schedule x where x.id = target;
    if s.id is null or st.next_run_at is null or st.due_at > instant or st.attempt <> which_attempt
       or exists (select from dist.run r
                   where r.schedule_id = target and r.due_at = instant and r.status = 'succeeded' and r.trigger = 'schedule'
                     -- Of single steps, those before the one that was marked.
                     and (r.step is null or r.started_at >= started)) then
        return false;
    end if;
    st.crashes := st.crashes + 1;
    insert into dist.run (schedule, schedule_id, trigger, due_at, as_of, attempt, started_at, finished_at, status, cause,
                          message, run_by)
    values (s.name, s.id, 'schedule', instant, instant, which_attempt, started, greatest(started, dist._clock()), 'interrupted',
            'interrupted',
            how || case when st.crashes >= most then '' else '; it is tried again' end, s.owner);
    update dist.schedule_state x
       set crashes = st.crashes, next_run_at = greatest(st.next_run_at, dist._after_crash(st.crashes))
     where x.schedule_id = target;
    if st.crashes >= most then
        perform dist._quarantine(target, st.due_at, format('%s, %s times in a row', how, st.crashes));
    end if;
    return true;
end $$;
comment on function dist._interrupted(integer, timestamptz, integer, timestamptz, text) is
    'Internal: records that a run was cut off in the middle, and quarantines a schedule whose runs are cut off again and again';
