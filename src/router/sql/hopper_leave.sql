-- Takes a record out of its hopper and leaves it with whoever owns it. $1 object, $2 key, $3 the instant, $4 when it began,
-- $5 role.
with gone as (
    delete from dist.hopper_record h where h.object = $1 and h.record_key = $2 returning h.hopper, h.rep),
numbered as (
    select nextval('dist.run_id_seq'::regclass) as id, g.* from gone g),
moved as (
    insert into dist.assignment (run_id, seq, object, record_key, old_owner, new_owner, reason, at, from_hopper)
    select n.id, 1, $1, $2, n.rep, n.rep, 'left', $3, n.hopper from numbered n)
insert into dist.run (id, object, trigger, as_of, attempt, started_at, finished_at, status, candidates, assigned, unassigned, reasons, run_by,
                      cause_name)
select n.id, $1, 'leave', $3, 1, $4, clock_timestamp(), 'succeeded', 1, 1, 0, '{}', $5, n.hopper from numbered n
returning 1
