-- When something runs: a schedule is a plan in local time. What it runs is its steps (step.sql).

create table dist.schedule (
    name         text primary key,
    id           integer generated always as identity unique,
    description  text,
    enabled      boolean not null default true,
    start_at     timestamp,
    time_zone    text not null default 'UTC',
    frequency    text,
    every        integer,
    weekdays     text[],
    month_days   integer[],
    months       integer[],
    cron         text,
    rrule        text,
    exdates      timestamp[],
    until        date,
    max_runs     integer,
    dst_gap      text not null default 'shift',
    dst_fold     text not null default 'first',
    misfire      text not null default 'one',
    misfire_window interval,
    misfire_max  integer,
    overlap      text not null default 'skip',
    attempts     integer not null default 1,
    retry_after  interval not null default '30 seconds',
    pause_after  integer,
    run_timeout  interval,
    cancelled_at timestamptz,
    transactions text not null default 'run',
    is_template  boolean not null default false,
    owner        name not null default current_user
);
comment on table dist.schedule is 'Intent: when its steps run, as local time in a zone; without a recurrence once';
comment on column dist.schedule.name is 'Name of the schedule';
comment on column dist.schedule.id is 'Number of the schedule, kept when it is renamed';
comment on column dist.schedule.description is 'What the schedule is for';
comment on column dist.schedule.enabled is 'false = passive: nothing runs; instants that pass are recorded as skipped';
comment on column dist.schedule.start_at is 'First run, or the instant from which the first fitting run is sought; local time in time_zone';
comment on column dist.schedule.time_zone is 'IANA time zone of the plan';
comment on column dist.schedule.frequency is 'once, hourly, daily, weekly, monthly or yearly';
comment on column dist.schedule.every is 'Every so many hours, days, weeks, months or years; by default 1';
comment on column dist.schedule.weekdays is 'mon to sun; for monthly and yearly also 2tue (the second Tuesday), -1fri (the last Friday)';
comment on column dist.schedule.month_days is 'Days of the month, 1 to 31; -1 is the last';
comment on column dist.schedule.months is 'Months, 1 to 12';
comment on column dist.schedule.cron is 'Cron expression of five fields, or six with seconds first';
comment on column dist.schedule.rrule is 'RFC 5545 recurrence rule, such as FREQ=MONTHLY;BYDAY=1MO';
comment on column dist.schedule.exdates is 'Local instants that are left out';
comment on column dist.schedule.until is 'Last local date on which it runs';
comment on column dist.schedule.max_runs is 'It ends after so many regular runs; failed ones count, manual ones do not';
comment on column dist.schedule.dst_gap is 'A local time that does not exist: shift, skip or next_valid';
comment on column dist.schedule.dst_fold is 'A local time that exists twice: first, last or both';
comment on column dist.schedule.misfire is 'Instants missed in an outage: one (run once), skip (run none) or all (run each)';
comment on column dist.schedule.misfire_window is
    'An instant is made up for only so long after it, and then given up; null = the policy misfire_window';
comment on column dist.schedule.misfire_max is
    'misfire = all makes up for so many instants at most, the latest ones; null = the policy misfire_max';
comment on column dist.schedule.overlap is
    'Instants that pass during the schedule''s own run: skip, or queue_one (the latest of them is run afterwards)';
comment on column dist.schedule.attempts is 'How often one instant is attempted until a run succeeds, 1 = no retry';
comment on column dist.schedule.retry_after is
    'How long after a failure the second attempt is made; each further wait is twice as long, up to the policy retry_max, and a little random';
comment on column dist.schedule.pause_after is
    'After so many failed instants in a row it stops, with status Failed, until dist.resume; null = never';
comment on column dist.schedule.run_timeout is 'A run that takes longer is stopped and has failed; null = the policy run_timeout';
comment on column dist.schedule.cancelled_at is 'When it was cancelled; its history stays';
comment on column dist.schedule.transactions is
    'run: all steps commit together, or none does; step: each step is a run of its own, with its own attempts and time, and after a failure or a crash the instant goes on with the step that was not committed';
comment on column dist.schedule.is_template is
    'A template never runs and is not upcoming: dist.make_schedule makes schedules of it, with its steps; what it says of time may be left out';
comment on column dist.schedule.owner is 'Role whose rights the runs have';

create function dist._refuse_template(s dist.schedule) returns void
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if s.is_template then
        perform dist._refuse('schedule', s.name, '55000', 'it is a template, which never runs', 'Make a schedule of it with dist.make_schedule.');
    end if;
end $$;
comment on function dist._refuse_template(dist.schedule) is 'Internal: refuses a template where a schedule is meant';

create function dist._check_run_limits(s dist.schedule) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._refuse('schedule', s.name, '23514', format('%s %s is less than 1', l.field, l.value), l.hint)
       from (values ('max_runs', s.max_runs, 'Give 1 or more, or null for no end.'),
                    ('misfire_max', s.misfire_max, 'Give 1 or more, or null for the policy misfire_max.'),
                    ('attempts', s.attempts, 'Give 1 for no retry, or more.'),
                    ('pause_after', s.pause_after, 'Give 1 or more, or null to go on after failures.')) l(field, value, hint)
      where l.value < 1;
    perform dist._refuse('schedule', s.name, '23514', format('attempts %s is more than 100', s.attempts), 'Give 1 to 100.')
      where s.attempts > 100;
    perform dist._required('schedule', s.name, 'attempts', s.attempts::text);
    perform dist._required('schedule', s.name, 'retry_after', s.retry_after::text);
    perform dist._refuse('schedule', s.name, '23514', format('%s %s is out of range', l.field, l.value), l.hint)
       from (values ('misfire_window', s.misfire_window, interval '0', interval '10 years',
                     'Give 0 to 10 years, or null for the policy misfire_window.'),
                    ('retry_after', s.retry_after, interval '0', interval '1 year', 'Give 0 to 1 year.'),
                    ('run_timeout', s.run_timeout, interval '1 millisecond', interval '20 days',
                     'Give 1 millisecond to 20 days, or null for the policy run_timeout.')) l(field, value, least, most, hint)
      where l.value < l.least or l.value > l.most;
end $$;
comment on function dist._check_run_limits(dist.schedule) is 'Internal: refuses numbers and intervals that make no sense for a schedule';

create function dist._check_start_ahead(s dist.schedule) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    most bigint := dist._policy_value('start_ahead');
begin
    if s.start_at - dist._clock() at time zone s.time_zone > make_interval(secs => most) then
        perform dist._refuse('schedule', s.name, '54000',
            format('policy start_ahead: start_at %s lies more than %s days ahead', s.start_at, trim_scale(round(most / 86400.0, 3))),
            'Give an earlier start, or let an admin change the policy in dist.policy.');
    end if;
end $$;
comment on function dist._check_start_ahead(dist.schedule) is 'Internal: holds the policy start_ahead';

create function dist._check_schedule() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    first_run timestamptz;
begin
    if dist._checks_off() then
        return new;
    end if;
    if btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'name is empty', 'Give the schedule a name.');
    end if;
    -- Blank is as good as null, and then is null wherever it is looked at.
    new.frequency := lower(nullif(btrim(new.frequency), ''));
    new.cron := nullif(btrim(new.cron), '');
    new.rrule := nullif(btrim(new.rrule), '');
    if new.time_zone is not null then
        perform dist._check_zone(tg_table_name, new.name, new.time_zone);
    end if;
    if tg_op = 'UPDATE' and old.cancelled_at is not null and new.cancelled_at is null then
        perform dist._refuse(tg_table_name, new.name, '55000', 'it has been cancelled', 'Make a new schedule.');
    end if;
    perform dist._one_of(tg_table_name, new.name, 'misfire', new.misfire, array['one', 'skip', 'all']);
    perform dist._one_of(tg_table_name, new.name, 'overlap', new.overlap, array['skip', 'queue_one']);
    perform dist._required(tg_table_name, new.name, 'transactions', new.transactions);
    perform dist._one_of(tg_table_name, new.name, 'transactions', new.transactions, array['run', 'step']);
    perform dist._check_run_limits(new);
    perform dist._check_owner(tg_table_name, new.name, new.owner, case when tg_op = 'UPDATE' then old.owner end);
    if tg_op = 'UPDATE' and (dist._plan_changed(old, new) or new.max_runs is distinct from old.max_runs
                             or (new.name, new.owner) <> (old.name, old.owner)) then
        perform dist._check_plan_is_free(old.id, old.name);
    end if;
    if tg_op = 'UPDATE' and (dist._plan_changed(old, new) or new.owner <> old.owner) and not dist._is_admin() then
        -- Where the owner's role is gone, whoever takes the schedule over does so in their own name.
        if exists (select from pg_roles r where r.rolname = old.owner and not pg_has_role(current_user, r.oid, 'member')) then
            perform dist._refuse(tg_table_name, new.name, '42501',
                format('role %L is not a member of the owner %L', current_user, old.owner),
                'Only a member of the owner''s role can change when it runs, and in whose name.');
        end if;
    end if;
    if tg_op = 'UPDATE' and new.is_template <> old.is_template then
        perform dist._refuse(tg_table_name, new.name, '55000', 'a schedule does not become a template, nor a template a schedule',
            'Copy it: dist.save_schedule_template makes a template of a schedule, dist.make_schedule a schedule of a template.');
    elsif new.is_template and tg_op = 'UPDATE' and new.enabled then
        perform dist._refuse(tg_table_name, new.name, '55000', 'a template never runs', 'Make a schedule of it with dist.make_schedule.');
    end if;
    if new.is_template then
        new.enabled := false;
        -- Whatever it says of time makes sense; it need not say anything, nor lie ahead.
        perform dist._check_plan(to_jsonb(new), dist._clock()) where num_nonnulls(new.start_at, new.frequency, new.cron, new.rrule) > 0;
    elsif tg_op = 'INSERT' or dist._plan_changed(old, new) then
        first_run := dist._check_plan(to_jsonb(new), dist._clock());
        if first_run is null and new.cancelled_at is null then
            perform dist._refuse(tg_table_name, new.name, '22023', 'its only run, or its last, is in the past',
                'Give a start_at (and until) in the future, or call dist.execute to run the transfer now.');
        end if;
        perform dist._check_start_ahead(new);
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.schedule
    for each row execute function dist._check_schedule();

create function dist._plan(s dist.schedule) returns jsonb
    language sql immutable
    set search_path = pg_catalog, pg_temp
    return to_jsonb(s) - '{name,description,enabled,cancelled_at,transactions,is_template,owner,misfire,misfire_window,misfire_max,overlap,attempts,retry_after,pause_after,run_timeout,max_runs}'::text[];
comment on function dist._plan(dist.schedule) is 'Internal: what the next run is derived from';

create function dist._plan_changed(was dist.schedule, becomes dist.schedule) returns boolean
    language sql immutable
    set search_path = pg_catalog, pg_temp
    return dist._plan(was) <> dist._plan(becomes);
comment on function dist._plan_changed(dist.schedule, dist.schedule) is
    'Internal: whether anything changed from which the next run is derived';
