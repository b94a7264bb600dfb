-- Ends clocks that were looked at, and tells who wants to be told. $1 service level, $2 as of when; by clock: $3 run, $4 place
-- in it, $5 outcome; $6 the run that passes on what is breached and has attempts left, $7 the attempts there are.
with ended as (
    update dist.sla_clock c
       set ended_at = case when e.outcome = 'breached' then c.due_at else $2 end, outcome = e.outcome,
           next_run_id = case when e.outcome = 'breached' and c.attempt < $7 then $6 end
      from rows from (unnest($3), unnest($4), unnest($5)) as e(run_id, seq, outcome)
     where c.sla = $1 and c.run_id = e.run_id and c.seq = e.seq and c.ended_at is null
    returning c.*),
told as (
    insert into dist.event (tx, at, kind, object, record_key, rep, run_id, seq, cause, payload)
    select t.tx, $2, e.kind, e.object, e.record_key, e.rep, e.run_id, e.seq, e.sla,
           jsonb_build_object('started_at', e.started_at, 'due_at', e.due_at, 'attempt', e.attempt)
      from (select x.*, 'sla_' || x.outcome as kind from ended x where x.outcome in ('met', 'breached')) e,
           (select dist._event_tx() as tx) t
     where exists (select from dist._consumers(e.kind, e.object))
     order by e.due_at, e.record_key
    returning kind, object)
select dist._notify_consumers(array_agg(distinct told.kind), told.object) from told group by told.object
