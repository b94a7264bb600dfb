-- Runs in progress: how they are stopped when they take too long or somebody cancels them, and how they are watched.

create function dist._run_begins(schedule_id integer, schedule_name text, run_trigger text, due_at timestamptz,
                                 seconds double precision)
    returns boolean
    language c volatile
    as 'MODULE_PATHNAME', 'run_begins_wrapper';
comment on function dist._run_begins(integer, text, text, timestamptz, double precision) is
    'Internal: a run of a schedule begins, and is stopped after so many seconds, null = by the policy run_timeout; false where it is inside another. To be called outside of the exception block around the run';

create function dist._run_done(outermost boolean) returns boolean
    language c volatile
    as 'MODULE_PATHNAME', 'run_done_wrapper';
comment on function dist._run_done(boolean) is
    'Internal: the run''s steps are done: true; an error where it has been told to stop meanwhile';

create function dist._run_ends(outermost boolean) returns table (status text, message text, hint text)
    language c volatile
    as 'MODULE_PATHNAME', 'run_ends_wrapper';
comment on function dist._run_ends(boolean) is 'Internal: the run has ended otherwise; one row where it had been told to stop';

create function dist._running()
    returns table (pid integer, database_oid oid, role_oid oid, kind text, trigger text, schedule_id integer, transfer text,
                   step integer, steps integer, phase text, candidates bigint, moved bigint, run_id bigint,
                   due_at timestamptz, started_at timestamptz)
    language c volatile
    as 'MODULE_PATHNAME', 'running_wrapper';
comment on function dist._running() is
    'Internal: the runs in progress, from shared memory; where the library is not preloaded only this session''s own';

create view dist.running as
    select s.name as schedule, r.transfer, r.step, r.steps, r.phase, r.candidates, r.moved, r.run_id, r.trigger, r.kind,
           a.rolname as role, r.pid, r.due_at, r.started_at
      from dist._running() r
      join pg_catalog.pg_database d on d.oid operator(pg_catalog.=) r.database_oid
      left join dist.schedule s on s.id operator(pg_catalog.=) r.schedule_id
      left join pg_catalog.pg_roles a on a.oid operator(pg_catalog.=) r.role_oid
     where d.datname operator(pg_catalog.=) pg_catalog.current_database();
comment on view dist.running is 'What is running now in this database, and how far it is';
comment on column dist.running.schedule is 'The schedule; null for dist.execute and dist.undo';
comment on column dist.running.transfer is 'The transfer that its step runs, or the function that it calls';
comment on column dist.running.step is 'Which of its steps it is at, from 1; null while it waits for its locks';
comment on column dist.running.steps is 'How many steps it has';
comment on column dist.running.phase is 'waiting for locks, reading, allocating, moving or recording';
comment on column dist.running.candidates is 'Records that were looked at so far';
comment on column dist.running.moved is 'Records that have moved so far; nobody else sees them moved before the run has succeeded';
comment on column dist.running.run_id is 'dist.run.id that it will have when it succeeds; null while it waits for its locks';
comment on column dist.running.trigger is 'schedule, manual, execute or undo';
comment on column dist.running.kind is 'runner (of the worker) or session';
comment on column dist.running.role is 'Role that is connected; the rights are those of the schedule''s owner';
comment on column dist.running.pid is 'Process id, as in pg_stat_activity and pg_locks';
comment on column dist.running.due_at is 'The instant at which it was due; null where it was started by hand';
comment on column dist.running.started_at is 'When it started';

create function dist._ask_to_stop(schedule_id integer, asker oid) returns boolean
    language c volatile
    as 'MODULE_PATHNAME', 'ask_to_stop_wrapper';
comment on function dist._ask_to_stop(integer, oid) is
    'Internal: asks the run of a schedule to stop, in a role''s name; false where none can be seen in shared memory';

create function dist._cancel_run(schedule_name text, caller name) returns boolean
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    s dist.schedule := dist._schedule_for(schedule_name, caller, 'Only a member of the owner''s role can cancel its run.');
begin
    if dist._ask_to_stop(s.id, (select r.oid from pg_roles r where r.rolname = caller)) then
        return true;
    end if;
    if dist._is_running(s.id) then
        perform dist._refuse('schedule', s.name, '55000', 'its run cannot be reached',
            'Find its process in pg_locks, and call pg_cancel_backend. pg_dist has to be in shared_preload_libraries.');
    end if;
    return false;
end $$;
comment on function dist._cancel_run(text, name) is 'Internal: dist.cancel_run in the name of a role';

create function dist.cancel_run(schedule text) returns boolean
    language c volatile
    set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'cancel_run_wrapper';
comment on function dist.cancel_run(text) is
    'Cancels the run of a schedule that is in progress, and nothing else: what it did is rolled back, its row in dist.run says cancelled, the schedule goes on. True where there was one; it ends within a moment';
