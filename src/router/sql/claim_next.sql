-- Locks the oldest place of a hopper that nobody else has locked, as claim_oldest.sql does, for one that is the first to be looked
-- at: what nearly every claim asks, so that nothing is in it but what that takes. $1 hopper, $2 rep, $3 whether owned ones can be
-- claimed, $6 the instant.
select m.record_key, m.rep, nextval('dist.run_id_seq'::regclass)
  from (select h.record_key, h.rep
          from dist.hopper_record h
         where h.hopper = $1 and (h.rep is null or $3 and h.rep <> $2)
           and not exists (select from dist.cool_off c where c.object = h.object and c.record_key = h.record_key and c.rep = $2 and c.until > $6)
         order by h.since, h.record_key collate "C"
         limit 1
           for update of h skip locked) m
