-- Limits that hold for all runs and schedules.

create table dist.policy (
    name  text primary key,
    value bigint
);
comment on table dist.policy is 'Intent: limits that hold for all; a policy without a row has its default (view dist.policies)';
comment on column dist.policy.name is 'Name of the policy, as listed in dist.policies';
comment on column dist.policy.value is 'Its value, in the unit that dist.policies states; null = no limit';

-- A function and not rows of dist.policy: a dump holds only what people changed, so it restores over a fresh install.
create function dist._policy_defaults() returns table (name text, value bigint, description text)
    language sql immutable
    set search_path = pg_catalog, pg_temp
as $$
    values ('unassigned_rows', 100000::bigint,
            'rows that one run may write to dist.unassigned; the counts in dist.run.reasons are always complete'),
           ('misfire_grace', 60,
            'seconds by which a run may be late before misfire = skip leaves it out'),
           ('misfire_window', 86400,
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
            'days that the history is kept')
$$;
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
