-- Takes what has gone back out of the hopper that the run had put it into. $1 object; by record: $2 keys, $4 1 = has gone back,
-- $5 hoppers it was taken out of; $3, $6 and $7 as for the statements beside this one.
delete from dist.hopper_record h
 using rows from (unnest($2), unnest($3), unnest($4), unnest($5)) m(key, rep, status, hopper)
 where h.object = $1 and h.record_key = m.key and m.status = 1 and m.hopper is null and $6 <> $7
