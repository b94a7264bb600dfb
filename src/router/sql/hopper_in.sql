-- Puts what has moved into the hoppers, and calls whoever has to see to it. $1 object; arrays by candidate: $2 keys, $3 new
-- owners, $4 seq (0 = left), $5 way; $6 hoppers by way; $7 as_of, $8 run. What is there already has been given to somebody past
-- its hopper.
with put as (
    insert into dist.hopper_record (object, record_key, hopper, rep, since, run_id, expires_at)
    select $1, m.key, h.name, m.rep, $7, $8, $7 + h.expires_after
      from (select unnest($2) as key, unnest($3) as rep, unnest($4) as seq, unnest($5) as way) m
      join unnest($6) with ordinality as l(hopper, n) on l.n = m.way + 1
      join dist.hopper h on h.name = l.hopper
     where m.seq > 0
        on conflict (object, record_key) do update
       set hopper = excluded.hopper, rep = excluded.rep, since = excluded.since, run_id = excluded.run_id, expires_at = excluded.expires_at
    returning hopper, expires_at)
select dist._came_into(array_agg(p.hopper), array_agg(p.first_expiry), $7)
  from (select p.hopper, min(p.expires_at) as first_expiry from put p group by p.hopper) p
