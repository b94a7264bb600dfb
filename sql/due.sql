-- What is due, schedules and tasks, and who may run it: dist.tick, dist.run_now and the worker's runners ask here.

-- What is due, in the order in which it is to run: by instant; at one instant what takes records from their owners comes
-- before what gives them away; by name. A schedule has a number; a task (dist.task) has none, but its kind and name.
create function dist._due(as_of timestamptz, for_role name)
    returns table (schedule_id integer, kind text, name text, owner name, due_at timestamptz, objects text[])
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
        select d.schedule_id, d.kind, d.name, d.owner, d.due_at, d.objects
          from (select st.schedule_id, null::text as kind, s.name, s.owner, st.next_run_at as due_at, about.objects,
                       case when about.distributes then 2 else 0 end as place
                  from dist.schedule_state st
                  join dist.schedule s on s.id = st.schedule_id
                  cross join lateral (
                      select array_agg(t.object) as objects, coalesce(bool_or(t.kind = 'distribution'), false) as distributes
                        from dist.step p
                        join dist.transfer t on t.name = p.target
                       where p.schedule = s.name and p.active and p.action = 'transfer') about
                 where st.next_run_at <= as_of and s.enabled and s.cancelled_at is null
                   and (for_role is null or s.owner = for_role)
                union all
                select null, a.kind, a.name, a.owner, min(a.due_at), array_remove(array[min(t.object)], null),
                       -- An object's automations in the order that they say.
                       case when a.kind in ('hopper', 'sla') then 1 else 3 end + coalesce(min(m.position), 0)
                  from dist._agenda a
                  join dist.task t on t.kind = a.kind and t.name = a.name
                  left join dist.automation m on a.kind = 'automation' and m.name = a.name
                 where a.due_at <= as_of and a.schedule_id is null and (for_role is null or a.owner = for_role)
                 group by a.kind, a.name, a.owner) d
         order by d.due_at, d.place, d.kind collate "C", d.name collate "C";
end $$;
comment on function dist._due(timestamptz, name) is 'Internal: what is due, in the order in which it is to run; for_role null = of all owners';

-- A schedule whose owner's role is gone is left to admins, under whose hands its run fails and says why.
create function dist._may_run(caller name, owner name) returns boolean
    language sql stable
    set search_path = pg_catalog, pg_temp
    return pg_has_role(caller, 'dist_admin', 'member')
           or coalesce((select pg_has_role(caller, o.oid, 'member') from pg_roles o where o.rolname = owner), false);
comment on function dist._may_run(name, name) is 'Internal: whether a role may start runs of a schedule''s owner';

-- A schedule, for whoever may start and stop its runs.
create function dist._schedule_for(schedule_name text, caller name, hint text) returns dist.schedule
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    s dist.schedule;
begin
    perform dist._check_schedule_name(schedule_name, caller);
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
    one record;
    outcome text;
    busy text[] := '{}';
begin
    perform dist._refuse_paused_copy();
    loop
        select a.due_at into earliest
          from dist._agenda a
         where a.due_at <= as_of and coalesce(a.kind || ':' || a.name, a.schedule_id::text) <> all (busy)
           and dist._may_run(caller, a.owner)
         order by a.due_at
         limit 1;
        exit when not found;
        for one in
            select d.schedule_id, d.kind, d.name, coalesce(d.kind || ':' || d.name, d.schedule_id::text) as called
              from dist._due(earliest, null) d
             where coalesce(d.kind || ':' || d.name, d.schedule_id::text) <> all (busy) and dist._may_run(caller, d.owner)
        loop
            if one.kind is null then
                outcome := dist._fire(one.schedule_id, as_of, false);
            else
                -- As of its own instant: nothing is to be seen that comes after what is still to be done.
                outcome := dist._do_task(one.kind, one.name, earliest, false);
            end if;
            if outcome = 'fired' then
                fired := fired + 1;
            else
                busy := busy || one.called;
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
