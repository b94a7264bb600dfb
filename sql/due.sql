-- Which schedules are due, and who may run them: dist.tick, dist.run_now and the worker's runners ask here.

-- What is due, in the order in which it is to run: by instant; at one instant retrievals before distributions; by name.
create function dist._due(as_of timestamptz, for_role name) returns table (schedule_id integer, owner name, due_at timestamptz, objects text[])
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
        select st.schedule_id, s.owner, st.next_run_at, about.objects
          from dist.schedule_state st
          join dist.schedule s on s.id = st.schedule_id
          cross join lateral (
              select array_agg(t.object) as objects, coalesce(bool_or(t.kind = 'distribution'), false) as distributes
                from dist.step p
                join dist.transfer t on t.name = p.target
               where p.schedule = s.name and p.active and p.action = 'transfer') about
         where st.next_run_at <= as_of and s.enabled and s.cancelled_at is null
           and (for_role is null or s.owner = for_role)
         order by st.next_run_at,
                  about.distributes,
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

-- A schedule, for whoever may start and stop its runs.
create function dist._schedule_for(schedule_name text, caller name, hint text) returns dist.schedule
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    s dist.schedule;
begin
    perform dist._check_schedule_name(schedule_name);
    select * into s from dist.schedule where name = schedule_name;
    if not dist._may_run(caller, s.owner) then
        perform dist._refuse('schedule', s.name, '42501', format('role %L is not a member of the owner %L', caller, s.owner), hint);
    end if;
    return s;
end $$;
comment on function dist._schedule_for(text, name, text) is 'Internal: a schedule whose runs the caller may start and stop; refuses all others';

-- Instant by instant, for a run can make another one due, and what is made up for comes to its next instant.
create function dist._tick(as_of timestamptz, caller name) returns integer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    fired integer := 0;
    earliest timestamptz;
    target integer;
    busy integer[] := '{}';
begin
    perform dist._refuse_paused_copy();
    loop
        select st.next_run_at into earliest
          from dist.schedule_state st
          join dist.schedule s on s.id = st.schedule_id
         where st.next_run_at <= as_of and s.enabled and s.cancelled_at is null
           and st.schedule_id <> all (busy) and dist._may_run(caller, s.owner)
         order by st.next_run_at
         limit 1;
        exit when not found;
        foreach target in array array(
            select d.schedule_id from dist._due(earliest, null) d
             where d.schedule_id <> all (busy) and dist._may_run(caller, d.owner))
        loop
            if dist._fire(target, as_of, false) = 'fired' then
                fired := fired + 1;
            else
                busy := busy || target;
            end if;
        end loop;
    end loop;
    return fired;
end $$;
comment on function dist._tick(timestamptz, name) is 'Internal: fires all that is due as of an instant and that the caller may run';

create function dist._run_now(schedule_name text, caller name) returns bigint
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    s dist.schedule := dist._schedule_for(schedule_name, caller,
        'A schedule runs with its owner''s rights, so only a member of that role can run it now.');
    most bigint := dist._policy_value('manual_runs_per_day');
    made bigint;
begin
    if s.cancelled_at is not null then
        perform dist._refuse('schedule', s.name, '55000', 'it has been cancelled', 'Make a new schedule.');
    end if;
    if not exists (select from dist.step p where p.schedule = s.name and p.active and p.target is not null) then
        perform dist._refuse('schedule', s.name, '55000', 'it has no complete, active step', 'Insert a row into dist.step.');
    end if;
    begin
        -- Its own run calls dist.run_now.
        if dist._runs_here(s.id) then
            raise lock_not_available;
        end if;
        perform from dist.schedule_state x where x.schedule_id = s.id for update nowait;
    exception when lock_not_available then
        perform dist._refuse('schedule', s.name, '55006', 'it is running', 'Wait until the run has finished.');
    end;
    -- Counted under that lock, so that two who ask at once cannot both be the last.
    if most <= (select count(*) from dist.run r
                 where r.schedule_id = s.id and r.trigger = 'manual'
                   and r.as_of >= date_trunc('day', dist._clock() at time zone s.time_zone) at time zone s.time_zone) then
        perform dist._refuse('schedule', s.name, '54000', format('policy manual_runs_per_day: it has been run by hand %s times today', most),
            format('The day is that of %s. An admin can change the policy in dist.policy.', s.time_zone));
    end if;
    perform pg_try_advisory_xact_lock(dist._running_key(), s.id);
    select a.run_id into made from dist._attempt(s, 'manual', null, dist._clock(), 1, false) a;
    return made;
end $$;
comment on function dist._run_now(text, name) is 'Internal: runs a schedule by hand; its plan is not disturbed';
