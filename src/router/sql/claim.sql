-- What a claim writes. $1 run, $2 object, $3 hopper, $4 rep; by record: $5 keys, $6 former owners; $7 as_of, $8 when it began,
-- $9 role, $10 how many; where the hopper has a limit $11 day and $12 claimed on it so far (claim_count.sql). Behind a subselect
-- the plan does not depend on how long the arrays are, and is kept.
with gone as (
    delete from dist.hopper_record h where h.object = $2 and h.record_key = any ((select $5)::text[])),
moved as (
    insert into dist.assignment (run_id, seq, object, record_key, old_owner, new_owner, reason, at, from_hopper)
    select $1, m.n, $2, m.key, m.old, $4, 'claim', $7, $3
      from rows from (unnest((select $5)), unnest((select $6))) with ordinality as m(key, old, n))
insert into dist.run (id, object, trigger, as_of, attempt, started_at, finished_at, status, candidates, assigned, unassigned, reasons, run_by,
                      cause_name)
values ($1, $2, 'claim', $7, 1, $8, clock_timestamp(), 'succeeded', $10, $10, 0, '{}', $9, $3)
