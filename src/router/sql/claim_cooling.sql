-- Which of these records a rep cannot claim yet. $1 object, $2 rep, $3 the instant, $4 keys.
select array_agg(c.record_key) from dist.cool_off c where c.object = $1 and c.rep = $2 and c.until > $3 and c.record_key = any ($4)
