-- The ledger: each view answers from one snapshot, at any moment, also while the load goes on. crm.verdict has a row
-- per promise with the number of times it was broken, which is to be 0, and an example.

-- Due instants, counted by generate_series and not by pg_dist. sure: the instant is one of the schedule's for certain
-- and lies before the next one, so that it must have had its outcome by now.
create view crm.instant as
    with plan as (
        select p.*, s.id as schedule_id,
               lead(p.maybe_from) over w as before_next, lead(p.certain_from) over w as after_next
          from crm.plan p join dist.schedule s on s.name = p.schedule
        window w as (partition by p.schedule order by p.n)),
    last_run as (
        select r.schedule_id, max(r.due_at) as due_at from dist.run r where r.trigger = 'schedule' group by r.schedule_id),
    -- What is due next has no outcome yet; while a retry waits, that is the instant it is for.
    horizon as materialized (
        select s.id as schedule_id,
               coalesce(st.due_at, case when s.max_runs is not null then l.due_at + interval '1 microsecond' else 'infinity' end) as at
          from dist.schedule s
          join dist.schedule_state st on st.schedule_id = s.id
          left join last_run l on l.schedule_id = s.id),
    point as (
        select p.schedule_id, p.schedule, g.at, p.certain_from, p.before_next
          from plan p
         cross join generate_series(date_trunc('second', p.maybe_from),
                                    coalesce(p.after_next, clock_timestamp() + interval '1 minute'), interval '1 second') g(at)
         where p.once is null and extract(second from g.at)::integer = any (p.seconds)
           and g.at > p.maybe_from and g.at <= coalesce(p.after_next, 'infinity')
        union all
        select p.schedule_id, p.schedule, p.once, p.certain_from, null from plan p where p.once is not null)
    select o.schedule_id, o.schedule, o.at,
           bool_or(o.at > o.certain_from and o.at <= coalesce(o.before_next, 'infinity') and o.at < h.at) as sure
      from point o join horizon h on h.schedule_id = o.schedule_id
     group by o.schedule_id, o.schedule, o.at;

create view crm.outcome as
    select r.id, r.schedule_id, r.schedule, r.status, r.due_at, coalesce(r.due_to, r.due_at) as due_to, r.started_at,
           r.finished_at, r.attempt, r.cause, r.sqlstate, r.message
      from dist.run r
     where r.trigger = 'schedule';

-- The attempts at each instant. over: it is not to be tried again, because one went well or they are used up.
create view crm.tried as
    select o.schedule_id, o.due_at, count(*) as attempts, min(o.attempt) as first, max(o.attempt) as last,
           count(distinct o.attempt) as different, count(*) filter (where o.status = 'succeeded') as succeeded,
           bool_or(o.status = 'succeeded' or o.attempt >= s.attempts) as over,
           bool_or(o.status = 'succeeded' and o.attempt < l.last) as again_after_success
      from crm.outcome o
      join dist.schedule s on s.id = o.schedule_id
      join (select schedule_id, due_at, max(attempt) as last from crm.outcome where status in ('succeeded', 'failed') group by 1, 2) l
        on l.schedule_id = o.schedule_id and l.due_at = o.due_at
     where o.status in ('succeeded', 'failed')
     group by o.schedule_id, o.due_at;

-- How often each instant was dealt with. Two joins, for that of the many runs is one of equality.
create view crm.dealt_with as
    with i as materialized (select * from crm.instant)
    select i.schedule, i.at, i.sure, coalesce(t.attempts, 0) as attempts, coalesce(t.over, false) as over,
           coalesce(t.over::integer, 0) as ran, coalesce(k.skipped, 0) as skipped,
           coalesce(t.attempts <> t.different or t.first <> 1 or t.last <> t.attempts or t.succeeded > 1
                    or t.again_after_success, false) as muddled
      from i
      left join crm.tried t on t.schedule_id = i.schedule_id and t.due_at = i.at
      left join (select i.schedule_id, i.at, count(*) as skipped
                   from i join crm.outcome o on o.schedule_id = i.schedule_id and i.at between o.due_at and o.due_to
                  where o.status = 'skipped' group by i.schedule_id, i.at) k
        on k.schedule_id = i.schedule_id and k.at = i.at;

create view crm.instants_verdict as
    with d as materialized (select * from crm.dealt_with)
    select 'an instant is lost' as broken, count(*) as times,
           min(format('%s at %s: %s attempts', schedule, at, attempts)) as example
      from d where sure and ran + skipped = 0
    union all
    select 'an instant is doubled', count(*), min(format('%s at %s: %s attempts, %s skipped', schedule, at, attempts, skipped))
      from d where ran + skipped > 1 or muddled
    union all
    select 'a run at an instant that is none', count(*), min(format('%s at %s: run %s', o.schedule, o.due_at, o.id))
      from crm.outcome o
     where not exists (select from d where d.schedule = o.schedule and d.at = o.due_at)
    union all
    select 'misfire all left an instant out', count(*), min(format('%s at %s: %s', o.schedule, o.due_at, o.message))
      from crm.outcome o join dist.schedule s on s.id = o.schedule_id
     where s.misfire = 'all' and s.misfire_max is null and o.status = 'skipped'
       and o.cause not in ('paused', 'edited', 'overlap', 'failed', 'cancelled')
    union all
    -- The first of the latest misfire_max is run that much later than it was due.
    select 'misfire all gave up more than it had to', count(*), min(format('%s at %s to %s', o.schedule, o.due_at, o.due_to))
      from crm.outcome o join dist.schedule s on s.id = o.schedule_id
     cross join lateral (select r.due_at, min(r.started_at) as started_at from crm.outcome r
                          where r.schedule_id = o.schedule_id and r.due_at > o.due_to and r.status in ('succeeded', 'failed')
                          group by r.due_at order by r.due_at limit 1) r
     where s.misfire = 'all' and o.status = 'skipped' and o.cause = 'misfire'
       and r.started_at < r.due_at + make_interval(secs => s.misfire_max - 1)
    union all
    select 'overlap with no run', count(*), min(format('%s at %s to %s', o.schedule, o.due_at, o.due_to))
      from crm.outcome o
     where o.cause = 'overlap'
       and not exists (select from crm.outcome r where r.schedule_id = o.schedule_id and r.status <> 'skipped'
                          and r.due_at < o.due_at and r.finished_at > o.due_to - interval '2 seconds')
    union all
    -- 60 s by default, here 1 s; the rest is what a loaded machine needs to get from the decision to the start.
    select 'misfire skip ran late', count(*), min(format('%s at %s: started %s', o.schedule, o.due_at, o.started_at))
      from crm.outcome o join dist.schedule s on s.id = o.schedule_id
     where s.misfire = 'skip' and o.status in ('succeeded', 'failed') and o.started_at > o.due_at + interval '4 seconds'
    union all
    select 'a failed run that nobody provoked', count(*), min(format('run %s: %s %s', o.id, o.sqlstate, o.message))
      from crm.outcome o
     where o.status = 'failed' and not (o.sqlstate = '22012' and o.schedule ~ '^faulty')
       and not (o.sqlstate = '57014' and o.message ~ 'took longer than its timeout' and o.schedule ~ '^hurried')
    union all
    select 'two runs of a schedule at once', count(*), min(format('%s: run %s', r.schedule, r.id))
      from (select o.*, lag(o.finished_at) over (partition by o.schedule_id order by o.started_at) as former_end
              from dist.run o where o.trigger in ('schedule', 'manual') and o.status in ('succeeded', 'failed')) r
     where r.started_at < r.former_end
    union all
    select 'regular runs miscounted', count(*), min(format('%s: %s by its state, %s in dist.run', s.name, st.runs, o.n))
      from dist.schedule s
      join dist.schedule_state st on st.schedule_id = s.id
     cross join lateral (select count(*) as n from crm.tried t where t.schedule_id = s.id and t.over) o
     where st.runs <> o.n or st.runs > s.max_runs;

-- Turns by distribution rule, in the order in which they were taken.
create view crm.turn as
    select a.distribution_rule, a.new_owner as rep,
           row_number() over (partition by a.distribution_rule order by a.run_id, a.seq) as t
      from dist.assignment a
     where a.distribution_rule is not null;

create view crm.audit_verdict as
    with change as materialized (
        select c.*, row_number() over w as place, lag(c.becomes) over w as former,
               lead(c.n) over w is null as latest
          from crm.change c
        window w as (partition by c.object, c.record_key order by c.n)),
    moved as materialized (
        select c.object, c.record_key, c.was, c.becomes,
               row_number() over (partition by c.object, c.record_key order by c.n) as k
          from crm.change c where not c.tool),
    audited as materialized (
        select a.object, a.record_key, a.old_owner as was, a.new_owner as becomes,
               row_number() over (partition by a.object, a.record_key order by a.run_id, a.seq) as k
          from dist.assignment a),
    record as (
        select 'lead' as object, id::text as record_key, rep from crm.lead
        union all select 'account', id::text, rep from crm.account
        union all select 'ticket', id, rep from crm.ticket),
    run as materialized (
        select r.*, coalesce(a.n, 0) as moves, coalesce(a.last, 0) as last_seq,
               (select coalesce(sum(x.value::bigint), 0) from jsonb_each_text(r.reasons) x) as reasons_sum
          from dist.run r
          left join (select run_id, count(*) as n, max(seq) as last from dist.assignment group by run_id) a on a.run_id = r.id)
    -- First that the tables' own log is whole; then that the audit says the same, move by move and in the same order.
    select 'an owner changed without a trace' as broken, count(*) as times, min(object || ' ' || record_key) as example
      from change where place > 1 and was is distinct from former
    union all
    select 'an owner is not what the log says', count(*), min(r.object || ' ' || r.record_key)
      from record r left join change c on c.object = r.object and c.record_key = r.record_key and c.latest
     where r.rep is distinct from c.becomes
    union all
    select 'a move that is not in the audit, or the other way round', count(*),
           min(format('%s %s, move %s: %s -> %s, audit: %s -> %s', object, record_key, k, m.was, m.becomes, a.was, a.becomes))
      from moved m full join audited a using (object, record_key, k)
     where (m.was, m.becomes) is distinct from (a.was, a.becomes) or m.k is null or a.k is null
    union all
    select 'a record assigned twice by one step', count(*), min(format('run %s: %s %s', run_id, object, record_key))
      from (select a.run_id, a.object, a.record_key from dist.assignment a
             group by a.run_id, a.object, a.record_key, a.reason = 'retrieval' having count(*) > 1) twice
    union all
    select 'moves of a run that left no row', count(*), min('run ' || a.run_id)
      from (select distinct run_id from dist.assignment) a
     where not exists (select from dist.run r where r.id = a.run_id and r.status = 'succeeded')
    union all
    select 'a run miscounted its moves', count(*),
           min(format('run %s: assigned %s, moves %s, last seq %s', id, assigned, moves, last_seq))
      from run where assigned <> moves or last_seq <> moves
    union all
    select 'a run miscounted its reasons', count(*),
           min(format('run %s: %s candidates, %s moved, %s', id, candidates, assigned, reasons))
      from run where status = 'succeeded' and (unassigned <> reasons_sum or candidates <> assigned + unassigned)
    union all
    select 'the deficits of a pool do not sum to zero', count(*), min(p.distribution_rule)
      from dist.pool p
     where (select coalesce(sum(d.value::numeric), 0) from jsonb_each_text(p.deficits) d) <> 0
    union all
    select 'turns of a pool are not its assignments', count(*),
           min(format('%s: %s turns, %s taken, %s undone', p.distribution_rule, p.turns, t.n, u.n))
      from dist.pool p
     cross join lateral (select count(*) as n from dist.assignment a where a.distribution_rule = p.distribution_rule) t
     cross join lateral (select count(*) as n
                           from dist.run r
                           join dist.assignment a on a.run_id = r.undoes and a.distribution_rule = p.distribution_rule
                           join dist.assignment b on b.run_id = r.id and b.object = a.object and b.record_key = a.record_key
                          where r.undoes is not null) u
     where p.turns <> t.n - u.n
    union all
    -- A turn that a crash gave out twice, or took away, would show here. Undone turns are used again: not that pool; nor the
    -- one of runs that take records back, for what was taken from a rep does not go back to the same one.
    select 'a pool was unfair', count(*), min(format('%s, turn %s, %s: %s', distribution_rule, t, rep, x))
      from (select t.distribution_rule, t.t, m.rep, w.share,
                   count(*) filter (where t.rep = m.rep) over (partition by t.distribution_rule, m.rep order by t.t) as x
              from crm.turn t
              join dist.distribution_rule d on d.name = t.distribution_rule and d.name not in ('by hand', 'given again')
              join dist.team_member m on m.team = d.team
             cross join lateral (select case d.strategy when 'weighted' then m.weight / sum(o.weight) else 1.0 / count(*) end as share
                                   from dist.team_member o where o.team = d.team) w) prefix
     where abs(x - t * share) >= 1;

create view crm.verdict as
    select * from crm.instants_verdict
    union all
    select * from crm.audit_verdict
    union all
    -- However often their runs were cut off, nothing is wrong with any of them.
    select 'a schedule was quarantined', count(*), min(s.name || ': ' || st.note)
      from dist.schedule_state st join dist.schedule s on s.id = st.schedule_id where st.ended = 'quarantined';

-- What happened, for the report.
create view crm.summary as
    select 1 as n, 'runs by schedule: succeeded' as what, (select count(*) from crm.outcome where status = 'succeeded') as figure
    union all
    select 2, 'runs by schedule: failed, as provoked', (select count(*) from crm.outcome where status = 'failed')
    union all
    select 2, 'attempts after the first', (select count(*) from crm.outcome where attempt > 1 and status <> 'skipped')
    union all
    select 2, 'runs that were cut off', (select count(*) from dist.run where status = 'interrupted')
    union all
    select 2, 'the same one, at most', (select max(n) from (select count(*) as n from dist.run where status = 'interrupted' group by schedule_id, due_at) c)
    union all
    select 3, 'runs by hand and undone runs', (select count(*) from dist.run where trigger in ('execute', 'manual', 'undo'))
    union all
    select 4, 'due instants', (select count(*) from crm.instant where sure)
    union all
    select 5, 'of them in skipped ranges', (select count(*) from crm.dealt_with where sure and skipped > 0)
    union all
    select 6, 'skipped ranges: ' || o.cause, count(*)
      from crm.outcome o where o.status = 'skipped' group by 2
    union all
    select 7, 'schedules', (select count(*) from dist.schedule)
    union all
    select 8, 'changes of a plan while the load ran', (select count(*) from crm.plan) - (select count(*) from dist.schedule)
    union all
    select 9, 'changes refused while running', (select count(*) from crm.refused)
    union all
    select 10, 'moves', (select count(*) from dist.assignment)
    union all
    select 11, 'moves by another tool', (select count(*) from crm.change where tool);

grant select on crm.instants_verdict, crm.audit_verdict, crm.verdict, crm.summary, crm.dealt_with to auditor;
