-- The complete, active steps of a schedule, in order. $1 its name.
select p.position, p.action, p.target, p.args, p.written_by::text, p.segment, p.per, p.max_rows, (extract(epoch from p.timeout) * 1000)::bigint
  from dist.step p
 where p.schedule = $1 and p.active and p.target is not null
 order by p.position
