-- One view that answers: is it alive, is it on time, what is in its way, which schedules do not run and why.

create function dist._is_preloaded() returns boolean
    language c volatile
    as 'MODULE_PATHNAME', 'is_preloaded_wrapper';
comment on function dist._is_preloaded() is 'Internal: whether pg_dist is in shared_preload_libraries';

create function dist._workers()
    returns table (kind text, database_oid oid, role_oid oid, pid integer, started_at timestamptz, short_since timestamptz,
                   wants_room boolean)
    language c volatile
    as 'MODULE_PATHNAME', 'workers_wrapper';
comment on function dist._workers() is
    'Internal: pg_dist''s background workers, from shared memory; short_since: no free process for those it wants to start; wants_room: all runners are taken';

create function dist._blame(culprit integer) returns text
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    a record;
    of_schedule text := (select coalesce('schedule ' || quote_literal(r.schedule), 'dist.' || r.trigger) from dist.running r where r.pid = culprit);
begin
    if of_schedule is not null then
        return format('process %s, the run of %s', culprit, of_schedule);
    end if;
    -- What a reader may not see of others' sessions, PostgreSQL itself leaves out.
    select * into a from pg_stat_activity x where x.pid = culprit;
    return concat_ws(', ', 'process ' || culprit, 'role ' || quote_ident(a.usename), 'application ' || quote_literal(nullif(a.application_name, '')),
                     a.state || ' since ' || date_trunc('second', a.state_change), 'query: ' || left(a.query, 200));
end $$;
comment on function dist._blame(integer) is 'Internal: a process in words';

create function dist._health_of_worker()
    returns table (kind text, name text, status text, detail text, since timestamptz, database_oid oid, role_oid oid, pid integer)
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    here oid := (select d.oid from pg_database d where d.datname = current_database());
    enabled boolean := coalesce(current_setting('pg_dist.enabled', true)::boolean, true);
    absent text;
begin
    return query
        select w.kind, null::text, 'ok',
               case when w.kind = 'runner' then
                   coalesce((select format('running %L: %s', r.schedule, r.phase) from dist.running r where r.pid = w.pid), 'idle')
               end,
               w.started_at, w.database_oid, w.role_oid, w.pid
          from dist._workers() w;
    if not dist._is_preloaded() then
        return query select 'launcher', null::text, 'warning',
            'pg_dist is not in shared_preload_libraries: nothing fires by itself', null::timestamptz, null::oid, null::oid, null::integer;
    elsif pg_is_in_recovery() then
        return query select 'launcher', null::text, 'ok',
            'this is a standby: it starts when the server is promoted', null::timestamptz, null::oid, null::oid, null::integer;
    else
        foreach absent in array array['launcher', 'scheduler'] loop
            if not exists (select from dist._workers() w where w.kind = absent and w.database_oid is not distinct from
                           case when absent = 'scheduler' then here end) then
                return query select absent, null::text, 'error',
                    'it is not there, and nothing fires by itself; the server''s log says why', null::timestamptz,
                    case when absent = 'scheduler' then here end, null::oid, null::integer;
            end if;
        end loop;
    end if;
    if not enabled then
        return query select 'check', 'pg_dist.enabled', 'warning', 'off: nothing fires by itself', null::timestamptz, null::oid,
            null::oid, null::integer;
    end if;
    return query
        select 'check', 'copy', 'error', format('no schedule fires in this database until dist.resume_all(): %s', c.why), null::timestamptz,
               here, null::oid, null::integer
          from dist._is_paused_copy() c(why)
         where c.why is not null;
    return query
        select 'check', 'max_worker_processes', 'error', format('no free process for the %s to start another', w.kind), w.short_since,
               w.database_oid, null::oid, w.pid
          from dist._workers() w
         where w.short_since is not null and coalesce(w.database_oid, here) = here
        union all
        select 'check', 'pg_dist.max_runners', 'warning', 'all runners are taken, and schedules of other owners are due', null,
               w.database_oid, null, w.pid
          from dist._workers() w
         where w.wants_room and w.database_oid = here;
end $$;
comment on function dist._health_of_worker() is 'Internal: the part of dist.health about processes';

-- What is due and is not being run, the longest first.
create function dist._overdue(late_by interval) returns table (kind text, name text, next_run_at timestamptz, held_by xid)
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
        select 'schedule', s.name, st.next_run_at, st.xmax
          from dist.schedule_state st
          join dist.schedule s on s.id = st.schedule_id
         where st.next_run_at < clock_timestamp() - late_by and s.enabled and s.cancelled_at is null
           and not exists (select from dist.running r where r.schedule = s.name and r.phase <> 'waiting for locks')
        union all
        select t.kind, t.name, min(a.due_at), t.xmax
          from dist._task_due a
          join dist.task t on t.kind = a.kind and t.name = a.name
         where a.due_at < clock_timestamp() - late_by
         group by t.kind, t.name, t.xmax
         order by 3;
end $$;
comment on function dist._overdue(interval) is
    'Internal: what is late by more than that, schedules that are being run left out; held_by: who has locked its state last';

-- Who holds what a run needs. A run of the worker does not wait for locks, so there is nobody to be seen waiting: but the
-- holder's transaction stands in the row that it holds.
create function dist._blocked() returns table (name text, since timestamptz, what text, culprit integer)
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
        with overdue as (select o.* from dist._overdue('1 second') o limit 100),
        steps as (
            select o.name, o.next_run_at, p.target
              from overdue o
              join dist.step p on o.kind = 'schedule' and p.schedule = o.name and p.active and p.action = 'transfer'),
        needs as (
            select o.name, o.next_run_at, 'its state' as what, o.held_by from overdue o
            union all
            select p.name, p.next_run_at, format('object %L', x.object), x.xmax
              from steps p
              join dist.transfer t on t.name = p.target
              join dist.object_state x on x.object = t.object
            union all
            select p.name, p.next_run_at, format('distribution rule %L', x.distribution_rule), x.xmax
              from steps p
              join dist.pool x on x.distribution_rule = any (dist._pools('transfer', p.target))
            union all
            select p.name, p.next_run_at, format('cap %L', x.cap), x.xmax
              from steps p
              join dist.cap_state x on x.cap = any (dist._caps('transfer', p.target)))
        select n.name, n.next_run_at, n.what, l.pid
          from needs n
          join pg_locks l on l.locktype = 'transactionid' and l.granted and l.transactionid = n.held_by
         where l.pid <> pg_backend_pid()
        union all
        -- A run of somebody's session, or one that waits for a record, is seen waiting.
        select coalesce(r.schedule, r.transfer), r.started_at, 'what it waits for', b
          from dist.running r, unnest(pg_blocking_pids(r.pid)) b
         where b <> 0;
end $$;
comment on function dist._blocked() is 'Internal: what is kept from running by a lock, and by whom';

create function dist._health_of_time()
    returns table (kind text, name text, status text, detail text, since timestamptz, database_oid oid, role_oid oid, pid integer)
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    here oid := (select d.oid from pg_database d where d.datname = current_database());
    grace bigint := dist._policy_value('misfire_grace');
    latest record;
begin
    select o.name, o.next_run_at, clock_timestamp() - o.next_run_at as lag, count(*) over () as number into latest
      from dist._overdue('0') o
     order by o.next_run_at
     limit 1;
    return query
        select 'check', 'lag', case when extract(epoch from latest.lag) > grace then 'warning' else 'ok' end,
               case when latest.number is null then 'nothing is overdue'
                    else format('%s due; the longest, %L, for %s', latest.number, latest.name, date_trunc('milliseconds', latest.lag)) end,
               latest.next_run_at, here, null::oid, null::integer;
    return query
        select 'blocked', b.name, 'warning', format('%s is held by %s', b.what, dist._blame(b.culprit)), b.since, here,
               (select r.oid from pg_stat_activity a join pg_roles r on r.rolname = a.usename where a.pid = b.culprit), b.culprit
          from (select distinct x.name, x.since, x.what, x.culprit from dist._blocked() x) b;
end $$;
comment on function dist._health_of_time() is 'Internal: the part of dist.health about what is late and what is in its way';

-- What keeps the worker from running anything in the name of a role; null = nothing.
create function dist._owner_fault(owner name) returns text
    language sql stable
    set search_path = pg_catalog, pg_temp
    return (
        select case when r.oid is null then format('its owner %I does not exist any more', n.owner)
                    when not r.rolcanlogin and current_setting('server_version_num')::integer < 170000
                        then format('its owner %I is not permitted to log in', n.owner)
                    when not has_database_privilege(r.oid, current_database(), 'connect')
                        then format('its owner %I is not permitted to connect to this database', n.owner) end
          from (select $1 as owner) n
          left join pg_roles r on r.rolname = n.owner);
comment on function dist._owner_fault(name) is 'Internal: what keeps the worker from running what a role owns';

create function dist._health_of_schedules()
    returns table (kind text, name text, status text, detail text, since timestamptz, database_oid oid, role_oid oid, pid integer)
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    here oid := (select d.oid from pg_database d where d.datname = current_database());
begin
    return query
        select 'schedule', s.name, v.status, v.detail, v.since, here, o.oid, null::integer
          from dist.schedule s
          left join dist.schedule_state st on st.schedule_id = s.id
          left join pg_roles o on o.rolname = s.owner
         cross join lateral (
            select * from (values
                (1, o.oid is null, 'error', dist._owner_fault(s.owner), null::timestamptz),
                (2, st.ended = 'quarantined', 'error', concat_ws(': ', 'quarantined', st.note), st.due_at),
                (3, st.ended = 'failed', 'error', concat_ws(': ', 'failed, and stopped until it is resumed', st.note), st.due_at),
                (4, st.ended is null, 'error', dist._owner_fault(s.owner), null),
                (6, st.ended is null and st.failures > 0, 'warning',
                    format('failed at the last %s: see dist.failure',
                           case st.failures when 1 then 'instant' else st.failures || ' instants' end), null),
                (7, st.ended = 'unbound', 'warning', 'unbound: it has no complete, active step', null),
                (8, st.ended = 'done', 'ok', 'ended', null),
                (9, not s.enabled and num_nonnulls(s.cron, s.rrule, nullif(s.frequency, 'once')) = 0, 'ok',
                    'passive: it is switched off', null)) x(rank, holds, status, detail, since)
             where x.holds and x.detail is not null
             order by x.rank
             limit 1) v
         where s.cancelled_at is null and not s.is_template;
end $$;
comment on function dist._health_of_schedules() is 'Internal: the part of dist.health about schedules that do not go by plan';

create function dist._health_of_tasks()
    returns table (kind text, name text, status text, detail text, since timestamptz, database_oid oid, role_oid oid, pid integer)
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    here oid := (select d.oid from pg_database d where d.datname = current_database());
begin
    return query
        select t.kind, t.name, v.status, v.detail, v.since, here, o.oid, null::integer
          from dist.task t
          left join pg_roles o on o.rolname = t.owner
         cross join lateral (
            select * from (values
                (1, 'error', dist._owner_fault(t.owner), null::timestamptz),
                (2, 'error', case when t.failures > 0 and t.due_at is null
                                  then format('in quarantine until it is made active anew: %s, %s times in a row', t.note, t.crashes)
                                  when t.failures > 0 then format('failed %s times in a row, tried again at %s: %s', t.failures, t.due_at, t.note) end, null))
                x(rank, status, detail, since)
             where x.detail is not null
             order by x.rank
             limit 1) v;
end $$;
comment on function dist._health_of_tasks() is 'Internal: the part of dist.health about automations, releases, hoppers and SLAs that do not go by plan';

create function dist._health_of_intake()
    returns table (kind text, name text, status text, detail text, since timestamptz, database_oid oid, role_oid oid, pid integer)
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    here oid := (select d.oid from pg_database d where d.datname = current_database());
begin
    return query
        select 'automation', i.automation,
               case when i.held > 0 then 'error' when i.waiting > 0 and not i.active then 'warning' else 'ok' end,
               concat_ws('; ', case when not i.active then 'passive' end,
                   format('in the last day %s came in, %s were assigned, %s excluded, %s owned already, %s did not match, %s were gone, %s left otherwise, %s runs failed',
                          i.came_in, i.assigned, i.excluded, i.owned, i.no_match, i.gone, i.other, i.failed_runs),
                   format('%s wait', i.waiting), case when i.held > 0 then format('%s held: %s', i.held, i.held_message) end),
               coalesce(i.oldest, i.last_run_at), here, o.oid, null::integer
          from dist.intake i
          join dist.automation a on a.name = i.automation
          left join pg_roles o on o.rolname = a.owner;
end $$;
comment on function dist._health_of_intake() is 'Internal: the part of dist.health about automations: what came in, what waits, what was left and why';

create view dist.health as
    select h.kind, h.name, h.status, h.detail, h.since, d.datname as database, a.rolname as role, h.pid
      from (select * from dist._health_of_worker()
            union all
            select * from dist._health_of_time()
            union all
            select * from dist._health_of_schedules()
            union all
            select * from dist._health_of_consumers()
            union all
            select * from dist._health_of_intake()
            union all
            select * from dist._health_of_tasks()) h
      left join pg_catalog.pg_database d on d.oid operator(pg_catalog.=) h.database_oid
      left join pg_catalog.pg_roles a on a.oid operator(pg_catalog.=) h.role_oid;
comment on view dist.health is
    'Is pg_dist alive and on time, what is in its way, and which schedules do not run and why. Nothing is wrong where every status is ok';
comment on column dist.health.kind is
    'launcher, scheduler, runner (processes); check; blocked (who holds what something needs); schedule (not in dist.upcoming, or failing); automation (each, with what came in, what waits since when, and what was left), release, hopper, sla (failing); consumer (who reads the outbox)';
comment on column dist.health.name is 'The schedule, automation, ..., or what is checked: lag, copy, max_worker_processes, pg_dist.max_runners, pg_dist.enabled';
comment on column dist.health.status is 'ok, warning or error';
comment on column dist.health.detail is 'What there is to say about it';
comment on column dist.health.since is 'Since when: a process''s start, the instant that has been due the longest, the instant at which a schedule was stopped, the oldest event that a consumer has yet to read';
comment on column dist.health.database is 'The database it works in; null for the launcher';
comment on column dist.health.role is 'Role that a runner runs for, that owns the schedule or consumer, or that holds the lock';
comment on column dist.health.pid is 'Process id; for kind blocked that of whoever holds the lock';
