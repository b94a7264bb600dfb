-- What people and BI tools look at.

create view dist.schedule_status as
    select s.name,
           case
               when s.cancelled_at is not null then 'Cancelled'
               when s.id operator(pg_catalog.=) any (select dist._running_schedules()) then 'Processing'
               when st.ended = 'unbound' then 'Unbound'
               when st.ended = 'failed' then 'Failed'
               when st.ended = 'quarantined' then 'Quarantined'
               when st.next_run_at is null then 'Ended'
               when recurs.recurs and not s.enabled then 'Recurring (Paused)'
               when not s.enabled then 'Passive'
               when recurs.recurs then 'Recurring'
               else 'Scheduled'
           end as status,
           case when s.cancelled_at is null then st.next_run_at end as next_run_at,
           coalesce(st.runs, 0) as runs,
           case when s.cancelled_at is null and st.next_run_at is not null then st.attempt end as attempt,
           st.note,
           s.owner,
           s.description
      from dist.schedule s
      left join dist.schedule_state st on st.schedule_id operator(pg_catalog.=) s.id
     cross join lateral (select pg_catalog.num_nonnulls(s.cron, s.rrule, nullif(s.frequency, 'once')) operator(pg_catalog.>) 0) recurs(recurs)
     where not s.is_template;
comment on view dist.schedule_status is 'Every schedule with its status and next run; templates are none';
comment on column dist.schedule_status.name is 'The schedule';
comment on column dist.schedule_status.status is
    'Scheduled, Recurring, Recurring (Paused), Processing; Passive, Unbound (no complete active step), Ended, Failed, Quarantined, Cancelled';
comment on column dist.schedule_status.next_run_at is 'When it is due next';
comment on column dist.schedule_status.runs is 'Regular runs so far';
comment on column dist.schedule_status.attempt is 'Which attempt the next one is; more than 1 while a retry waits';
comment on column dist.schedule_status.note is 'What it failed of, or why it is in quarantine';
comment on column dist.schedule_status.owner is 'Role whose rights its runs have';
comment on column dist.schedule_status.description is 'What it is for';

create view dist.upcoming as
    select v.name, v.status, v.next_run_at, p.position as step, t.name as transfer, t.kind, t.object, p.action, p.target
      from dist.schedule_status v
      join dist.step p on p.schedule operator(pg_catalog.=) v.name and p.active
      left join dist.transfer t on t.name operator(pg_catalog.=) p.target and p.action operator(pg_catalog.=) 'transfer'
     where v.status operator(pg_catalog.=) any (array['Scheduled', 'Recurring', 'Recurring (Paused)', 'Processing']);
comment on view dist.upcoming is 'What is going to run: one row for each step of each schedule';
comment on column dist.upcoming.name is 'The schedule';
comment on column dist.upcoming.status is 'Scheduled (once, waiting), Recurring, Recurring (Paused) or Processing (running now)';
comment on column dist.upcoming.next_run_at is 'When it is due next';
comment on column dist.upcoming.step is 'Position of the step';
comment on column dist.upcoming.transfer is 'The transfer that the step runs';
comment on column dist.upcoming.kind is 'distribution or retrieval';
comment on column dist.upcoming.object is 'The object whose records move';
comment on column dist.upcoming.action is 'What the step does: transfer or function';
comment on column dist.upcoming.target is 'The transfer, or the function that it calls';

create view dist.failure as
    select r.id as run_id, r.schedule, r.transfer, r.trigger, r.due_at, r.attempt, r.started_at, r.finished_at,
           r.sqlstate, r.message, r.detail, r.hint, r.context, r.run_by, r.step
      from dist.run r
     where r.status operator(pg_catalog.=) 'failed';
comment on view dist.failure is 'Failed runs with the whole error';
comment on column dist.failure.run_id is 'dist.run.id';
comment on column dist.failure.schedule is 'The schedule';
comment on column dist.failure.transfer is 'The transfer; null where the schedule has several steps';
comment on column dist.failure.trigger is 'schedule or manual';
comment on column dist.failure.due_at is 'The instant at which it was due';
comment on column dist.failure.attempt is 'Which attempt at that instant';
comment on column dist.failure.started_at is 'When it started';
comment on column dist.failure.finished_at is 'When it had failed';
comment on column dist.failure.sqlstate is 'SQLSTATE';
comment on column dist.failure.message is 'The error';
comment on column dist.failure.detail is 'DETAIL of the error';
comment on column dist.failure.hint is 'HINT of the error';
comment on column dist.failure.context is 'CONTEXT of the error';
comment on column dist.failure.run_by is 'Role whose rights the run had';
comment on column dist.failure.step is 'Position of the step, where each has a transaction of its own; else null';
