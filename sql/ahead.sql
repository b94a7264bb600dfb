-- Looking ahead: what all schedules together are going to do, as rows and as an iCalendar.

create function dist._tz_version() returns text
    language c immutable parallel safe
    as 'MODULE_PATHNAME', 'tz_version_wrapper';
comment on function dist._tz_version() is 'Internal: version of the IANA time zone data that next runs are derived with, such as 2025b';

create function dist._ahead(plans jsonb[], due timestamptz[], runs_left integer[], "from" timestamptz, "to" timestamptz, most integer)
    returns table (at timestamptz, item integer, cause text, detail text)
    language c stable strict
    as 'MODULE_PATHNAME', 'look_ahead_wrapper';
comment on function dist._ahead(jsonb[], timestamptz[], integer[], timestamptz, timestamptz, integer) is
    'Internal: merges what schedules are going to do; item is a schedule''s place in the arrays, cause null = it runs';

-- What the rows of dist.schedule and dist.schedule_state mean for the future. An ended or stopped schedule has no instant
-- that it waits for, and what passes from the beginning of the window on passes it by. At one instant the order is that
-- of dist._due. What is armed for later than the window has a say only where something may be left out before.
create function dist._outlook("from" timestamptz, "to" timestamptz, schedule text, most integer)
    returns table (at timestamptz, schedule_id integer, cause text, detail text)
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    with state as (
        select s.id, s.name, jsonb_strip_nulls(dist._plan(s)) as plan,
               case when st.ended = 'unbound' or st.schedule_id is null then 'unbound'
                    when st.ended in ('failed', 'quarantined') then st.ended
                    when not s.enabled then 'paused' end as stopped,
               st.note, coalesce(st.due_at, st.next_run_at) as due,
               s.max_runs - coalesce(st.runs, 0) as runs_left,
               s.exdates is not null or s.dst_gap = 'skip' or s.rrule ~* 'exdate' as leaves_out
          from dist.schedule s
          left join dist.schedule_state st on st.schedule_id = s.id
         where s.cancelled_at is null and not s.is_template and ($3 is null or s.name = $3)
    ), known as (
        select x.*, case when x.stopped is null then x.due end as armed_for from state x
    ), near as (
        (select k.* from known k where k.armed_for <= $2 and not k.leaves_out is true order by k.armed_for limit $4)
        union all
        select k.* from known k where k.armed_for is null or k.leaves_out
    ), listed as (
        select n.*, row_number() over (
                   order by (select case when bool_or(t.kind = 'distribution') then 3
                                         when bool_or(t.kind = 'retrieval' or p.action = 'function' and p.segment is null) then 1
                                         when bool_or(p.action <> 'refresh_segment') then 4 else 0 end
                               from dist.step p left join dist.transfer t on t.name = p.target and p.action = 'transfer'
                              where p.schedule = n.name and p.active and p.target is not null),
                            n.name collate "C") as place
          from near n
    ), arrays as (
        select array_agg(l.plan order by l.place) as plans, array_agg(l.armed_for order by l.place) as due,
               array_agg(case when l.runs_left <= 0 then 0 when l.stopped is null then l.runs_left end
                         order by l.place) as runs_left
          from listed l
    )
    select h.at, l.id, coalesce(h.cause, l.stopped),
           coalesce(h.detail, case l.stopped when 'unbound' then 'it has no complete, active step'
                                             when 'paused' then 'it is not enabled' else l.note end)
      from arrays a, dist._ahead(a.plans, a.due, a.runs_left, $1, $2, $4) h
      join listed l on l.place = h.item
     order by h.at, l.place
$$;
comment on function dist._outlook(timestamptz, timestamptz, text, integer) is
    'Internal: what schedules are going to do in a span of time, and what not; cause null = it runs';

create function dist.simulate("from" timestamptz default null, "to" timestamptz default null, for_schedule text default null,
                              row_limit integer default 10000)
    returns table (at timestamptz, schedule text, outcome text, cause text, detail text, steps text[], owner name)
    language plpgsql stable rows 1000
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    low timestamptz := coalesce($1, dist._clock());
    high timestamptz := coalesce($2, low + interval '1 day');
    shown integer := 0;
    next_at timestamptz;
begin
    if $3 is not null then
        perform dist._check_schedule_name($3);
    end if;
    if low > high then
        raise exception using errcode = '22023', message = format('from %s lies after to %s', low, high),
            hint = 'Give the earlier instant first.';
    end if;
    if $4 is null or $4 not between 1 and 1000000 then
        raise exception using errcode = '22023', message = format('row_limit %s is out of range', coalesce($4::text, 'null')),
            hint = 'Give a number from 1 to 1000000.';
    end if;
    for at, schedule, cause, detail, steps, owner in
        select o.at, s.name, o.cause, o.detail,
               array(select p.target from dist.step p where p.schedule = s.name and p.active order by p.position), s.owner
          from dist._outlook(low, high, $3, $4 + 1) with ordinality o(at, schedule_id, cause, detail, n)
          join dist.schedule s on s.id = o.schedule_id
         order by o.n
    loop
        if shown = $4 then
            next_at := at;
            exit;
        end if;
        shown := shown + 1;
        outcome := case when cause is null then 'fire' else 'skip' end;
        return next;
    end loop;
    if next_at is not null then
        raise notice 'dist.simulate: row_limit % is reached, the next row would be at %', $4, next_at
            using hint = 'Give a greater row_limit, an earlier "to", or one schedule.';
    end if;
end $$;
comment on function dist.simulate(timestamptz, timestamptz, text, integer) is
    'What is going to run from one instant to another (both included; by default a day from now), and what is not and why: dst, exdate, paused, unbound, failed, quarantined, ended, invalid. Misfires, overlaps and failures cannot be foreseen';

create function dist._icalendar(name text, made_at timestamptz, events jsonb) returns text
    language c stable strict
    as 'MODULE_PATHNAME', 'icalendar_wrapper';
comment on function dist._icalendar(text, timestamptz, jsonb) is 'Internal: RFC 5545''s text for events';

-- An event lasts as long as the run may take.
create function dist.icalendar("from" timestamptz default null, "to" timestamptz default null, for_schedule text default null,
                               row_limit integer default 10000)
    returns text
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    select dist._icalendar(current_database(), dist._clock(), coalesce(jsonb_agg(jsonb_build_object(
               'uid', format('%s.%s@%s.pg-dist', s.id, to_char(v.at at time zone 'UTC', 'YYYYMMDD"T"HH24MISSUS"Z"'), current_database()),
               'starts', (extract(epoch from v.at) * 1000000)::bigint,
               'ends', (extract(epoch from v.at + coalesce(s.run_timeout, make_interval(secs => dist._policy_value('run_timeout')), '5 minutes')) * 1000000)::bigint,
               'summary', s.name,
               'description', concat_ws(E'\n', s.description, 'Steps: ' || nullif(array_to_string(v.steps, ', '), ''),
                                        'Runs as: ' || v.owner, 'Does not run: ' || nullif(concat_ws(', ', v.cause, v.detail), '')),
               'runs', v.outcome = 'fire') order by v.n), '[]'))
      from dist.simulate($1, $2, $3, $4) with ordinality v(at, schedule, outcome, cause, detail, steps, owner, n)
      join dist.schedule s on s.name = v.schedule
$$;
comment on function dist.icalendar(timestamptz, timestamptz, text, integer) is
    'dist.simulate as an iCalendar (RFC 5545): an event for each row, cancelled where nothing runs';

-- After an upgrade that brings newer time zone data: an instant that is derived otherwise now. What is due, is retried or
-- waits in a queue stays as it is.
create function dist._rederive() returns integer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    right_now timestamptz := dist._clock();
    armed record;
    due timestamptz;
    changed integer := 0;
begin
    for armed in
        select s.id, x.next_run_at, to_jsonb(s) as plan
          from dist.schedule_state x join dist.schedule s on s.id = x.schedule_id
         where x.next_run_at > right_now and x.attempt = 1 and not x.queued and x.crashes = 0
         order by s.id
    loop
        begin
            -- dist.tick may have gone ahead of the clock.
            due := dist._check_plan(armed.plan, greatest(right_now, (
                select max(r.due_at) from dist.run r
                 where r.schedule_id = armed.id and r.status = 'succeeded' and r.trigger = 'schedule')));
        exception when invalid_parameter_value then
            -- Its own run says so.
            continue;
        end;
        continue when due is not distinct from armed.next_run_at;
        -- Whoever holds the state is about to derive the next run anyway.
        perform from dist.schedule_state x
          where x.schedule_id = armed.id and x.next_run_at = armed.next_run_at for update skip locked;
        continue when not found;
        update dist.schedule_state x
           set next_run_at = due, due_at = due, ended = case when due is null then 'done' end
         where x.schedule_id = armed.id;
        changed := changed + 1;
    end loop;
    if changed > 0 then
        perform dist._wake();
    end if;
    return changed;
end $$;
comment on function dist._rederive() is
    'Internal: derives every next run that is not due yet again, with the time zone data of today; returns how many have changed';
