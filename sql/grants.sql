-- Who may do what, and what pg_dump keeps. Runs after everything but row_security.sql, which says with which rows.

do $$
declare
    f record;
begin
    -- Functions are executable by PUBLIC unless taken away.
    for f in
        select p.oid::regprocedure as signature, p.proname
          from pg_catalog.pg_proc p
         where p.pronamespace operator(pg_catalog.=) 'dist'::regnamespace
    loop
        execute pg_catalog.format('revoke all on function %s from public', f.signature);
    end loop;
end $$;

-- Nor is anything of pg_dist's open to whom default privileges name.
do $$
declare
    given record;
begin
    for given in
        select case when c.relkind operator(pg_catalog.=) 'S' then 'sequence ' else 'table ' end
                   operator(pg_catalog.||) c.oid::regclass::text as thing, x.grantee
          from pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) x
         where c.relnamespace operator(pg_catalog.=) 'dist'::regnamespace and x.grantee operator(pg_catalog.<>) c.relowner
        union
        select 'function ' operator(pg_catalog.||) p.oid::regprocedure::text, x.grantee
          from pg_catalog.pg_proc p, pg_catalog.aclexplode(p.proacl) x
         where p.pronamespace operator(pg_catalog.=) 'dist'::regnamespace and x.grantee operator(pg_catalog.<>) p.proowner
    loop
        execute pg_catalog.format('revoke all on %s from %s', given.thing,
            case when given.grantee operator(pg_catalog.=) 0 then 'public' else given.grantee::regrole::text end);
    end loop;
end $$;

-- Reading.
grant select on all tables in schema dist to dist_reader;
grant execute on function dist.as_of(), dist.run_id() to public;
-- Part of a run's statements, which have its owner's rights; it answers nobody else.
grant execute on function dist._at_record(text), dist._in_hopper(text, text, timestamptz), dist._in_segment(text),
    dist._is_member(text, bigint), dist._is_member(text, uuid), dist._overwrites(bigint, text), dist._overwrites(uuid, text),
    dist._overwrites(text, text), dist._overwrites_also(integer, text) to public;
grant execute on function
    dist.next_runs(text, integer, timestamptz),
    dist.next_runs_of(timestamp, text, text, integer, text, text, integer, timestamptz, text[], integer[], integer[], timestamp[], date, text, text),
    dist._next_runs(jsonb, integer, timestamptz),
    dist.preview(text, timestamptz), dist._preview(text, timestamptz),
    dist.explain(text, text, text, text, timestamptz, bigint), dist._explain(text, text, text, text, timestamptz),
    dist.explain(text, jsonb, text, text, timestamptz), dist._explain(text, jsonb, text, text, timestamptz),
    dist.who_would_get(text, jsonb, text, text, timestamptz), dist._who_would_get(text, jsonb, text, text, timestamptz),
    dist._explain_past(text, text, bigint), dist.replay(bigint), dist._totals(text, jsonb), dist.preview_totals(text, timestamptz),
    dist._first_run(timestamptz), dist._former_names(), dist._now_called(text, bigint), dist._deficits_at(text, timestamptz, bigint), dist._check_time(timestamptz, timestamptz), dist._shares(bigint), dist.fairness_between(timestamptz, timestamptz), dist.fairness_by_segment(timestamptz, timestamptz), dist._members(dist.distribution_rule),
    dist._check_schedule_name(text, name), dist._may_run(name, name),
    dist._must_exist(text, text, text, text, text), dist._refuse(text, text, text, text, text), dist._row_name(oid, jsonb), dist._nearest(text, text[]),
    dist._book_balances(), dist._performances(),
    dist._is_running(integer), dist._running_schedules(), dist._running_key(), dist._policy_defaults(), dist._policy_value(text), dist._presets(), dist._workers()
    to dist_reader;

-- The outbox: whoever reads events is a member of the consumer's owner.
grant execute on function
    dist.read_events(text, integer), dist._read_events(text, integer), dist._health_of_consumers(),
    dist._is_unread(dist.event, dist.consumer, dist.event_cursor)
    to dist_reader;
grant insert, update, delete on dist.consumer, dist.sla to dist_manager;
grant execute on function
    dist._event_kinds(), dist._check_touched(dist.sla), dist.publish(text, text, jsonb, text), dist._publish(text, text, jsonb, text, timestamptz)
    to dist_manager;

-- Working hours.
grant execute on function
    dist.availability_at(timestamptz), dist._availability(jsonb, text[], timestamptz), dist._people_intent(text[]), dist._with_stand_ins(text[])
    to dist_reader;
grant insert, update, delete on dist.calendar, dist.shift, dist.holiday, dist.absence to dist_manager;
grant execute on function
    dist._objects_of_rep(text), dist._absence_span(text, timestamp, timestamp), dist._minutes_of_week(integer, time, time)
    to dist_manager;

-- Looking ahead.
grant execute on function
    dist.simulate(timestamptz, timestamptz, text, integer), dist._outlook(timestamptz, timestamptz, text, integer),
    dist._ahead(jsonb[], timestamptz[], integer[], timestamptz, timestamptz, integer),
    dist.icalendar(timestamptz, timestamptz, text, integer),
    dist._icalendar(text, timestamptz, jsonb),
    dist._tz_version(), dist._clock(), dist._plan(dist.schedule)
    to dist_reader;

-- Writing intent and running. Check triggers run as whoever writes the row and need their helpers.
grant insert, update, delete on
    dist.rep, dist.team, dist.team_member, dist.distribution_rule, dist.ruleset, dist.assignment_rule,
    dist.transfer, dist.hopper, dist.release, dist.schedule, dist.step, dist.measure, dist.book_segment, dist.book
    to dist_manager;
grant execute on function
    dist.execute(text, timestamptz), dist._execute(text, timestamptz),
    dist.preview_schedule(text, timestamptz), dist.preview_schedule_totals(text, timestamptz), dist.preview_steps(text, timestamptz), dist._rehearse(text, text, timestamptz),
    dist._check_action(text, text, text, text, jsonb),
    dist.undo(bigint), dist._undo(bigint),
    dist.claim(text, text, integer, text[]), dist.claimable(text, text, integer), dist.leave_hopper(text, text),
    dist.release_record(text, text, text, text), dist._release_record(text, text, text, text), dist.return_record(text, text, text), dist._return_record(text, text, text),
    dist._users_statement(text, text, text[]), dist._last_failure(), dist._raise_original(),
    dist.tick(timestamptz), dist.run_now(text), dist._run_now_id(text),
    dist.pause(text, text), dist.resume(text), dist.cancel(text, text), dist._resume_stopped(text), dist._check_my_schedule(text),
    dist.save_template(text, text), dist.make_transfer(text, text, jsonb),
    dist.save_schedule_template(text, text), dist.make_schedule(text, text, jsonb, jsonb), dist._copy_schedule(text, text, boolean, jsonb, jsonb),
    dist._check_changes(text, text, text, jsonb, text[]), dist._refuse_template(dist.schedule), dist._copy_transfer(text, text, boolean, jsonb),
    dist._save_schedule_template(text, text),
    dist._checks_off(), dist._cascaded(), dist._writer(name, name), dist._required(text, text, text, text),
    dist._no_json_null(text, text, text, jsonb),
    dist._check_zone(text, text, text), dist._check_plan(jsonb, timestamptz), dist._check_text(text, text, text, jsonb),
    dist._check_ruleset_of(text, text, text, text, text), dist._check_owner(text, text, name, name), dist._check_hopper_of(text, text, text, text, text),
    dist._check_object(jsonb), dist._check_reps(text, text, text, text[]), dist._one_of(text, text, text, text, text[]),
    dist._reachable_reps(text, text), dist._book_reps(dist.book), dist._objects_served(text[]), dist._with_fallbacks(text[]), dist._reps_of(text[]), dist._goes_by_turns(text), dist._check_segments(text, text, text, text[]), dist._is_used_ruleset(text), dist._way_back(text, integer, text), dist._running_schedule(text), dist._check_plan_is_free(integer, text),
    dist._plan_changed(dist.schedule, dist.schedule), dist._plan(dist.schedule), dist._check_run_limits(dist.schedule), dist._check_start_ahead(dist.schedule), dist._clock()
    to dist_manager;

-- Automations and exclusions.
grant insert, update, delete on dist.automation, dist.exclusion to dist_manager;
grant execute on function dist._excludes_of(dist.exclusion), dist._moving_at() to dist_manager;
grant execute on function
    dist._mover(text, text), dist._exclusion_intent(text, text, text[])
    to dist_reader;

-- Caps, and what has been used of them.
grant insert, update, delete on dist.cap to dist_manager;
grant execute on function dist._recount_caps(text[]) to dist_manager;
grant execute on function
    dist._balance_of_caps(timestamptz), dist._open_balances(), dist._covered(dist.cap), dist._cap_window(text, boolean, text, timestamptz)
    to dist_reader;

-- Who may have which records.
grant insert, update, delete on dist.eligibility, dist.protection to dist_manager;

-- Segments.
grant insert, update, delete on dist.segment, dist.segment_part, dist.segment_related to dist_manager;
grant execute on function
    dist._check_segment_of(text, text, text, text, text), dist._segment_parts(text[]), dist._is_made_of(text, text), dist._check_related(text, text, text, oid, text, jsonb)
    to dist_manager;

grant execute on function dist.refresh_segment(text, timestamptz), dist._refresh_segment(text, timestamptz) to dist_manager;
grant execute on function dist.preview_segment(text, timestamptz), dist._preview_segment(text, timestamptz), dist._unpack_roll(text, bytea, bytea),
    dist._unpack_keys(text, bytea) to dist_reader;
-- Activities: who changes one says so by doing it.
grant insert, update, delete on dist.activity_plan to dist_manager;
grant insert (object, record_key, rep, subject, starts_at, ends_at, status), update (rep, subject, starts_at, ends_at, status), delete on dist.activity
    to dist_manager;
grant execute on function
    dist._check_activity_text(text, text, jsonb, oid), dist._check_activity_plan_reps(dist.activity_plan, text),
    dist._check_activity_plan_time(dist.activity_plan, text)
    to dist_manager;

-- Formulas.
grant insert, update, delete on dist.formula to dist_manager;
grant execute on function dist._check_expression(text, text, text, text, text), dist._check_formula_is_free(text) to dist_manager;

-- Matches. The two functions only compute: runs call them with whatever rights they have, and so may criteria and indexes.
grant insert, update, delete on dist.match to dist_manager;
grant execute on function dist._check_match_text(text, jsonb) to dist_manager;
grant execute on function dist.mail_domain(text), dist.company_name(text) to public;
grant execute on function dist._told_match(jsonb) to dist_reader;

-- Watching runs, and stopping them.
grant execute on function
    dist._running(), dist._workers(), dist._is_preloaded(), dist._health_of_worker(), dist._health_of_time(), dist._overdue(interval), dist._blocked(),
    dist._health_of_schedules(), dist._health_of_tasks(), dist._owner_fault(name), dist._health_of_intake(), dist.overtaken(text, timestamptz), dist._blame(integer), dist._pools(text, text), dist._caps(text, text), dist._receivers(text, text), dist._reps_of(text[]), dist._reach(text), dist._with_fallbacks(text[])
    to dist_reader;
grant execute on function dist.cancel_run(text) to dist_manager;
grant execute on function dist.purge(integer) to dist_admin;

-- Steps that call functions.
grant execute on function
    dist._check_transfer_step(dist.step, text), dist._check_function_step(dist.step, text, boolean),
    dist._check_call(text, text, text, jsonb, text, text)
    to dist_manager;

-- Variables. Part of what runs execute, with its owner's rights; elsewhere dist.var answers readers only.
grant insert, update, delete on dist.variable to dist_manager;
grant execute on function dist.var(text), dist.var(text, anyelement) to public;
grant execute on function
    dist._canonical(text, regtype, text), dist._no_moving_value(text, regtype, text), dist._user_of_variable(text)
    to dist_manager;

-- Objects are targets for everybody's runs, and policies hold for all: the admin's.
grant insert, update, delete on dist.object, dist.policy, dist.public_domain to dist_admin;
grant execute on function dist.use_preset(text) to dist_admin;

-- Copies of a database: whose schedules fire here is the admin's decision.
grant execute on function dist._is_paused_copy(), dist._system_identifier() to dist_reader;
grant execute on function dist.resume_all() to dist_admin;

-- A dump keeps intent, state and history. (One call a statement: each updates the extension's row.)
do $$
declare
    kept record;
begin
    for kept in
        select c.oid::regclass as relation
          from pg_catalog.pg_class c
         where c.relnamespace operator(pg_catalog.=) 'dist'::regnamespace and c.relkind in ('r', 'S')
           and c.relname operator(pg_catalog.<>) 'intent_stamp'
         order by c.relname
    loop
        perform pg_catalog.pg_extension_config_dump(kept.relation, '');
    end loop;
end $$;

select dist._wake();
