-- How a due schedule runs: claim, attempt, record, advance, in one transaction. Called by the worker's runners,
-- dist.tick and dist.run_now as the owner of the extension; the steps themselves run as the schedule's owner.

create function dist._run_steps(schedule_id integer, schedule_name text, owner text, run_trigger text, due_at timestamptz,
                                as_of timestamptz, attempt integer, nowait boolean, zone text,
                                step integer default null, earlier bigint[] default null)
    returns bigint
    language c volatile
    as 'MODULE_PATHNAME', 'run_steps_wrapper';
comment on function dist._run_steps(integer, text, text, text, timestamptz, timestamptz, integer, boolean, text, integer, bigint[]) is
    'Internal: takes the locks, runs the steps as the schedule''s owner (or one of them, behind earlier runs), writes the run''s row, returns its id; null when a lock is held and is not to be waited for';

-- One attempt. status: succeeded, failed, broken (failed, and trying again is of no use), cancelled; null when something the
-- run needs is locked and it is to stay due. Here and below, an assignment costs a fraction of what PERFORM costs.
create function dist._attempt(s dist.schedule, run_trigger text, due timestamptz, about timestamptz, attempt integer,
                              nowait boolean, step integer default null, earlier bigint[] default null,
                              out run_id bigint, out status text, out message text)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    started timestamptz := clock_timestamp();
    targets text[];
    outermost boolean;
    done boolean;
    stopped record;
    e_sqlstate text;
    e_detail text;
    e_hint text;
    e_context text;
    original jsonb;
begin
    outermost := dist._run_begins(s.id, s.name, run_trigger, due, date_part('epoch', s.run_timeout));
    begin
        original := dist._last_failure();
        run_id := dist._run_steps(s.id, s.name, s.owner, run_trigger, due, about, attempt, nowait, s.time_zone, step, earlier);
        if run_id is null then
            perform dist._run_ends(outermost);
            return;
        end if;
        done := dist._run_done(outermost);
        status := 'succeeded';
        return;
    exception when query_canceled or assert_failure or others then
        get stacked diagnostics e_sqlstate = returned_sqlstate, message = message_text,
            e_detail = pg_exception_detail, e_hint = pg_exception_hint, e_context = pg_exception_context;
    end;
    -- Somebody else held one of its records: it stays due, as where a lock of ours is held.
    if nowait and e_sqlstate = '55P03' and dist._gave_way() then
        message := null;
        perform dist._run_ends(outermost);
        return;
    end if;
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
    targets := array(select p.target from dist.step p
                      where p.schedule = s.name and p.active and p.action = 'transfer' and p.target is not null
                        and (step is null or p.position = step));
    insert into dist.run (schedule, schedule_id, step, transfer, trigger, due_at, as_of, attempt, started_at, finished_at, status,
                          sqlstate, message, detail, hint, context, run_by)
    values (s.name, s.id, step, case when cardinality(targets) = 1 then targets[1] end,
            run_trigger, due, about, attempt, started, clock_timestamp(), status,
            e_sqlstate, message, nullif(e_detail, ''), nullif(e_hint, ''), nullif(e_context, ''), s.owner)
    returning dist.run.id into run_id;
    if status <> 'cancelled' then
        perform dist._write_events('failed', (select t.object from dist.transfer t where t.name = targets[1] and cardinality(targets) = 1),
                                   null, null, about, run_id, s.name,
                                   jsonb_build_object('schedule', s.name, 'trigger', run_trigger, 'due_at', due, 'attempt', attempt,
                                                      'sqlstate', e_sqlstate, 'message', message)
                                   || case when step is null then '{}' else jsonb_build_object('step', step) end);
    end if;
    if status = 'failed' and dist._failed_to_compile() then
        status := 'broken';
    end if;
end $$;
comment on function dist._attempt(dist.schedule, text, timestamptz, timestamptz, integer, boolean, integer, bigint[]) is
    'Internal: runs a schedule''s steps, or one of them, in a subtransaction; a failure leaves the failed run''s row and nothing else';

-- The two questions to src/firing: which of the instants that are due is run, and where the schedule stands afterwards.
-- schedule and state are their rows; intervals of the former come in seconds. Between the two the session keeps what was read.
create function dist._choose(schedule_id integer, schedule jsonb, misfire_window double precision, retry_after double precision,
                             state jsonb, at timestamptz,
                             out run timestamptz, out skipped_from timestamptz, out skipped_to timestamptz)
    returns setof record
    language c volatile rows 1
    as 'MODULE_PATHNAME', 'choose_wrapper';
comment on function dist._choose(integer, jsonb, double precision, double precision, jsonb, timestamptz) is
    'Internal: the instant that a due schedule runs (null = none), and the range that it gives up before';

create function dist._advance(schedule_id integer, run timestamptz, given_up timestamptz, outcome text,
                              claimed timestamptz, finished timestamptz,
                              out next_run_at timestamptz, out due_at timestamptz, out attempt integer, out queued boolean,
                              out runs integer, out failures integer, out ended text,
                              out skipped_from timestamptz, out skipped_to timestamptz, out cause text)
    returns setof record
    language c volatile rows 1
    as 'MODULE_PATHNAME', 'advance_wrapper';
comment on function dist._advance(integer, timestamptz, timestamptz, text, timestamptz, timestamptz) is
    'Internal: where a schedule stands after a run that dist._choose has chosen, and the range that passed during it';

-- Where each step has a transaction of its own: what of an instant has been committed. The ledger itself says so, so that
-- nothing is done twice, whatever happens between two steps.
create function dist._steps_left(s dist.schedule, due timestamptz, out step integer, out more boolean, out earlier bigint[])
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    earlier := array(select r.id from dist.run r
                      where r.schedule_id = s.id and r.due_at = due and r.status = 'succeeded' and r.trigger = 'schedule' and r.step is not null
                      order by r.id);
    select min(p.position), count(*) > 1 into step, more
      from dist.step p
     where p.schedule = s.name and p.active and p.target is not null
       and p.position not in (select r.step from dist.run r where r.id = any (earlier))
       -- All of it was one run then.
       and not exists (select from dist.run r
                        where r.schedule_id = s.id and r.due_at = due and r.status = 'succeeded' and r.trigger = 'schedule' and r.step is null);
end $$;
comment on function dist._steps_left(dist.schedule, timestamptz) is
    'Internal: the first step of an instant that has not been committed, whether there are more, and the runs of those that have been';

-- Asked only of instants up to dist.schedule_state.ran_until. Rarely, and dist.run grows: so it is planned each time.
create function dist._has_run(target integer, at timestamptz, in_steps boolean) returns boolean
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    it_has boolean;
begin
    execute 'select exists (select from dist.run r
                             where r.schedule_id = $1 and r.due_at = $2 and r.status = ''succeeded'' and r.trigger = ''schedule''
                               and (r.step is not null or not $3))'
       into it_has using target, at, in_steps;
    return it_has;
end $$;
comment on function dist._has_run(integer, timestamptz, boolean) is
    'Internal: whether a schedule has run well at an instant by its plan, or steps of it have';

-- Fires one schedule if it is due. live: the clock is the wall clock (worker), not as_of (dist.tick).
-- Returns fired, more (one step of it was fired, and the next is to follow), busy (stays due, or somebody else has it) or idle (not
-- due any more).
create function dist._fire(target integer, as_of timestamptz, live boolean)
    returns text
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    st dist.schedule_state;
    s dist.schedule;
    seen boolean;
    tried boolean := false;
    choice record;
    attempted record;
    following record;
    place record;
    outcome text := 'none';
    message text;
begin
    -- Its own run calls dist.tick.
    if dist._runs_here(target) then
        return 'idle';
    end if;
    select * into st from dist.schedule_state x
     where x.schedule_id = target and x.next_run_at <= as_of
       for update skip locked;
    if not found then
        return case when exists (select from dist.schedule_state x where x.schedule_id = target and x.next_run_at <= as_of) then 'busy' else 'idle' end;
    end if;
    -- Read once its state is locked: nobody edits it any more.
    select x as schedule, c.run, c.skipped_from, c.skipped_to
      into choice
      from dist.schedule x
      left join lateral dist._choose(target, to_jsonb(x), date_part('epoch', x.misfire_window), date_part('epoch', x.retry_after),
                                     -- Of an instant that has been begun, the rest is run, whatever has passed since.
                                     case when x.transactions = 'run' or st.due_at > st.ran_until is not false then to_jsonb(st)
                                          else to_jsonb(st) || jsonb_build_object('begun', dist._has_run(target, st.due_at, true)) end,
                                     as_of) c on true
     where x.id = target and x.enabled and x.cancelled_at is null;
    if not found then
        return 'idle';
    end if;
    s := choice.schedule;
    -- What keeps others out is the state's row; this only lets them see (dist._is_running).
    seen := pg_try_advisory_xact_lock(dist._running_key(), target);
    if choice.run is not null then
        -- An edited plan can come to an instant at which it has run already (dist.tick had gone ahead of the clock).
        if choice.run <= st.ran_until then
            tried := dist._has_run(target, choice.run, false);
        end if;
        if s.transactions = 'step' then
            select * into place from dist._steps_left(s, choice.run);
        else
            select null::integer as step, false as more, null::bigint[] as earlier into place;
        end if;
        if place.step is null and (tried or s.transactions = 'step') then
            outcome := 'repeated';
        elsif not dist._mark(target, choice.run, st.attempt, st.crashes > 0) then
            return 'busy';
        else
            attempted := dist._attempt(s, 'schedule', choice.run, choice.run, st.attempt, live, place.step, place.earlier);
            if attempted.status is null then
                return 'busy';
            end if;
            if attempted.status = 'succeeded' and place.more then
                -- It stays due for the rest; the next step has its own attempts. Cancelling does not wait for a run.
                update dist.schedule_state x
                   set next_run_at = case when p.cancelled_at is null then choice.run end, due_at = choice.run, attempt = 1, queued = false, crashes = 0,
                       ran_until = greatest(x.ran_until, choice.run),
                       ended = case when p.cancelled_at is not null then 'cancelled' end
                  from dist.schedule p
                 where x.schedule_id = target and p.id = target;
                if choice.skipped_from is not null then
                    perform dist._note_skipped(s, choice.skipped_from, choice.skipped_to, 'misfire');
                end if;
                return 'more';
            end if;
            outcome := attempted.status;
            -- Not read from the record below, for where nothing was attempted that has no columns.
            message := attempted.message;
        end if;
    end if;
    -- Cancelling does not wait for a run.
    update dist.schedule_state x
       set next_run_at = case when p.cancelled_at is null then f.next_run_at end,
           due_at = f.due_at, attempt = f.attempt, queued = f.queued, runs = f.runs, failures = f.failures,
           crashes = case when outcome in ('none', 'repeated') then st.crashes else 0 end,
           ran_until = case when outcome = 'succeeded' then greatest(x.ran_until, choice.run) else x.ran_until end,
           ended = case when p.cancelled_at is not null then 'cancelled' else f.ended end,
           note = case when f.ended in ('failed', 'quarantined') then message end
      from dist.schedule p,
           dist._advance(target, choice.run, choice.skipped_to, outcome, as_of,
                         case when live then greatest(as_of, clock_timestamp()) else as_of end) f
     where x.schedule_id = target and p.id = target
    returning f.due_at, f.ended, f.skipped_from, f.skipped_to, f.cause into following;
    if choice.skipped_from is not null then
        perform dist._note_skipped(s, choice.skipped_from, choice.skipped_to, 'misfire');
    end if;
    if following.skipped_from is not null then
        perform dist._note_skipped(s, following.skipped_from, following.skipped_to, following.cause);
    end if;
    -- What its plan names and no clock shows, up to the next run.
    if s.dst_gap = 'skip' and following.due_at > choice.run then
        perform dist._note_skipped(s, a.at, a.at, a.cause)
           from dist._ahead(array[dist._plan(s)], array[following.due_at], array[null::integer], choice.run, following.due_at, 1000) a
          where a.cause = 'dst';
    end if;
    if following.ended = 'quarantined' then
        perform dist._tell_quarantine(s.name, choice.run, message);
    elsif outcome in ('failed', 'cancelled') or outcome = 'succeeded' and (st.failures > 0 or st.attempt > 1) then
        perform dist._tell(s, st, choice.run, outcome, message, following.ended);
    end if;
    return 'fired';
end $$;
comment on function dist._fire(integer, timestamptz, boolean) is 'Internal: fires one due schedule and advances it, in one transaction';
