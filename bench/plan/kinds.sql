-- Microseconds of CPU that it costs to read a schedule's row and find its next run, for recurrences of each kind that began
-- long ago: the first time that a session does so, and again.
create temp table kind (n integer generated always as identity, what text, plan jsonb);
insert into kind (what, plan) values
    ('once', '{"start_at": "2099-01-01T06:00:00"}'),
    ('daily', '{"frequency": "daily"}'),
    ('hourly', '{"frequency": "hourly"}'),
    ('hourly on some days', '{"frequency": "hourly", "every": 5, "weekdays": ["mon", "fri"], "months": [2, 9]}'),
    ('weekly on three days', '{"frequency": "weekly", "every": 2, "weekdays": ["mon", "wed", "fri"]}'),
    ('monthly, last Friday', '{"frequency": "monthly", "weekdays": ["lastfri"]}'),
    ('yearly', '{"frequency": "yearly", "months": [2], "month_days": [29]}'),
    ('daily, 100 exdates', jsonb_build_object('frequency', 'daily', 'exdates',
        (select jsonb_agg(to_jsonb(timestamp '2024-01-01 06:00' + make_interval(days => d))) from generate_series(1, 100) d))),
    ('cron, every minute', '{"cron": "* * * * *"}'),
    ('cron, office hours', '{"cron": "*/15 9-17 * * mon-fri"}'),
    ('cron, at a time', '{"cron": "30 2 1,15 * *"}'),
    ('cron, Friday the 13th', '{"cron": "0 9 */13 * 5"}'),
    ('cron, every second', '{"cron": "* * * * * *"}'),
    ('cron, 29 February on a Monday', '{"cron": "0 0 */29 2 1"}'),
    ('RRULE, daily', '{"rrule": "FREQ=DAILY"}'),
    ('RRULE, last working day', '{"rrule": "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"}'),
    ('RRULE, every 7 seconds', '{"rrule": "FREQ=SECONDLY;INTERVAL=7"}'),
    ('RRULE, every 45 minutes on Mondays', '{"rrule": "FREQ=MINUTELY;INTERVAL=45;BYDAY=MO"}'),
    ('RRULE, daily, COUNT=10000', '{"rrule": "FREQ=DAILY;COUNT=10000"}'),
    ('RRULE, weekly, COUNT=100', '{"rrule": "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=100"}'),
    ('RRULE, hourly, COUNT=10000', '{"rrule": "FREQ=HOURLY;COUNT=10000"}');
-- As a schedule's row has it: every column is there.
update kind set plan = jsonb_build_object('name', what, 'id', n, 'description', null, 'enabled', true, 'start_at', '1990-01-01T06:00:00',
    'time_zone', 'Europe/Berlin', 'frequency', null, 'every', null, 'weekdays', null, 'month_days', null, 'months', null,
    'cron', null, 'rrule', null, 'exdates', null, 'until', null, 'max_runs', null, 'dst_gap', 'shift', 'dst_fold', 'first',
    'misfire', 'one', 'owner', 'postgres') || plan;

-- User and system time of this backend so far.
create function pg_temp.cpu() returns numeric language sql as $$
    select (x[12]::numeric + x[13]::numeric) / 100
      from (select regexp_split_to_array(split_part(pg_read_file('/proc/self/stat'), ') ', 2), ' ')) s(x)
$$;
-- So many calls that the clock, which ticks every 10 ms, is no matter. The first time a session meets a recurrence it
-- reads it; each until is one that it has not met yet.
create function pg_temp.cost(plan jsonb, anew boolean) returns numeric language plpgsql as $$
declare
    calls integer := 0;
    began numeric := pg_temp.cpu();
    spent numeric := 0;
begin
    while spent < 0.25 loop
        perform dist._check_plan(case when anew then jsonb_set(plan, '{until}', to_jsonb(date '2100-01-01' + i)) else plan end,
                                 timestamptz '2026-01-01 00:00+00' + i * interval '1001.5 seconds')
           from generate_series(calls, calls + 99) i;
        calls := calls + 100;
        spent := pg_temp.cpu() - began;
    end loop;
    return round(spent * 1e6 / calls, 1);
end $$;
create temp table cost as
    select n, what, pg_temp.cost(plan, true) as first_time, pg_temp.cost(plan, false) as again from kind order by n;
select what, first_time, again from cost order by n;
