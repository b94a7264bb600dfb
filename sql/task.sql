-- Due work that is no schedule: what automations, releases, hoppers and SLAs have to see to. One row for each of them says
-- when it is due; scheduler, runners and dist.tick look at these rows as they do at the schedules' (dist._agenda).
--
-- A kind is a function dist._serve_KIND(name text, as_of timestamptz, live boolean) returns timestamptz. It is called as the
-- owner of the extension, does what is due of that name as of that instant, and returns when it is due next by itself; null =
-- when somebody calls for it (dist._set_task): each call is served at its instant. live: by the worker, which waits for no lock: it raises 55P03 then, and the
-- work stays due. An error takes back what it did, is noted, and it is tried again later and later.

create table dist.task (
    kind     text not null,
    name     text not null,
    object   text references dist.object on update cascade on delete cascade,
    owner    name not null,
    due_at   timestamptz,
    failures integer not null default 0,
    crashes  integer not null default 0,
    note     text,
    id       integer generated always as identity unique,
    primary key (kind, name)
);
create index task_due on dist.task (due_at) where due_at is not null;
comment on table dist.task is 'State: when each automation, release, hopper and SLA is due next; locked by its work for as long as that takes';
comment on column dist.task.kind is 'automation, release, hopper or sla';
comment on column dist.task.name is 'Its name';
comment on column dist.task.object is 'The object that it is about: work about one object keeps its order';
comment on column dist.task.owner is 'Role with whose rights it is done';
comment on column dist.task.due_at is 'When it is due by itself; null = when it is called for (dist.task_call)';
comment on column dist.task.failures is 'Times in a row that it failed; then it waits for due_at, whoever calls';
comment on column dist.task.crashes is 'Times in a row that it was cut off in the middle; from the policy crash_limit on it is in quarantine: without due_at, whoever calls';
comment on column dist.task.note is 'What it failed of, or how it was cut off';
comment on column dist.task.id is 'What a mark of its work in progress calls it, as a negative number (src/worker/mark.rs)';

-- Calls are rows of their own, which are only ever inserted and then taken: whoever calls, be it in the middle of a long
-- transaction, waits for nobody and keeps nobody waiting (no foreign key: it would lock the task's row). A call that commits
-- while the work goes on is not lost: what the work did not see when it began stays.
create table dist.task_call (
    kind   text not null,
    name   text not null,
    due_at timestamptz not null
);
create index task_call_due on dist.task_call (due_at);
create index task_call_of on dist.task_call (kind, name, due_at);
comment on table dist.task_call is 'State: what has come up for an automation, release, hopper or SLA since it was looked at last';
comment on column dist.task_call.kind is 'dist.task.kind';
comment on column dist.task_call.name is 'dist.task.name';
comment on column dist.task_call.due_at is 'When it is due for that';

create function dist._drop_calls() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    delete from dist.task_call c using gone g where c.kind = g.kind and c.name = g.name;
    return null;
end $$;
comment on function dist._drop_calls() is 'Internal: calls go with their task';
create trigger drop_calls after delete on dist.task referencing old table as gone
    for each statement execute function dist._drop_calls();

-- A kind is known by its function.
create function dist._serves(kind text) returns text
    language sql stable
    set search_path = pg_catalog, pg_temp
    return 'dist._serve_' || kind;
comment on function dist._serves(text) is 'Internal: the name of the function that does the due work of a kind';

-- The row of a task: made, or given another owner, by the trigger on the intent that it belongs to.
create function dist._make_task(kind text, name text, owner name, object text default null) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    perform dist._settle();
    insert into dist.task as t (kind, name, owner, object) values (kind, name, owner, object)
        on conflict on constraint task_pkey do update set owner = excluded.owner, object = excluded.object
        where (t.owner, t.object) is distinct from (excluded.owner, excluded.object);
end $$;
comment on function dist._make_task(text, text, name, text) is 'Internal: there is such a task, of that owner and about that object';

create function dist._drop_task(kind text, name text) returns void
    language sql
    set search_path = pg_catalog, pg_temp
begin atomic
    delete from dist.task t where t.kind = $1 and t.name = $2;
end;
comment on function dist._drop_task(text, text) is 'Internal: the intent is gone or passive; waits for work in progress';

-- To be called whenever something comes up, at the latest in the transaction that makes it come up.
create function dist._set_task(kind text, name text, owner name, due_at timestamptz, object text default null) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    if due_at is null then
        return;
    end if;
    if not exists (select from dist.task t where t.kind = kind and t.name = name) then
        perform dist._make_task(kind, name, owner, object);
    end if;
    -- A call of this very transaction serves for this one too; one of another may be taken at this moment.
    insert into dist.task_call (kind, name, due_at)
    select kind, name, due_at
     where not exists (select from dist.task_call c
                        where c.kind = kind and c.name = name and c.due_at <= due_at
                          and c.xmin = pg_current_xact_id()::xid);
    perform dist._wake();
end $$;
comment on function dist._set_task(text, text, name, timestamptz, text) is
    'Internal: there is work for it at that instant, or earlier where that was so already; wakes the worker at commit';

-- When there is work for tasks: by their plan, and by call.
create view dist._task_due as
    select t.kind, t.name, t.owner, t.due_at
      from dist.task t
    union all
    select t.kind, t.name, t.owner, c.due_at
      from dist.task_call c
      join dist.task t on t.kind operator(pg_catalog.=) c.kind and t.name operator(pg_catalog.=) c.name
     where t.failures operator(pg_catalog.=) 0;
comment on view dist._task_due is 'Internal: when tasks are or become due, with whose rights they are to run; one can be there several times';
comment on column dist._task_due.kind is 'dist.task.kind';
comment on column dist._task_due.name is 'dist.task.name';
comment on column dist._task_due.owner is 'dist.task.owner';
comment on column dist._task_due.due_at is 'When; null where nothing is due';

-- Everything that becomes due by itself, as one: schedules, which have a number, and tasks, which have a kind and a name.
create view dist._agenda as
    select st.schedule_id, null::text as kind, null::text as name, st.owner, st.next_run_at as due_at
      from dist._armed st
    union all
    select null, t.kind, t.name, t.owner, t.due_at
      from dist._task_due t;
comment on view dist._agenda is 'Internal: all that is or becomes due, with whose rights it is to run';
comment on column dist._agenda.schedule_id is 'dist.schedule.id; null where it is a task';
comment on column dist._agenda.kind is 'dist.task.kind; null where it is a schedule';
comment on column dist._agenda.name is 'dist.task.name; null where it is a schedule';
comment on column dist._agenda.owner is 'Role with whose rights it runs';
comment on column dist._agenda.due_at is 'When; a task can be there several times';

-- What the server's log says of a task, as dist._tell does of a schedule.
create function dist._tell_task(t dist.task, failed_of text) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if failed_of is null then
        raise log using message = format('pg_dist: %s %L is well again', t.kind, t.name);
    elsif t.failures = 0 then
        raise log using message = format('pg_dist: %s %L failed, and is tried again: %s', t.kind, t.name, failed_of),
            hint = 'Further failures are not logged before it is well again. dist.health has the latest.';
    end if;
end $$;
comment on function dist._tell_task(dist.task, text) is 'Internal: logs how work ended, once per incident';

-- Does the due work of one task. live: the clock is the wall clock (worker), not as_of (dist.tick). Returns fired (done, well
-- or not), busy (it stays due) or idle (nothing is due any more, or somebody else is at it).
create function dist._do_task(kind text, name text, as_of timestamptz, live boolean) returns text
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    t dist.task;
    calls tid[];
    following timestamptz;
    e_sqlstate text;
    message text;
    original jsonb;
    outermost boolean;
    done boolean;
    stopped record;
begin
    -- Code that a run sets off calls dist.tick: its own lock would not keep it out.
    if dist.run_id() is not null then
        return 'idle';
    end if;
    select x.* into t from dist.task x where x.kind = kind and x.name = name for update skip locked;
    if not found then
        return 'idle';
    end if;
    select array_agg(c.ctid) into calls from dist.task_call c where c.kind = kind and c.name = name and c.due_at <= as_of;
    if (t.due_at <= as_of or t.failures = 0 and calls is not null) is not true then
        return 'idle';
    end if;
    if live and not dist._mark(-t.id, as_of, t.failures + 1, t.crashes > 0) then
        return 'busy';
    end if;
    -- As for a schedule's run: it is seen, and stopped when it takes too long.
    outermost := dist._run_begins(0, t.name, t.kind, as_of, null);
    begin
        original := dist._last_failure();
        if not exists (select from pg_roles r where r.rolname = t.owner) then
            raise undefined_object using message = format('role %L does not exist any more', t.owner);
        end if;
        execute format('select %s($1, $2, $3)', dist._serves(t.kind)) into following using t.name, as_of, live;
        done := dist._run_done(outermost);
    exception
        when query_canceled or assert_failure or others then
            get stacked diagnostics e_sqlstate = returned_sqlstate, message = message_text;
            select * into stopped from dist._run_ends(outermost);
            if stopped.status is not null and e_sqlstate = '57014' then
                message := stopped.message;
            elsif live and e_sqlstate = '55P03' then
                return 'busy';
            end if;
            original := dist._last_failure();
            if original ->> 'message' = message then
                e_sqlstate := original ->> 'sqlstate';
            end if;
            message := format('%s: %s', e_sqlstate, message);
    end;
    if message is not null then
        following := case when live then greatest(as_of, clock_timestamp()) else as_of end
            + make_interval(secs => least(2 ^ least(t.failures, 30), dist._policy_value('retry_max')));
    end if;
    -- Only those that were there before the work began.
    if calls is not null then
        delete from dist.task_call c where c.ctid = any (calls);
    end if;
    update dist.task x
       set due_at = following,
           failures = case when message is null then 0 else t.failures + 1 end,
           crashes = 0,
           note = message
     where x.kind = kind and x.name = name
       and (message is not null or (x.due_at, x.failures, x.crashes) is distinct from (following, 0, 0));
    if message is not null or t.failures > 0 then
        perform dist._tell_task(t, message);
    end if;
    return 'fired';
end $$;
comment on function dist._do_task(text, text, timestamptz, boolean) is
    'Internal: does what is due of one automation, release, hopper or SLA, in a subtransaction, and says when it is due next';
