-- How a due schedule runs: claim, attempt, record, advance, in one transaction. Called by the worker's runners,
-- dist.tick and dist.run_now as the owner of the extension; the steps themselves run as the schedule's owner.

create function dist._run_steps(schedule_id integer, run_trigger text, due_at timestamptz, as_of timestamptz, attempt integer,
                                nowait boolean)
    returns bigint
    language c volatile
    as 'MODULE_PATHNAME', 'run_steps_wrapper';
comment on function dist._run_steps(integer, text, timestamptz, timestamptz, integer, boolean) is
    'Internal: takes the locks, runs the steps as the schedule''s owner, writes the run''s row, returns its id; null when a lock is held and is not to be waited for';

-- One attempt. status: succeeded, failed, broken (failed, and trying again is of no use), cancelled; null when something the
-- run needs is locked and it is to stay due.
create function dist._attempt(s dist.schedule, run_trigger text, due timestamptz, about timestamptz, attempt integer,
                              nowait boolean, out run_id bigint, out status text, out message text)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    started timestamptz := clock_timestamp();
    targets text[];
    outermost boolean;
    stopped record;
    e_sqlstate text;
    e_detail text;
    e_hint text;
    e_context text;
    original jsonb;
begin
    outermost := dist._run_begins(s.id, s.name, run_trigger, due, date_part('epoch', dist._run_timeout(s.run_timeout)));
    begin
        perform dist._last_failure();
        run_id := dist._run_steps(s.id, run_trigger, due, about, attempt, nowait);
        if run_id is null then
            perform dist._run_ends(outermost);
            return;
        end if;
        perform dist._run_done(outermost);
        status := 'succeeded';
        return;
    exception when query_canceled or assert_failure or others then
        get stacked diagnostics e_sqlstate = returned_sqlstate, message = message_text,
            e_detail = pg_exception_detail, e_hint = pg_exception_hint, e_context = pg_exception_context;
    end;
    original := dist._last_failure();
    if original ->> 'message' = message then
        e_sqlstate := original ->> 'sqlstate';
        e_context := original ->> 'context';
    end if;
    status := 'failed';
    -- Stopped for its timeout, or because somebody cancelled it. What it failed of in that same moment is its own.
    select * into stopped from dist._run_ends(outermost);
    if stopped.status is not null and e_sqlstate = '57014' then
        status := stopped.status;
        message := stopped.message;
        e_hint := stopped.hint;
    end if;
    targets := array(select p.target from dist.step p where p.schedule = s.name and p.active and p.action = 'transfer' and p.target is not null);
    insert into dist.run (schedule, schedule_id, transfer, trigger, due_at, as_of, attempt, started_at, finished_at, status,
                          sqlstate, message, detail, hint, context, run_by)
    values (s.name, s.id, case when cardinality(targets) = 1 then targets[1] end,
            run_trigger, due, about, attempt, started, clock_timestamp(), status,
            e_sqlstate, message, nullif(e_detail, ''), nullif(e_hint, ''), nullif(e_context, ''), s.owner)
    returning dist.run.id into run_id;
    if status = 'failed' and dist._failed_to_compile() then
        status := 'broken';
    end if;
end $$;
comment on function dist._attempt(dist.schedule, text, timestamptz, timestamptz, integer, boolean) is
    'Internal: runs a schedule''s steps in a subtransaction; a failure leaves the failed run''s row and nothing else';

-- How a schedule deals with what does not go by plan: its row, with policies where it leaves something open, in seconds.
create function dist._terms(s dist.schedule) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    limits jsonb := dist._limits();
begin
    return to_jsonb(s) || jsonb_build_object(
        'misfire_grace', limits -> 'misfire_grace',
        'misfire_window', coalesce(to_jsonb(extract(epoch from s.misfire_window)), limits -> 'misfire_window'),
        'misfire_max', coalesce(to_jsonb(s.misfire_max), limits -> 'misfire_max'),
        'retry_after', extract(epoch from s.retry_after),
        'retry_max', limits -> 'retry_max');
end $$;
comment on function dist._terms(dist.schedule) is 'Internal: a schedule''s row with the policies that fill it in, as src/standing.rs reads it';

-- The two questions to src/firing: which of the instants that are due is run, and where the schedule stands afterwards.
create function dist._choose(schedule jsonb, state jsonb, at timestamptz,
                             out run timestamptz, out skipped_from timestamptz, out skipped_to timestamptz)
    returns setof record
    language c stable rows 1
    as 'MODULE_PATHNAME', 'choose_wrapper';
comment on function dist._choose(jsonb, jsonb, timestamptz) is
    'Internal: the instant that a due schedule runs (null = none), and the range that it gives up before';

create function dist._advance(schedule jsonb, state jsonb, run timestamptz, given_up timestamptz, outcome text,
                              claimed timestamptz, finished timestamptz,
                              out next_run_at timestamptz, out due_at timestamptz, out attempt integer, out queued boolean,
                              out runs integer, out failures integer, out ended text,
                              out skipped_from timestamptz, out skipped_to timestamptz, out cause text)
    returns setof record
    language c stable rows 1
    as 'MODULE_PATHNAME', 'advance_wrapper';
comment on function dist._advance(jsonb, jsonb, timestamptz, timestamptz, text, timestamptz, timestamptz) is
    'Internal: where a schedule stands after a run, and the range that passed during it';

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
    terms jsonb;
    choice record;
    attempted record;
    following record;
    outcome text := 'none';
    message text;
    cancelled timestamptz;
begin
    -- Its own run calls dist.tick.
    if dist._runs_here(target) then
        return 'idle';
    end if;
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
    terms := dist._terms(s);
    select * into choice from dist._choose(terms, to_jsonb(st), as_of);
    if choice.run is not null then
        -- An edited plan can come to an instant at which it has run already (dist.tick had gone ahead of the clock).
        if exists (select from dist.run r
                    where r.schedule_id = target and r.due_at = choice.run and r.status = 'succeeded' and r.trigger = 'schedule') then
            outcome := 'repeated';
        elsif not dist._mark(target, choice.run, st.attempt, st.crashes > 0) then
            return 'busy';
        else
            attempted := dist._attempt(s, 'schedule', choice.run, choice.run, st.attempt, live);
            if attempted.status is null then
                return 'busy';
            end if;
            outcome := attempted.status;
            -- Not read from the record below, for where nothing was attempted that has no columns.
            message := attempted.message;
        end if;
    end if;
    perform dist._note_skipped(s, choice.skipped_from, choice.skipped_to, 'misfire');
    select * into following
      from dist._advance(terms, to_jsonb(st), choice.run, choice.skipped_to, outcome, as_of,
                         case when live then greatest(as_of, clock_timestamp()) else as_of end);
    perform dist._note_skipped(s, following.skipped_from, following.skipped_to, following.cause);
    -- What its plan names and no clock shows, up to the next run.
    if s.dst_gap = 'skip' and following.due_at > choice.run then
        perform dist._note_skipped(s, a.at, a.at, a.cause)
           from dist._ahead(array[dist._plan(s)], array[following.due_at], array[null::integer], choice.run, following.due_at, 1000) a
          where a.cause = 'dst';
    end if;
    -- Cancelling does not wait for a run.
    select x.cancelled_at into cancelled from dist.schedule x where x.id = target;
    update dist.schedule_state x
       set next_run_at = case when cancelled is null then following.next_run_at end,
           due_at = following.due_at, attempt = following.attempt, queued = following.queued,
           runs = following.runs, failures = following.failures,
           crashes = case when outcome in ('none', 'repeated') then st.crashes else 0 end,
           ended = case when cancelled is not null then 'cancelled' else following.ended end,
           note = case when following.ended in ('failed', 'quarantined') then message end
     where x.schedule_id = target;
    if following.ended = 'quarantined' then
        perform dist._tell_quarantine(s.name, choice.run, message);
    elsif outcome in ('failed', 'cancelled') or outcome = 'succeeded' and (st.failures > 0 or st.attempt > 1) then
        perform dist._tell(s, st, choice.run, outcome, message, following.ended);
    end if;
    return 'fired';
end $$;
comment on function dist._fire(integer, timestamptz, boolean) is 'Internal: fires one due schedule and advances it, in one transaction';
