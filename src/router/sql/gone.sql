-- Records what came to an automation and is no candidate any more. $1 run, $2 object, $3 at most so many rows, $4 the keys that
-- came, $5 the candidates' keys. Returns how many there are of each reason.
with missing as materialized (
    select k.key,
           case when exists (select from dist.hopper_record h where h.object = $2 and h.record_key = k.key) then 'in_hopper' else 'gone' end as reason
      from (select unnest($4) as key except select unnest($5)) k),
told as (
    insert into dist.unassigned (run_id, object, record_key, reason)
    select $1, $2, m.key, m.reason from missing m order by m.key collate "C" limit $3)
select m.reason, count(*) from missing m group by m.reason
