-- Who has put a record back cannot claim it again for a while. $1 run, $2 object, $3 key, $4 the instant.
with over as (
    delete from dist.cool_off c where c.object = $2 and c.record_key = $3 and c.until <= $4)
insert into dist.cool_off (object, record_key, rep, until)
select a.object, a.record_key, a.old_owner, $4 + h.cool_off
  from dist.assignment a
  join dist.hopper h on h.name = a.hopper
 where a.run_id = $1 and a.object = $2 and a.record_key = $3 and a.old_owner is not null and h.cool_off is not null
    on conflict (object, record_key, rep) do update set until = greatest(cool_off.until, excluded.until)
