-- What people call. Every function works without the worker.

create function dist.as_of() returns timestamptz
    language sql stable parallel safe
    return coalesce(nullif(pg_catalog.current_setting('pg_dist.as_of', true), '')::timestamptz, pg_catalog.now());
comment on function dist.as_of() is
    'The instant a run is about: what predicates use in place of now(), so that a preview of a future run tells the truth';

-- A SQLSTATE of the user's own, raised by a trigger of theirs, is XX000 once it has passed through Rust. In a handler of that:
-- raises what it was, and returns where it was nobody's.
create function dist._raise_original() returns void
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    original jsonb := dist._last_failure();
begin
    if original is not null then
        raise exception using errcode = original ->> 'sqlstate', message = original ->> 'message',
            detail = original ->> 'detail', hint = original ->> 'hint';
    end if;
end $$;
comment on function dist._raise_original() is 'Internal: raises the last error of a user''s own code as it was';

create function dist._execute(transfer text, as_of timestamptz) returns bigint
    language c volatile
    as 'MODULE_PATHNAME', 'execute_wrapper';
comment on function dist._execute(text, timestamptz) is 'Internal: dist.execute, returning the run''s id';

create function dist.execute(transfer text, as_of timestamptz default now()) returns dist.run
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    made bigint;
    result dist.run;
begin
    begin
        perform dist._last_failure();
        made := dist._execute(transfer, as_of);
    exception when internal_error then
        perform dist._raise_original();
        raise;
    end;
    select * into strict result from dist.run r where r.id = made;
    return result;
end $$;
comment on function dist.execute(text, timestamptz) is
    'Runs a transfer with the caller''s rights, in the caller''s transaction; raises on error and then leaves nothing';

create function dist._preview(transfer text, as_of timestamptz)
    returns table (record_key text, old_owner text, new_owner text, rule text, reason text)
    language c stable rows 1000
    as 'MODULE_PATHNAME', 'preview_wrapper';
comment on function dist._preview(text, timestamptz) is 'Internal: dist.preview';

create function dist.preview(transfer text, as_of timestamptz default now())
    returns table (record_key text, old_owner text, new_owner text, rule text, reason text)
    language plpgsql volatile rows 1000
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query select * from dist._preview(transfer, as_of);
end $$;
comment on function dist.preview(text, timestamptz) is
    'What dist.execute would do now, row for row, in order; nothing is written. new_owner is null for records that would be left (reason says why)';

create function dist._undo(run_id bigint) returns bigint
    language c volatile
    as 'MODULE_PATHNAME', 'undo_wrapper';
comment on function dist._undo(bigint) is 'Internal: dist.undo, returning the id of the run that undid';

create function dist.undo(run_id bigint) returns dist.run
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    made bigint := dist._undo(run_id);
    result dist.run;
begin
    select * into strict result from dist.run r where r.id = made;
    return result;
end $$;
comment on function dist.undo(bigint) is
    'Gives every record that is still as the run left it back to its former owner, with its fields and the turns taken, and takes back fields that steps have edited, where they are still as set; the rest is left, with reason changed_since or gone in dist.unassigned';

create function dist.replay(run_id bigint)
    returns table (step integer, transfer text, records bigint, moved bigint, agrees boolean, differences bigint, first_difference text)
    language c stable
    set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'replay_wrapper';
comment on function dist.replay(bigint) is
    'Decides a past run''s records again, from what was kept of it in dist.decision, and says for each of its transfers whether the audit agrees';

create function dist._return_record(object text, record_key text, reason text) returns bigint
    language c volatile
    as 'MODULE_PATHNAME', 'return_record_wrapper';
comment on function dist._return_record(text, text, text) is 'Internal: dist.return_record, returning the run''s id';

create function dist.return_record(object text, record_key text, reason text) returns dist.run
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    made bigint;
    result dist.run;
begin
    begin
        perform dist._last_failure();
        made := dist._return_record(object, record_key, reason);
    exception when internal_error then
        perform dist._raise_original();
        raise;
    end;
    select * into strict result from dist.run r where r.id = made;
    return result;
end $$;
comment on function dist.return_record(text, text, text) is
    'A rep gives one record back and says why: it becomes unowned by a run of its own, with the caller''s rights; the reason is kept in dist.assignment.note. Refused for a record that is protected or that nobody owns';

create function dist._explain(object text, record_key text, transfer text, ruleset text, as_of timestamptz)
    returns table (stage text, item text, outcome text, detail text)
    language c stable
    as 'MODULE_PATHNAME', 'explain_wrapper';
comment on function dist._explain(text, text, text, text, timestamptz) is 'Internal: dist.explain';

create function dist.explain(object text, record_key text, transfer text default null, ruleset text default null,
                             as_of timestamptz default now(), run_id bigint default null)
    returns table (step bigint, stage text, item text, outcome text, detail text)
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    if explain.run_id is not null then
        if not exists (select from dist.run r where r.id = explain.run_id) then
            raise exception using errcode = '42704', message = format('dist.run %L does not exist', explain.run_id),
                hint = 'See dist.run for those that do.';
        end if;
        return query
            select row_number() over (order by h.seq), h.stage, h.item, h.outcome, h.detail
              from dist._explain_past(explain.object, explain.record_key, explain.run_id) h
             order by h.seq;
        return;
    end if;
    return query
        select x.ordinality, x.stage, x.item, x.outcome, x.detail
          from rows from (dist._explain(explain.object, explain.record_key, explain.transfer, explain.ruleset, explain.as_of))
               with ordinality x(stage, item, outcome, detail, ordinality);
end $$;
comment on function dist.explain(text, text, text, text, timestamptz, bigint) is
    'For one record: each rule with matched or why not, the distribution rule, the winner and the runners-up. With run_id: what that run did to it';

create function dist._explain(object text, record jsonb, transfer text, ruleset text, as_of timestamptz)
    returns table (stage text, item text, outcome text, detail text)
    language c stable
    as 'MODULE_PATHNAME', 'explain_record_wrapper';
comment on function dist._explain(text, jsonb, text, text, timestamptz) is 'Internal: dist.explain of a record that is not stored';

create function dist.explain(object text, record jsonb, transfer text default null, ruleset text default null,
                             as_of timestamptz default now())
    returns table (step bigint, stage text, item text, outcome text, detail text)
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
        select x.ordinality, x.stage, x.item, x.outcome, x.detail
          from rows from (dist._explain(explain.object, explain.record, explain.transfer, explain.ruleset, explain.as_of))
               with ordinality x(stage, item, outcome, detail, ordinality);
end $$;
comment on function dist.explain(text, jsonb, text, text, timestamptz) is
    'The same for a record that is not stored (yet), whose values are given; a column that is not given is null. Nothing is written, nobody''s turn is used';

create function dist._who_would_get(object text, record jsonb, transfer text, ruleset text, as_of timestamptz)
    returns table (by text, moves boolean, new_owner text, hopper text, reason text, rule text, distribution_rule text)
    language c stable
    as 'MODULE_PATHNAME', 'who_would_get_wrapper';
comment on function dist._who_would_get(text, jsonb, text, text, timestamptz) is 'Internal: dist.who_would_get';

create function dist.who_would_get(object text, record jsonb, transfer text default null, ruleset text default null,
                                   as_of timestamptz default now())
    returns table (by text, moves boolean, new_owner text, hopper text, reason text, rule text, distribution_rule text)
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
        select x.* from dist._who_would_get(who_would_get.object, who_would_get.record, who_would_get.transfer, who_would_get.ruleset, who_would_get.as_of) x;
end $$;
comment on function dist.who_would_get(text, jsonb, text, text, timestamptz) is
    'For another tool: who would get a record with these values, by a transfer, by a ruleset, or by each transfer and automation of the object; nothing is written, nobody''s turn is used';

create function dist._told_match(match jsonb) returns text
    language sql immutable strict
    set search_path = pg_catalog, pg_temp
    return format('matches %s %s of %s by %s, score %s', match ->> 'object', match ->> 'record', match ->> 'owner', match ->> 'kind', match ->> 'score')
           || case when match ? 'runner_up' then format(', runner-up %s of %s, score %s', match #>> '{runner_up,record}',
                                                        match #>> '{runner_up,owner}', match #>> '{runner_up,score}') else '' end;
comment on function dist._told_match(jsonb) is 'Internal: dist.assignment.match in words';

create function dist._explain_past(object text, record_key text, run_id bigint)
    returns table (at timestamptz, run bigint, seq integer, stage text, item text, outcome text, detail text)
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    select r.started_at, r.id, 0, 'run', 'run ' || r.id, r.status,
           concat_ws(', ', 'by ' || r.trigger, 'schedule ' || r.schedule, 'transfer ' || r.transfer, 'as of ' || r.as_of,
                     'as ' || r.run_by)
      from dist.run r
     where r.id = $3
    union all
    select a.at, a.run_id, a.seq, 'move', 'seq ' || a.seq,
           coalesce(a.old_owner, '(nobody)') || ' -> ' || coalesce(a.new_owner, '(nobody)'),
           concat_ws(', ', 'reason ' || a.reason, 'rule ' || a.rule, 'distribution rule ' || a.distribution_rule, 'note ' || a.note, dist._told_match(a.match))
      from dist.assignment a
     where a.run_id = $3 and a.object = $1 and a.record_key = $2
    union all
    select r.started_at, u.run_id, 1, 'left', u.reason, 'left where it was', 'rule ' || u.rule
      from dist.unassigned u join dist.run r on r.id = u.run_id
     where u.run_id = $3 and u.object = $1 and u.record_key = $2
$$;
comment on function dist._explain_past(text, text, bigint) is 'Internal: what a run did to a record, from the audit';

create function dist.tick(as_of timestamptz default now()) returns integer
    language c volatile
    set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'tick_wrapper';
comment on function dist.tick(timestamptz) is
    'Runs what is due as of an instant, of those schedules whose owner''s role the caller is a member of; returns how many due instants were run or recorded as skipped';

create function dist._run_now_id(schedule text) returns bigint
    language c volatile
    set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'run_now_wrapper';
comment on function dist._run_now_id(text) is 'Internal: dist.run_now, returning the run''s id';

create function dist.run_now(schedule text) returns dist.run
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    made bigint := dist._run_now_id(schedule);
    result dist.run;
begin
    select * into strict result from dist.run r where r.id = made;
    return result;
end $$;
comment on function dist.run_now(text) is
    'Runs a schedule''s steps by hand, with its owner''s rights; the plan is not disturbed. A failure is returned as the failed run''s row';

create function dist.pause(schedule text, save_as text default null) returns void
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._check_my_schedule(pause.schedule);
    if exists (select from dist.schedule s where s.name = pause.schedule
                and num_nonnulls(s.cron, s.rrule, nullif(s.frequency, 'once')) = 0) then
        perform dist._refuse('schedule', pause.schedule, '55000', 'it runs once, and only a recurring schedule is paused',
            'Use dist.cancel, or UPDATE dist.schedule SET enabled = false.');
    end if;
    perform dist._refuse('schedule', s.name, '55000', 'it has been cancelled', 'Make a new schedule.')
       from dist.schedule s where s.name = pause.schedule and s.cancelled_at is not null;
    perform dist._save_schedule_template(pause.schedule, pause.save_as);
    update dist.schedule s set enabled = false where s.name = pause.schedule and s.enabled;
end $$;
comment on function dist.pause(text, text) is
    'Pauses a recurring schedule: it stays in dist.upcoming and does not run until it is resumed. save_as: its transfer is saved as a template too';

create function dist.resume(schedule text) returns void
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._check_my_schedule(resume.schedule);
    perform dist._refuse('schedule', s.name, '55000', 'it has been cancelled', 'Make a new schedule.')
       from dist.schedule s where s.name = resume.schedule and s.cancelled_at is not null;
    update dist.schedule s set enabled = true where s.name = resume.schedule and not s.enabled;
    perform dist._resume_stopped(resume.schedule);
end $$;
comment on function dist.resume(text) is
    'Resumes a schedule that was paused, had failed or was in quarantine, at its next regular instant; those that passed are recorded as skipped and never caught up';

create function dist.cancel(schedule text, save_as text default null) returns void
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._check_my_schedule(cancel.schedule);
    perform dist._save_schedule_template(cancel.schedule, cancel.save_as);
    update dist.schedule s set cancelled_at = dist._clock(), enabled = false
     where s.name = cancel.schedule and s.cancelled_at is null;
end $$;
comment on function dist.cancel(text, text) is
    'Cancels a schedule: it leaves dist.upcoming and never runs again; its history stays. save_as: its transfer is saved as a template too';

create function dist.next_runs_of(start_at timestamp default null, time_zone text default 'UTC', frequency text default null,
                                  every integer default null, cron text default null, rrule text default null,
                                  n integer default 5, after timestamptz default null,
                                  weekdays text[] default null, month_days integer[] default null, months integer[] default null,
                                  exdates timestamp[] default null, until date default null,
                                  dst_gap text default 'shift', dst_fold text default 'first')
    returns setof timestamptz
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query select * from dist._next_runs(
        jsonb_build_object('start_at', start_at, 'time_zone', time_zone, 'frequency', frequency, 'every', every, 'cron', cron,
                           'rrule', rrule, 'weekdays', weekdays, 'month_days', month_days, 'months', months,
                           'exdates', exdates, 'until', until, 'dst_gap', dst_gap, 'dst_fold', dst_fold),
        n, after);
end $$;
comment on function dist.next_runs_of(timestamp, text, text, integer, text, text, integer, timestamptz, text[], integer[], integer[], timestamp[], date, text, text) is
    'The next n instants of a recurrence strictly after an instant; after null = from its start, for cron without a start from now';

create function dist._next_runs(plan jsonb, n integer, after timestamptz) returns setof timestamptz
    language c stable
    as 'MODULE_PATHNAME', 'next_runs_wrapper';
comment on function dist._next_runs(jsonb, integer, timestamptz) is 'Internal: dist.next_runs_of over a schedule row';

create function dist.next_runs(schedule text, n integer default 5, after timestamptz default now()) returns setof timestamptz
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._check_schedule_name(next_runs.schedule);
    return query
        select x.at from dist.schedule s, dist._next_runs(to_jsonb(s), next_runs.n, next_runs.after) x(at)
         where s.name = next_runs.schedule and s.cancelled_at is null;
end $$;
comment on function dist.next_runs(text, integer, timestamptz) is 'The next n instants of a schedule strictly after an instant';
