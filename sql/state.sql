-- What pg_dist keeps between runs. People only read it.

create table dist.object_state (
    object text primary key references dist.object on update cascade on delete cascade
);
comment on table dist.object_state is 'State: one row per object; a run locks it, so that two runs never plan the same records';
comment on column dist.object_state.object is 'The object';

create table dist.pool (
    distribution_rule text primary key references dist.distribution_rule on update cascade on delete cascade,
    total_weight      numeric not null default 0,
    scale             integer not null default 0,
    deficits          jsonb not null default '{}',
    credits           jsonb not null default '{}',
    turns             bigint not null default 0
);
comment on table dist.pool is 'State: whose turn it is in each distribution rule; a run locks it before it takes turns';
comment on column dist.pool.distribution_rule is 'The distribution rule';
comment on column dist.pool.total_weight is 'W: sum of the active members'' whole-number weights to which the deficits refer; 0 = never used';
comment on column dist.pool.scale is 'Decimals by which the weights were scaled to whole numbers';
comment on column dist.pool.deficits is 'rep -> entitlement minus turns taken, in units of 1/(total_weight * 2^20)';
comment on column dist.pool.credits is 'rep -> when the turns it missed lapse, in seconds since 1970';
comment on column dist.pool.turns is 'Turns taken so far, undone ones subtracted';

create table dist.schedule_state (
    schedule_id integer primary key references dist.schedule (id) on delete cascade,
    next_run_at timestamptz,
    due_at      timestamptz,
    attempt     integer not null default 1,
    queued      boolean not null default false,
    runs        integer not null default 0,
    failures    integer not null default 0,
    crashes     integer not null default 0,
    ran_until   timestamptz,
    ended       text,
    note        text,
    schedule    text collate "C" not null,
    owner       name not null,
    place       smallint not null default 0,
    objects     text[] not null default '{}',
    segments    text[],
    refreshes   text[],
    precedes    boolean not null default false
);
create index schedule_state_due on dist.schedule_state (next_run_at) where next_run_at is not null;
-- What is due of an owner's, in the order in which it runs but for refreshes: a look reads as many rows as it takes (sql/due.sql).
create index schedule_state_order on dist.schedule_state (owner, next_run_at, place, schedule) where next_run_at is not null;
create index schedule_state_refresh on dist.schedule_state (next_run_at) where next_run_at is not null and refreshes is not null;
create index schedule_state_precedes on dist.schedule_state (next_run_at, place) where next_run_at is not null and precedes;
comment on table dist.schedule_state is 'State: when each schedule is due next; locked by its run for as long as that takes';
comment on column dist.schedule_state.schedule_id is 'dist.schedule.id';
comment on column dist.schedule_state.next_run_at is 'When it is tried next; null = not armed (see ended)';
comment on column dist.schedule_state.due_at is
    'The instant of its plan that it is tried for; earlier than next_run_at while a retry waits';
comment on column dist.schedule_state.attempt is 'Which attempt at due_at the next one is';
comment on column dist.schedule_state.queued is 'due_at passed during the schedule''s own run and was kept (overlap = queue_one)';
comment on column dist.schedule_state.runs is 'Regular runs so far, failed ones included';
comment on column dist.schedule_state.failures is 'Instants in a row at which it failed';
comment on column dist.schedule_state.crashes is 'Times in a row that the server went down while it ran';
comment on column dist.schedule_state.ran_until is
    'The latest instant of its plan at which it, or one of its steps, has run well; of later ones nothing is in dist.run';
comment on column dist.schedule_state.ended is 'Why there is no next run: unbound, cancelled, done, failed, quarantined';
comment on column dist.schedule_state.note is 'What it failed of, or why it is in quarantine';
-- From here on: what it takes to know whose turn it is, derived from intent whenever that is written (sql/turn.sql).
comment on column dist.schedule_state.schedule is 'dist.schedule.name';
comment on column dist.schedule_state.owner is 'dist.schedule.owner';
comment on column dist.schedule_state.place is
    'Whose turn it is at one instant, the lowest first: 0 where it only refreshes segments, 1 where it takes records back (or calls functions), 3 where it gives records away, 4 where it edits or tells';
comment on column dist.schedule_state.objects is 'The objects that it is about: what is about the same object keeps its order';
comment on column dist.schedule_state.segments is 'The segments whose members matter to it, without what those are made of';
comment on column dist.schedule_state.refreshes is 'The segments that it refreshes';
comment on column dist.schedule_state.precedes is 'Others'' schedules wait for it for a while; not for one that only gives away';

-- Where the schedules stand that may run. From what is due to its schedule and never the other way round, also where the server knows
-- nothing of the tables yet.
create view dist._armed as
    select st.schedule_id, st.next_run_at, st.schedule, st.owner, st.place, st.objects, st.segments, st.refreshes, st.precedes
      from dist.schedule_state st
     cross join lateral (select from dist.schedule s where s.id operator(pg_catalog.=) st.schedule_id and s.enabled and s.cancelled_at is null
                         offset 0) s;
comment on view dist._armed is 'Internal: of the state of active schedules, what it takes to know whose turn it is';
comment on column dist._armed.schedule_id is 'dist.schedule_state.schedule_id';
comment on column dist._armed.next_run_at is 'dist.schedule_state.next_run_at';
comment on column dist._armed.schedule is 'dist.schedule_state.schedule';
comment on column dist._armed.owner is 'dist.schedule_state.owner';
comment on column dist._armed.place is 'dist.schedule_state.place';
comment on column dist._armed.objects is 'dist.schedule_state.objects';
comment on column dist._armed.segments is 'dist.schedule_state.segments';
comment on column dist._armed.refreshes is 'dist.schedule_state.refreshes';
comment on column dist._armed.precedes is 'dist.schedule_state.precedes';

-- Made with the row of intent, so that no first run has to: while its transaction lasts, another that makes the same row
-- can only wait. What came past the triggers (a dump) has its row made by the first run all the same (src/router/lock.rs).
create function dist._make_state() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_table_name = 'object' then
        insert into dist.object_state (object) values (new.name) on conflict do nothing;
    elsif new.strategy <> 'rep' then
        insert into dist.pool (distribution_rule) values (new.name) on conflict do nothing;
        -- The deficits of a strategy that does not go by turns only break ties: they are no debts to begin turns with.
        if tg_op = 'UPDATE' and dist._goes_by_turns(new.strategy) and not dist._goes_by_turns(old.strategy) then
            update dist.pool set total_weight = 0, scale = 0, deficits = '{}', credits = '{}' where distribution_rule = new.name;
        end if;
    end if;
    return null;
end $$;
comment on function dist._make_state() is 'Internal: makes the rows that the runs of an object, or of a distribution rule, lock';
create trigger make_state after insert on dist.object
    for each row when (not dist._checks_off()) execute function dist._make_state();
create trigger make_state after insert or update of strategy on dist.distribution_rule
    for each row when (not dist._checks_off()) execute function dist._make_state();

-- The first half of pg_advisory_lock(int, int): a run of a schedule holds (key, schedule id) for as long as it lasts,
-- which is how other sessions see that it is processing without anything being written and flushed. Anybody can take
-- such a lock, so it is a sign only where it goes with a lock that only pg_dist can hold, and nothing waits for it.
create function dist._running_key() returns integer
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
    return 1684632436;
comment on function dist._running_key() is 'Internal: class of the advisory locks that running schedules hold';

create function dist._running_schedules() returns setof integer
    language sql stable rows 10
    set search_path = pg_catalog, pg_temp
begin atomic
    with held as materialized (
        select l.*
          from pg_locks l
         where l.granted and l.database = (select d.oid from pg_database d where d.datname = current_database()))
    select a.objid::bigint::integer
      from held a
     where a.locktype = 'advisory' and a.objsubid = 2 and a.classid = dist._running_key()::oid
       and exists (select from held r
                    where r.virtualtransaction = a.virtualtransaction and r.locktype = 'relation'
                      and r.relation = 'dist.schedule_state'::regclass and r.mode = 'RowShareLock');
end;
comment on function dist._running_schedules() is 'Internal: the schedules of which a run is in progress, by a single look';

create function dist._is_running(schedule_id integer) returns boolean
    language sql stable
    set search_path = pg_catalog, pg_temp
    return schedule_id in (select r from dist._running_schedules() r);
comment on function dist._is_running(integer) is 'Internal: whether a run of the schedule is in progress';

create function dist._running_schedule(transfer text) returns text
    language sql stable security definer
    set search_path = pg_catalog, pg_temp
    return (
        select dist._shown(s.name, s.owner)
          from dist.step p
          join dist.schedule s on s.name = p.schedule
         where p.action = 'transfer' and p.target = transfer and s.id in (select r from dist._running_schedules() r)
         limit 1);
comment on function dist._running_schedule(text) is 'Internal: the schedule that is running the transfer now, as it may be named; or null';

-- A plan can be edited at any time unless it is processing: its run holds the state row.
create function dist._check_plan_is_free(schedule_id integer, schedule_name text) returns void
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- A run's own code is not kept out by the run's lock.
    if dist._runs_here(schedule_id) then
        raise lock_not_available;
    end if;
    perform from dist.schedule_state s where s.schedule_id = $1 for update nowait;
exception when lock_not_available then
    perform dist._refuse('schedule', schedule_name, '55006', 'it is running, and its plan cannot change meanwhile',
        'Wait until the run has finished; dist.pause and dist.cancel are possible at any time.');
end $$;
comment on function dist._check_plan_is_free(integer, text) is 'Internal: refuses to edit what a run is using';

-- Instants that pass without a run have a row that says why: one for the whole range. None where there is no range.
create function dist._note_skipped(s dist.schedule, due_from timestamptz, due_to timestamptz, why text) returns void
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    if due_from is null then
        return;
    end if;
    insert into dist.run (schedule, schedule_id, trigger, due_at, due_to, started_at, finished_at, status, cause, message, run_by)
    values (s.name, s.id, 'schedule', due_from, due_to, due_to, due_to, 'skipped', why, case why
                when 'misfire' then 'missed in an outage: too late, or made up for by a later run'
                when 'overlap' then 'passed during the schedule''s own run'
                when 'dst' then 'the local time did not exist (daylight saving)'
                when 'paused' then 'the schedule was passive'
                when 'edited' then 'the schedule was changed before it could run'
                when 'cancelled' then 'the schedule was cancelled before it could run'
                when 'unbound' then 'its time passed before it had a complete, active step'
                when 'failed' then 'the schedule had stopped after failures'
                when 'quarantined' then 'the schedule was in quarantine'
                else why
            end, s.owner);
end $$;
comment on function dist._note_skipped(dist.schedule, timestamptz, timestamptz, text) is
    'Internal: records that at no instant from due_from to due_to the schedule ran, and why';

-- resumed: it was passive until now, had failed or was in quarantine, and what passed meanwhile is never caught up.
create function dist._arm(target integer, plan_changed boolean, resumed boolean default false) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    s dist.schedule;
    st dist.schedule_state;
    right_now timestamptz := dist._clock();
    stopped boolean;
    due timestamptz;
    why text;
begin
    select * into s from dist.schedule where id = target and not is_template;
    if not found then
        return;
    end if;
    -- Code of its own run pauses and resumes it: that run advances it.
    if dist._runs_here(target, planned => true) then
        return;
    end if;
    perform dist._settle();
    insert into dist.schedule_state (schedule_id, schedule, owner) values (target, s.name, s.owner) on conflict do nothing;
    select * into st from dist.schedule_state where schedule_id = target for update;
    perform dist._know_turn(target);
    -- It stays stopped until somebody resumes it or gives it another plan.
    stopped := st.ended in ('failed', 'quarantined');
    if stopped and not plan_changed and not resumed and s.cancelled_at is null then
        return;
    end if;
    if s.cancelled_at is not null then
        why := 'cancelled';
    elsif not exists (select from dist.step p where p.schedule = s.name and p.active and p.target is not null) then
        why := 'unbound';
    elsif st.runs >= s.max_runs then
        why := 'done';
    elsif plan_changed or st.next_run_at is null or resumed and st.next_run_at <= right_now then
        due := dist._check_plan(to_jsonb(s), right_now);
        if due is null and plan_changed then
            -- It had an instant left when it was checked, and that has passed since, within this statement.
            due := dist._check_plan(to_jsonb(s), least(right_now, statement_timestamp()));
        end if;
    else
        -- What waits, a retry too, goes on waiting.
        return;
    end if;
    if due is null and why is null and stopped and not plan_changed then
        perform dist._refuse('schedule', s.name, '55000', 'its time has passed', 'Give it a new start_at, or call dist.run_now.');
    elsif due is null and why is null then
        why := 'done';
        if st.ended = 'unbound' then
            perform dist._note_skipped(s, (select r.at from dist._next_runs(to_jsonb(s), 1, null) r(at)), right_now, 'unbound');
        end if;
    end if;
    -- What was due and has not run does not vanish without a row.
    if stopped and st.due_at <= right_now then
        perform dist._note_skipped(s, st.due_at, right_now, st.ended);
    elsif least(st.due_at, st.next_run_at) <= right_now and due is distinct from st.due_at then
        -- Also of instants that have passed while a retry waits.
        perform dist._note_skipped(s, least(st.due_at, st.next_run_at), right_now, case when s.enabled and not resumed then 'edited' else 'paused' end);
    end if;
    update dist.schedule_state
       set next_run_at = due, due_at = due, attempt = 1, queued = false, ended = why, note = null,
           failures = case when stopped then 0 else failures end, crashes = case when stopped then 0 else crashes end
     where schedule_id = target
       and (next_run_at, due_at, ended, stopped) is distinct from (due, due, why, false);
end $$;
comment on function dist._arm(integer, boolean, boolean) is 'Internal: derives the next run of a schedule from its plan';

-- Cancelling waits for nobody: where a run holds the state, it finds the schedule cancelled when it comes to advance it.
create function dist._disarm(s dist.schedule) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    st dist.schedule_state;
    right_now timestamptz := dist._clock();
begin
    -- Nor is code of the run itself a reason to call the run's instant skipped.
    if dist._runs_here(s.id, planned => true) then
        return;
    end if;
    select * into st from dist.schedule_state where schedule_id = s.id for update skip locked;
    if least(st.due_at, st.next_run_at) <= right_now then
        perform dist._note_skipped(s, least(st.due_at, st.next_run_at), right_now,
            case when st.ended in ('failed', 'quarantined') then st.ended else 'cancelled' end);
    end if;
    update dist.schedule_state set next_run_at = null, ended = 'cancelled' where schedule_id = st.schedule_id;
end $$;
comment on function dist._disarm(dist.schedule) is 'Internal: what becomes of the next run of a schedule that is cancelled';

-- Out of failure or quarantine. Not a column of dist.schedule, for it is not people who put a schedule there.
create function dist._resume_stopped_for(schedule_name text, caller name) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    s dist.schedule := dist._schedule_for(schedule_name, caller, 'Only a member of the owner''s role can resume it.');
begin
    perform dist._arm(s.id, false, resumed => true)
       from dist.schedule_state st
      where st.schedule_id = s.id and s.enabled and st.ended in ('failed', 'quarantined');
    perform dist._wake();
end $$;
comment on function dist._resume_stopped_for(text, name) is
    'Internal: arms a schedule again that had failed or was in quarantine, in the name of a role';

create function dist._resume_stopped(schedule text) returns void
    language c volatile
    set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'resume_stopped_wrapper';
comment on function dist._resume_stopped(text) is 'Internal: arms a schedule again that had failed or was in quarantine';

create function dist._arm_schedule() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_table_name = 'step' then
        perform dist._arm(s.id, false) from dist.schedule s
          where s.name in (select name from unnest(array[
              case when tg_op <> 'DELETE' then new.schedule end,
              case when tg_op <> 'INSERT' then old.schedule end]) name)
          order by s.id;
        perform dist._wake();
        return null;
    end if;
    if tg_op = 'UPDATE' and (new.name, new.owner) is distinct from (old.name, old.owner) then
        perform dist._know_turn(new.id);
    end if;
    if tg_op = 'INSERT' then
        perform dist._check_active_schedules(new);
        perform dist._arm(new.id, true);
    elsif new.enabled and not old.enabled then
        perform dist._check_active_schedules(new);
        perform dist._arm(new.id, dist._plan_changed(old, new), resumed => true);
    elsif dist._plan_changed(old, new) then
        perform dist._arm(new.id, true);
    elsif new.max_runs is distinct from old.max_runs then
        perform dist._arm(new.id, false);
    elsif new.cancelled_at is not null and old.cancelled_at is null then
        perform dist._disarm(new);
    end if;
    perform dist._wake();
    return null;
end $$;
-- Asked here, as whoever writes, and not in the function, which runs as the extension's owner.
create trigger arm after insert or update on dist.schedule
    for each row when (not dist._checks_off()) execute function dist._arm_schedule();
create trigger arm after insert or update or delete on dist.step
    for each row when (not dist._checks_off()) execute function dist._arm_schedule();

create function dist._check_schedule_delete() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._check_plan_is_free(old.id, old.name);
    return old;
end $$;
create trigger check_delete before delete on dist.schedule
    for each row execute function dist._check_schedule_delete();

create function dist._wake() returns void
    language c volatile
    as 'MODULE_PATHNAME', 'wake_wrapper';
comment on function dist._wake() is 'Internal: at commit, tells this database''s scheduler to look at its plans';
