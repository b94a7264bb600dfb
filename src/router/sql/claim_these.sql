-- Locks the first places of these records, in this order, that nobody else has locked. $7 the keys; the others as for
-- claim_oldest.sql.
select array_agg(m.record_key), array_agg(m.rep), case when count(*) > 0 then nextval('dist.run_id_seq'::regclass) end
  from (select h.record_key, h.rep
          from unnest((select $7)) with ordinality k(key, n)
          join dist.hopper_record h on h.record_key = k.key
         where h.hopper = $1 and (h.rep is null or $3 and h.rep <> $2) and h.record_key <> all ((select $5)::text[]) and $6 is not null
           and not exists (select from dist.cool_off c where c.object = h.object and c.record_key = h.record_key and c.rep = $2 and c.until > $6)
         order by k.n
         limit $4
           for update of h skip locked) m
