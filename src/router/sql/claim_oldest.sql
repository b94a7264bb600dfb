-- Locks the oldest places of a hopper that nobody else has locked. $1 hopper, $2 rep, $3 whether owned ones can be claimed, $4 how
-- many, $5 keys that are not looked at again, $6 the instant. The number of
-- the run is drawn once they are locked. (Behind a subselect the plan does not depend on the keys, and is kept; nor may it depend
-- on how many, so that one has a text of its own.)
select array_agg(m.record_key), array_agg(m.rep), case when count(*) > 0 then nextval('dist.run_id_seq'::regclass) end
  from (select h.record_key, h.rep
          from dist.hopper_record h
         where h.hopper = $1 and (h.rep is null or $3 and h.rep <> $2) and h.record_key <> all ((select $5)::text[]) and $6 is not null
           and not exists (select from dist.cool_off c where c.object = h.object and c.record_key = h.record_key and c.rep = $2 and c.until > $6)
         order by h.since, h.record_key collate "C"
         limit $4
           for update of h skip locked) m
