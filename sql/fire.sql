-- How a due schedule runs: claim, attempt, record, advance, in one transaction (src/router/fire.rs). What is done at each fire is done
-- there; what is done now and then is here. The worker's runners, dist.tick and dist.run_now come there with the rights of the
-- extension's owner; the steps themselves run as the schedule's owner.

create function dist._fire(target integer, as_of timestamptz, live boolean)
    returns text
    language c volatile strict
    as 'MODULE_PATHNAME', 'fire_wrapper';
comment on function dist._fire(integer, timestamptz, boolean) is
    'Internal: fires one due schedule and advances it, in one transaction; live: the clock is the wall clock (worker), not as_of (dist.tick). Returns fired, more (one step of it was fired, and the next is to follow), busy (stays due, or somebody else has it) or idle (not due any more)';

create function dist._attempt(schedule_id integer, schedule_name text, owner text, zone text, run_timeout double precision,
                              as_of timestamptz, step integer default null, earlier bigint[] default null)
    returns table (run_id bigint, status text)
    language c volatile rows 1
    as 'MODULE_PATHNAME', 'attempt_wrapper';
comment on function dist._attempt(integer, text, text, text, double precision, timestamptz, integer, bigint[]) is
    'Internal: runs a schedule''s steps by hand, or one of them behind earlier runs, in a subtransaction; a failure leaves the failed run''s row and nothing else. status: succeeded, failed, broken (failed, and trying again is of no use) or cancelled';

create function dist._failed(schedule_id integer, schedule_name text, owner text, step integer, run_trigger text, due timestamptz,
                             about timestamptz, attempt integer, started timestamptz, status text,
                             sqlstate text, message text, detail text, hint text, context text)
    returns bigint
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    targets text[] := array(select p.target from dist.step p
                             where p.schedule = schedule_name and p.active and p.action = 'transfer' and p.target is not null
                               and (step is null or p.position = step));
    made bigint;
begin
    insert into dist.run (schedule, schedule_id, step, transfer, trigger, due_at, as_of, attempt, started_at, finished_at, status,
                          sqlstate, message, detail, hint, context, run_by)
    values (schedule_name, schedule_id, step, case when cardinality(targets) = 1 then targets[1] end,
            run_trigger, due, about, attempt, started, clock_timestamp(), status,
            sqlstate, message, nullif(detail, ''), nullif(hint, ''), nullif(context, ''), owner)
    returning dist.run.id into made;
    if status <> 'cancelled' then
        perform dist._write_events('failed', (select t.object from dist.transfer t where t.name = targets[1] and cardinality(targets) = 1),
                                   null, null, about, made, schedule_name,
                                   jsonb_build_object('schedule', schedule_name, 'trigger', run_trigger, 'due_at', due, 'attempt', attempt,
                                                      'sqlstate', sqlstate, 'message', message)
                                   || case when step is null then '{}' else jsonb_build_object('step', step) end);
    end if;
    return made;
end $$;
comment on function dist._failed(integer, text, text, integer, text, timestamptz, timestamptz, integer, timestamptz, text, text, text, text, text, text) is
    'Internal: writes the row of a run that has failed or was cancelled, whose effects have been taken back, and tells of it';

-- Where each step has a transaction of its own: what of an instant has been committed. The ledger itself says so, so that
-- nothing is done twice, whatever happens between two steps.
create function dist._steps_left(schedule_id integer, schedule_name text, due timestamptz,
                                 out step integer, out more boolean, out earlier bigint[])
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    earlier := array(select r.id from dist.run r
                      where r.schedule_id = schedule_id and r.due_at = due and r.status = 'succeeded' and r.trigger = 'schedule'
                        and r.step is not null
                      order by r.id);
    select min(p.position), count(*) > 1 into step, more
      from dist.step p
     where p.schedule = schedule_name and p.active and p.target is not null
       and p.position not in (select r.step from dist.run r where r.id = any (earlier))
       -- All of it was one run then.
       and not exists (select from dist.run r
                        where r.schedule_id = schedule_id and r.due_at = due and r.status = 'succeeded' and r.trigger = 'schedule'
                          and r.step is null);
end $$;
comment on function dist._steps_left(integer, text, timestamptz) is
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

create function dist._note_gaps(target integer, after timestamptz, up_to timestamptz) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    s dist.schedule;
begin
    select * into s from dist.schedule x where x.id = target;
    perform dist._note_skipped(s, a.at, a.at, a.cause)
       from dist._ahead(array[dist._plan(s)], array[up_to], array[null::integer], after, up_to, 1000) a
      where a.cause = 'dst';
end $$;
comment on function dist._note_gaps(integer, timestamptz, timestamptz) is
    'Internal: records the local times of a plan between two of its instants that no clock showed';
