not exists (select from dist.cool_off c where c.object = h.object and c.record_key = h.record_key and c.rep = $2 and c.until > $6)
