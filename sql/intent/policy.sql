-- Limits that hold for all runs and schedules.

create table dist.policy (
    name  text primary key,
    value bigint
);
comment on table dist.policy is 'Intent: limits that hold for all; a policy without a row has its default (view dist.policies)';
comment on column dist.policy.name is 'Name of the policy, as listed in dist.policies';
comment on column dist.policy.value is 'Its value, in the unit that dist.policies states; null = no limit';

-- A function and not rows of dist.policy: a dump holds only what people changed, so it restores over a fresh install.
-- Its body is read when it is made, so it needs no search_path, and without one each query has it built in.
create function dist._policy_defaults() returns table (name text, value bigint, description text)
    language sql immutable
begin atomic
    values ('unassigned_rows', 100000::bigint,
            'rows that one run may write to dist.unassigned; the counts in dist.run.reasons are always complete'),
           ('misfire_grace', 60,
            'seconds by which a run may be late before misfire = skip leaves it out'),
           ('misfire_window', 31536000,
            'seconds after which a missed instant is given up, where the schedule has no misfire_window of its own'),
           ('misfire_max', 100,
            'missed instants that misfire = all makes up for, where the schedule has no misfire_max of its own'),
           ('run_timeout', 300,
            'seconds after which a run is stopped, where the schedule has no run_timeout of its own'),
           ('retry_max', 3600,
            'seconds that a retry of a failed run waits at most'),
           ('crash_limit', 3,
            'times in a row that the server may go down during a schedule''s run before the schedule is quarantined'),
           ('active_schedules', null,
            'schedules that may be active at the same time'),
           ('manual_runs_per_day', null,
            'times that one schedule may be run by hand on one day of its own time zone'),
           ('start_ahead', null,
            'seconds that a schedule''s start may lie ahead'),
           ('rows_per_run', null,
            'records that one run may move'),
           ('history_days', null,
            'days that the history is kept'),
           ('event_days', 7,
            'days that events are kept in the outbox once those consumers who want them have read them'),
           ('event_unread_days', null,
            'days after which events are forgotten that an active consumer has not read'),
           ('event_lag', 3600,
            'seconds that an event may lie unread before dist.health warns'),
           ('keep_decisions', 1,
            'whether what a run is asked is kept in dist.decision, for dist.replay: 1 or 0');
end;
comment on function dist._policy_defaults() is 'Internal: the policies there are';

create view dist.policies as
    select d.name, case when p.name is null then d.value else p.value end as value, d.value as default_value, d.description
      from dist._policy_defaults() d
      left join dist.policy p on p.name operator(pg_catalog.=) d.name;
comment on view dist.policies is 'Every policy with the value that holds';
comment on column dist.policies.name is 'Name of the policy';
comment on column dist.policies.value is 'The value that holds; null = no limit';
comment on column dist.policies.default_value is 'The value without a row in dist.policy';
comment on column dist.policies.description is 'What it limits, and the unit';

create function dist._check_policy() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if (tg_op = 'INSERT' or new.name <> old.name) and not dist._checks_off() then
        perform dist._one_of(tg_table_name, new.name, 'name', new.name, array(select d.name from dist._policy_defaults() d));
    end if;
    if new.value < 0 then
        perform dist._refuse(tg_table_name, new.name, '23514', format('value %s is negative', new.value), 'Give 0 or more.');
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.policy
    for each row execute function dist._check_policy();

-- Of the policies in no preset the values stay as they are.
create function dist._presets() returns table (preset text, name text, value bigint)
    language sql immutable
    set search_path = pg_catalog, pg_temp
as $$
    values ('unlimited', 'active_schedules', null::bigint), ('unlimited', 'manual_runs_per_day', null), ('unlimited', 'start_ahead', null),
           ('unlimited', 'run_timeout', 300), ('unlimited', 'rows_per_run', null),
           ('small', 'active_schedules', 10), ('small', 'manual_runs_per_day', 2), ('small', 'start_ahead', 31536000),
           ('small', 'run_timeout', 300), ('small', 'rows_per_run', 200000)
$$;
comment on function dist._presets() is 'Internal: the presets of policies';

create function dist.use_preset(preset text) returns void
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._one_of('policy', use_preset.preset, 'preset', use_preset.preset, array(select distinct p.preset from dist._presets() p));
    insert into dist.policy (name, value)
    select p.name, p.value from dist._presets() p where p.preset = use_preset.preset
        on conflict (name) do update set value = excluded.value;
end $$;
comment on function dist.use_preset(text) is
    'Sets the limits on schedules and runs: unlimited (but for the run time of 5 minutes), or small (10 active schedules, 2 manual runs a day, a start within a year, 5 minutes, 200 000 records)';

create function dist._policy_value(policy text) returns bigint
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
begin
    return (select p.value from dist.policies p where p.name = policy);
end $$;
comment on function dist._policy_value(text) is 'Internal: the value of a policy that holds; null = no limit';

-- Under a lock, so that two sessions cannot both make the last one.
create function dist._check_active_schedules(s dist.schedule) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    most bigint := dist._policy_value('active_schedules');
    active bigint;
begin
    if most is null or not s.enabled or s.cancelled_at is not null then
        return;
    end if;
    perform pg_advisory_xact_lock(dist._running_key(), 0);
    select count(*) into active
      from dist.schedule x left join dist.schedule_state st on st.schedule_id = x.id
     where x.enabled and x.cancelled_at is null and (st.ended is null or st.ended = 'unbound');
    if active > most then
        perform dist._refuse('schedule', s.name, '54000',
            format('policy active_schedules: %s would be active, and at most %s may be', active, most),
            'Cancel or pause another, make this one with enabled = false, or let an admin change the policy in dist.policy.');
    end if;
end $$;
comment on function dist._check_active_schedules(dist.schedule) is 'Internal: holds the policy active_schedules';
