-- How a due schedule runs: claim, attempt, record, advance, in one transaction. Called by the worker's runners,
-- dist.tick and dist.run_now as the owner of the extension; the steps themselves run as the schedule's owner.

create function dist._run_steps(schedule_id integer, run_trigger text, due_at timestamptz, as_of timestamptz, attempt integer)
    returns bigint
    language c volatile
    as 'MODULE_PATHNAME', 'run_steps_wrapper';
comment on function dist._run_steps(integer, text, timestamptz, timestamptz, integer) is
    'Internal: takes the locks, runs the steps as the schedule''s owner, writes the run''s row, returns its id';

-- Returns the id of the run's row, failed or not; null when something the run needs is locked and it is to stay due.
create function dist._attempt(s dist.schedule, run_trigger text, due timestamptz, about timestamptz, nowait boolean)
    returns bigint
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    started timestamptz := clock_timestamp();
    targets text[] := array(select p.target from dist.step p
                             where p.schedule = s.name and p.active and p.target is not null);
    id bigint;
    e_sqlstate text;
    e_message text;
    e_detail text;
    e_hint text;
    e_context text;
    original jsonb;
begin
    begin
        perform dist._lock_transfers(targets, nowait);
    exception when lock_not_available then
        return null;
    end;
    begin
        perform dist._last_failure();
        return dist._run_steps(s.id, run_trigger, due, about, 1);
    exception when query_canceled or assert_failure or others then
        get stacked diagnostics e_sqlstate = returned_sqlstate, e_message = message_text,
            e_detail = pg_exception_detail, e_hint = pg_exception_hint, e_context = pg_exception_context;
    end;
    original := dist._last_failure();
    if original ->> 'message' = e_message then
        e_sqlstate := original ->> 'sqlstate';
        e_context := original ->> 'context';
    end if;
    insert into dist.run (schedule, schedule_id, transfer, trigger, due_at, as_of, started_at, finished_at, status,
                          sqlstate, message, detail, hint, context, run_by)
    values (s.name, s.id, case when cardinality(targets) = 1 then targets[1] end,
            run_trigger, due, about, started, clock_timestamp(), 'failed',
            e_sqlstate, e_message, nullif(e_detail, ''), nullif(e_hint, ''), nullif(e_context, ''), s.owner)
    returning dist.run.id into id;
    return id;
end $$;
comment on function dist._attempt(dist.schedule, text, timestamptz, timestamptz, boolean) is
    'Internal: runs a schedule''s steps in a subtransaction; a failure leaves the failed run''s row and nothing else';

-- Fires one schedule if it is due. live: the clock is the wall clock (worker), not as_of (dist.tick).
-- Returns fired, busy (stays due) or idle (not due any more, or somebody else has it).
create function dist._fire(target integer, as_of timestamptz, live boolean)
    returns text
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    st dist.schedule_state;
    s dist.schedule;
    due timestamptz;
    following timestamptz;
    resume_from timestamptz;
    next_due timestamptz;
    missed timestamptz;
    cancelled timestamptz;
begin
    select * into st from dist.schedule_state x
     where x.schedule_id = target and x.next_run_at <= as_of
       for update skip locked;
    if not found then
        return 'idle';
    end if;
    select * into s from dist.schedule x where x.id = target and x.enabled and x.cancelled_at is null;
    if not found then
        return 'idle';
    end if;
    -- What keeps others out is the state's row; this only lets them see (dist._is_running).
    perform pg_try_advisory_xact_lock(dist._running_key(), target);
    due := st.next_run_at;
    if s.misfire = 'skip'
       and as_of - due > make_interval(secs => (select p.value from dist.policies p where p.name = 'misfire_grace')) then
        missed := due;
    elsif exists (select from dist.run r
                   where r.schedule_id = target and r.due_at = due and r.status = 'succeeded' and r.trigger = 'schedule') then
        -- An edited plan can come to an instant at which it has run already (dist.tick had gone ahead of the clock).
        null;
    elsif dist._attempt(s, 'schedule', due, due, live) is null then
        return 'busy';
    else
        st.runs := st.runs + 1;
    end if;
    -- Later instants that have passed meanwhile, in an outage or while this very run was going on.
    resume_from := case when live then greatest(as_of, clock_timestamp()) else as_of end;
    following := dist._check_plan(to_jsonb(s), due);
    if following > resume_from or s.misfire = 'all' or st.runs >= s.max_runs then
        next_due := following;
    else
        missed := coalesce(missed, following);
        next_due := dist._check_plan(to_jsonb(s), resume_from);
    end if;
    if st.runs >= s.max_runs then
        next_due := null;
    end if;
    -- Cancelling does not wait for a run.
    select x.cancelled_at into cancelled from dist.schedule x where x.id = target;
    if missed is not null then
        perform dist._note_skipped(s, missed, resume_from,
            'misfire: every instant from due_at to due_to passed in an outage or during a run');
    end if;
    update dist.schedule_state x
       set next_run_at = case when cancelled is null then next_due end, runs = st.runs,
           ended = case when cancelled is not null then 'cancelled' when next_due is null then 'done' end
     where x.schedule_id = target;
    return 'fired';
end $$;
comment on function dist._fire(integer, timestamptz, boolean) is 'Internal: fires one due schedule and advances it, in one transaction';

-- What is due, in the order in which it is to run: by instant; at one instant retrievals before distributions; by name.
create function dist._due(as_of timestamptz, for_role name) returns table (schedule_id integer, owner name, due_at timestamptz)
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
        select st.schedule_id, s.owner, st.next_run_at
          from dist.schedule_state st
          join dist.schedule s on s.id = st.schedule_id
         where st.next_run_at <= as_of and s.enabled and s.cancelled_at is null
           and (for_role is null or s.owner = for_role)
         order by st.next_run_at,
                  exists (select from dist.step p join dist.transfer t on t.name = p.target
                           where p.schedule = s.name and p.active and t.kind = 'distribution'),
                  s.name collate "C";
end $$;
comment on function dist._due(timestamptz, name) is 'Internal: due schedules in the order in which they are to run; for_role null = of all owners';

-- A schedule whose owner's role is gone is left to superusers, under whose hands its run fails and says why.
create function dist._may_run(caller name, owner name) returns boolean
    language sql stable
    set search_path = pg_catalog, pg_temp
    return coalesce((select pg_has_role(caller, o.oid, 'member') from pg_roles o where o.rolname = owner),
                    (select c.rolsuper from pg_roles c where c.rolname = caller));
comment on function dist._may_run(name, name) is 'Internal: whether a role may start runs of a schedule''s owner';

create function dist._tick(as_of timestamptz, caller name) returns integer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    fired integer := 0;
    outcome text;
    target integer;
    busy integer[] := '{}';
begin
    loop
        select d.schedule_id into target
          from dist._due(as_of, null) d
         where d.schedule_id <> all (busy) and dist._may_run(caller, d.owner)
         limit 1;
        exit when not found;
        outcome := dist._fire(target, as_of, false);
        if outcome = 'fired' then
            fired := fired + 1;
        else
            busy := busy || target;
        end if;
    end loop;
    return fired;
end $$;
comment on function dist._tick(timestamptz, name) is 'Internal: fires all that is due as of an instant and that the caller may run';

create function dist._run_now(schedule_name text, caller name) returns bigint
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    s dist.schedule;
begin
    perform dist._check_schedule_name(schedule_name);
    select * into s from dist.schedule where name = schedule_name;
    if not dist._may_run(caller, s.owner) then
        perform dist._refuse('schedule', s.name, '42501', format('role %L is not a member of the owner %L', caller, s.owner),
            'A schedule runs with its owner''s rights, so only a member of that role can run it now.');
    end if;
    if s.cancelled_at is not null then
        perform dist._refuse('schedule', s.name, '55000', 'it has been cancelled', 'Make a new schedule.');
    end if;
    if not exists (select from dist.step p where p.schedule = s.name and p.active and p.target is not null) then
        perform dist._refuse('schedule', s.name, '55000', 'it has no complete, active step', 'Insert a row into dist.step.');
    end if;
    begin
        perform from dist.schedule_state x where x.schedule_id = s.id for update nowait;
    exception when lock_not_available then
        perform dist._refuse('schedule', s.name, '55006', 'it is running', 'Wait until the run has finished.');
    end;
    perform pg_try_advisory_xact_lock(dist._running_key(), s.id);
    return dist._attempt(s, 'manual', null, clock_timestamp(), false);
end $$;
comment on function dist._run_now(text, name) is 'Internal: runs a schedule by hand; its plan is not disturbed';
