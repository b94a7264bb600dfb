-- Puts what has gone back into the hopper that the run had taken it out of, since when it had been there. $1 object; by record:
-- $2 keys, $3 former owners, $4 1 = has gone back, $5 hoppers; $6 the run, $7 the undo's run.
with put as (
    insert into dist.hopper_record (object, record_key, hopper, rep, since, run_id, expires_at)
    select $1, m.key, h.name, m.rep, came.since, $7, came.since + h.expires_after
      from rows from (unnest($2), unnest($3), unnest($4), unnest($5)) m(key, rep, status, hopper)
      join dist.hopper h on h.name = m.hopper,
           lateral (select coalesce(max(a.at), now()) as since
                      from dist.assignment a
                     where a.object = $1 and a.record_key = m.key and a.hopper = m.hopper and a.run_id < $6) came
     where m.status = 1
        on conflict (object, record_key) do update
       set hopper = excluded.hopper, rep = excluded.rep, since = excluded.since, run_id = excluded.run_id, expires_at = excluded.expires_at
    returning hopper, expires_at)
select dist._came_into(array_agg(p.hopper), array_agg(p.first_expiry), dist._clock())
  from (select p.hopper, min(p.expires_at) as first_expiry from put p group by p.hopper) p
