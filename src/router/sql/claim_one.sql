-- What a claim of one record writes: claim.sql without its arrays. $5 the key, $6 the former owner; the others as there.
with gone as (
    delete from dist.hopper_record h where h.object = $2 and h.record_key = $5),
moved as (
    insert into dist.assignment (run_id, seq, object, record_key, old_owner, new_owner, reason, at, from_hopper)
    values ($1, 1, $2, $5, $6, $4, 'claim', $7, $3))
insert into dist.run (id, object, trigger, as_of, attempt, started_at, finished_at, status, candidates, assigned, unassigned, reasons, run_by,
                      cause_name)
values ($1, $2, 'claim', $7, 1, $8, clock_timestamp(), 'succeeded', $10, $10, 0, '{}', $9, $3)
