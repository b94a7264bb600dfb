-- What is due, schedules and tasks, and who may run it: dist.tick, dist.run_now and the worker's runners ask here.

-- The schedules that are due at one instant, as [{id, name, place, refreshes, reads}, ...]: whose turn it is where something
-- refreshes what others read (src/firing/order.rs).
create function dist._turns(due jsonb) returns table (schedule_id integer, place integer, turn integer)
    language c immutable strict
    as 'MODULE_PATHNAME', 'turns_wrapper';
comment on function dist._turns(jsonb) is 'Internal: the order of what is due at one instant, where segments are refreshed';

-- What is due, in the order in which it is to run: by instant; at one instant refreshes before what reads the segment, what
-- takes records from their owners before what gives them away, then what edits or tells; by name. A schedule has a number; a
-- task (dist.task) has none, but its kind and name. Of tasks the place is 2, and from 5 on; of schedules see dist.schedule_state.
-- most: no more schedules of the role's than that are looked for, in that order, and no task that comes after them. An instant at
-- which something is refreshed is seen whole all the same, for that can change the order of all of it. What is left out comes
-- after everything that is not: whoever has dealt with what he has seen looks again.
-- waits: for some seconds what another owner has due at the same instant, about the same object, goes first where it has another
-- place (of alike ones the names decide within an owner: to hand an object to and fro by name would cost a look each time). It
-- has runners of its own, which may not get round to it: nobody waits for them for longer.
create function dist._due(as_of timestamptz, for_role name, most integer default null)
    returns table (schedule_id integer, kind text, name text, owner name, due_at timestamptz, objects text[], waits boolean)
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    -- Planned once, for whatever is due, and by the indexes on what is due also where the server knows nothing of the tables yet.
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set enable_bitmapscan = off
    set jit = off
as $$
#variable_conflict use_column
declare
    recently timestamptz := as_of - interval '5 seconds';
begin
    return query
        with first as materialized (
            (select st.schedule_id, st.schedule as name, st.owner, st.next_run_at as due_at, st.place, st.objects, st.segments, st.refreshes
               from dist._armed st
              where st.owner = for_role and st.next_run_at <= as_of
              order by st.next_run_at, st.place, st.schedule
              limit most)
            union all
            select st.schedule_id, st.schedule as name, st.owner, st.next_run_at, st.place, st.objects, st.segments, st.refreshes
              from dist._armed st
             where for_role is null and st.next_run_at <= as_of),
        instants as materialized (
            select f.due_at, max(f.place) as place,
                   exists (select from dist._armed r
                            where r.next_run_at = f.due_at and r.refreshes is not null
                              and (for_role is null or r.owner = for_role or f.due_at > recently and r.precedes)) as refreshed
              from first f
             group by f.due_at),
        due as materialized (
            select f.*
              from first f
              join instants i on i.due_at = f.due_at
             where for_role is null or not i.refreshed
            union all
            select st.schedule_id, st.schedule as name, st.owner, st.next_run_at, st.place, st.objects, st.segments, st.refreshes
              from instants i
             cross join lateral (select * from dist._armed st where st.next_run_at = i.due_at
                                    and (st.owner = for_role or i.due_at > recently and st.precedes) offset 0) st
             where for_role is not null and i.refreshed
            union all
            -- What others have that goes first.
            select st.schedule_id, st.schedule as name, st.owner, st.next_run_at, st.place, st.objects, st.segments, st.refreshes
              from instants i
             cross join lateral (select * from dist._armed st where st.next_run_at = i.due_at and st.place < i.place
                                    and st.precedes and st.owner <> for_role offset 0) st
             where i.due_at > recently and not i.refreshed),
        turns as materialized (
            select i.due_at, t.schedule_id, t.place, t.turn
              from (select d.due_at,
                           jsonb_agg(jsonb_build_object('id', d.schedule_id, 'name', d.name, 'place', d.place,
                                                        'refreshes', coalesce(d.refreshes, '{}'),
                                                        'reads', case when d.segments is null then '{}' else array(select dist._segment_parts(d.segments)) end)) as facts
                      from due d
                      join instants i on i.due_at = d.due_at
                     where i.refreshed
                     group by d.due_at) i
             cross join lateral dist._turns(i.facts) t),
        -- Up to where everything has been seen.
        seen as materialized (
            select f.due_at, case when i.refreshed then 32767 else f.place end as place
              from first f
              join instants i on i.due_at = f.due_at
             where (select count(*) from first) >= most
             order by f.due_at desc, f.place desc
             limit 1),
        ranked as materialized (
            select d.*, dense_rank() over (order by d.due_at, d.place, d.turn) as n
              from (select d.schedule_id, null::text as kind, d.name, d.owner, d.due_at, d.objects,
                           coalesce(t.place, d.place) as place, coalesce(t.turn, 0) as turn
                      from due d
                      left join turns t on t.due_at = d.due_at and t.schedule_id = d.schedule_id
                    union all
                    select a.*
                      from (select null::integer, a.kind, a.name, a.owner, min(a.due_at) as due_at, array_remove(array[min(t.object)], null),
                                   -- An object's automations in the order that they say.
                                   case when a.kind in ('hopper', 'sla') then 2 else 5 + coalesce(min(m.position), 0) end as place, 0
                              from dist._task_due a
                              join dist.task t on t.kind = a.kind and t.name = a.name
                              left join dist.automation m on a.kind = 'automation' and m.name = a.name
                             where a.due_at <= as_of and (for_role is null or a.owner = for_role)
                             group by a.kind, a.name, a.owner) a
                     where not exists (select from seen s where (a.due_at, a.place) > (s.due_at, s.place))) d),
        others as materialized (
            select r.due_at, o.object, r.owner, min(r.n) as n
              from ranked r, unnest(r.objects) o(object)
             where r.kind is null and r.due_at > recently and r.owner <> for_role
             group by r.due_at, o.object, r.owner),
        first_of_others as materialized (
            select o.due_at, o.object, min(o.n) as n
              from others o
             where o.owner in (select w.owner from (select distinct x.owner from others x) w where dist._owner_fault(w.owner) is null)
             group by o.due_at, o.object)
        select r.schedule_id, r.kind, r.name, r.owner, r.due_at, r.objects,
               r.kind is null and exists (select from first_of_others o where o.due_at = r.due_at and o.object = any (r.objects) and o.n < r.n)
          from ranked r
         where for_role is null or r.owner = for_role
         order by r.n, r.kind collate "C", r.name collate "C";
end $$;
comment on function dist._due(timestamptz, name, integer) is
    'Internal: what is due, or the first of it, in the order in which it is to run; for_role null = of all owners';

-- What many schedules that are due are about to run, for whoever makes it ready (src/router/foresight.rs); not what a step runs within a
-- segment, which is compiled for that step. By the indexes, as above.
create function dist._transfers_of(schedules integer[]) returns text[]
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set enable_bitmapscan = off
    set jit = off
as $$
begin
    return (select array_agg(t.target order by t.first)
              from (select p.target, min(i.place) as first
                      from unnest(schedules) with ordinality i(id, place)
                     cross join lateral (select s.name from dist.schedule s where s.id = i.id offset 0) s
                     cross join lateral (select p.target from dist.step p
                                          where p.schedule = s.name and p.active and p.action = 'transfer' and p.segment is null offset 0) p
                     where p.target is not null
                     group by p.target) t);
end $$;
comment on function dist._transfers_of(integer[]) is 'Internal: the transfers that schedules run, each once, in the order of the schedules';

-- Of one role, or of all. A session that runs users' text cannot set what this one sets for itself.
create function dist._next_due(after timestamptz, until timestamptz, for_role name default null) returns timestamptz
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set enable_hashjoin = off
    set enable_mergejoin = off
    set jit = off
as $$
declare
    of_schedules timestamptz;
begin
    -- The first by an index, however much becomes due within that time.
    if for_role is null then
        of_schedules := (select st.next_run_at from dist._armed st where st.next_run_at > after and st.next_run_at <= until
                          order by st.next_run_at limit 1);
    else
        of_schedules := (select st.next_run_at from dist._armed st where st.owner = for_role and st.next_run_at > after and st.next_run_at <= until
                          order by st.next_run_at limit 1);
    end if;
    return least(of_schedules, (select min(t.due_at) from dist._task_due t
                                 where t.due_at > after and t.due_at <= until and (for_role is null or t.owner = for_role)));
end $$;
comment on function dist._next_due(timestamptz, timestamptz, name) is 'Internal: the next instant within that time at which something is due, of a role or of anybody; null = none';

-- Who has something due by then, since when, up to when, and how much, or at least enough. Where little is due in all, it is
-- counted; else each owner is asked for the first and the last of it. By the indexes, as above.
create function dist._owners_due(by_then timestamptz, enough integer)
    returns table (owner name, earliest timestamptz, latest timestamptz, number bigint)
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set enable_bitmapscan = off
    set enable_hashjoin = off
    set enable_mergejoin = off
    set jit = off
as $$
#variable_conflict use_column
declare
    little integer := 500;
begin
    if (select count(*) from (select from dist.schedule_state st where st.next_run_at <= by_then limit little) a) < little then
        return query
            select a.owner, min(a.due_at), max(a.due_at), count(*)
              -- In the order of the index that has what is due at its beginning, and not in that of the owners.
              from ((select st.owner, st.next_run_at as due_at from dist._armed st where st.next_run_at <= by_then order by st.next_run_at limit little)
                    union all
                    select t.owner, t.due_at from dist._task_due t where t.due_at <= by_then) a
             group by a.owner;
        return;
    end if;
    return query
        with recursive owners (owner) as (
            (select st.owner from dist.schedule_state st where st.next_run_at is not null order by st.owner limit 1)
            union all
            select (select st.owner from dist.schedule_state st where st.next_run_at is not null and st.owner > o.owner order by st.owner limit 1)
              from owners o
             where o.owner is not null)
        select d.owner, min(d.earliest), max(d.latest), sum(d.number)::bigint
          from (select o.owner, f.earliest,
                       (select st.next_run_at
                          from dist._armed st
                         where st.owner = o.owner and st.next_run_at <= by_then
                         order by st.next_run_at desc
                         limit 1) as latest,
                       f.number
                  from owners o
                 cross join lateral (
                    select min(x.due_at) as earliest, count(*) as number
                      from (select st.next_run_at as due_at
                              from dist._armed st
                             where st.owner = o.owner and st.next_run_at <= by_then
                             order by st.next_run_at
                             limit enough) x) f
                 where f.number > 0
                union all
                select a.owner, min(a.due_at), max(a.due_at), count(*)
                  from dist._task_due a
                 where a.due_at <= by_then
                 group by a.owner) d
         group by d.owner;
end $$;
comment on function dist._owners_due(timestamptz, integer) is 'Internal: who has something due by then, since and up to when, and how much of it, counted up to enough';

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
    perform dist._refuse_template(s);
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
                loop
                    outcome := dist._fire(one.schedule_id, as_of, false);
                    exit when outcome <> 'more';
                end loop;
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
    about timestamptz := dist._clock();
    place integer;
    ended text;
    earlier bigint[] := '{}';
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
    if most <= (select count(distinct r.as_of) from dist.run r
                 where r.schedule_id = s.id and r.trigger = 'manual'
                   and r.as_of >= date_trunc('day', dist._clock() at time zone s.time_zone) at time zone s.time_zone) then
        perform dist._refuse('schedule', s.name, '54000', format('policy manual_runs_per_day: it has been run by hand %s times today', most),
            format('The day is that of %s. An admin can change the policy in dist.policy.', s.time_zone));
    end if;
    perform pg_try_advisory_xact_lock(dist._running_key(), s.id);
    if s.transactions = 'run' then
        select a.run_id into made from dist._attempt(s.id, s.name, s.owner, s.time_zone, date_part('epoch', s.run_timeout), about) a;
        return made;
    end if;
    -- Whoever calls commits all of it together; but a step that fails leaves those before it.
    for place in select p.position from dist.step p where p.schedule = s.name and p.active and p.target is not null order by p.position loop
        select a.run_id, a.status into made, ended
          from dist._attempt(s.id, s.name, s.owner, s.time_zone, date_part('epoch', s.run_timeout), about, place, earlier) a;
        exit when ended <> 'succeeded';
        earlier := earlier || made;
    end loop;
    return made;
end $$;
comment on function dist._run_now(text, name) is 'Internal: runs a schedule by hand; its plan is not disturbed';
