-- Records what an undo has done to a chunk of edits. $1 its run, $2 step, $3 relation, $4 how many rows went back; by row: $5 keys,
-- $6 1 = went back, 0 = changed since, -1 = gone.
with undone as (
    insert into dist.run_step (run_id, position, action, target, rows, started_at, finished_at)
    values ($1, $2, 'undo', $3, $4, clock_timestamp(), clock_timestamp())
        on conflict (run_id, position) do update set rows = run_step.rows + excluded.rows, finished_at = excluded.finished_at)
insert into dist.unassigned (run_id, object, record_key, reason)
select $1, coalesce((select o.name from dist.object o where o.relation = to_regclass($3) order by o.name limit 1), $3), m.key,
       case m.status when 0 then 'changed_since' else 'gone' end
  from rows from (unnest($5), unnest($6)) m(key, status)
 where m.status < 1
