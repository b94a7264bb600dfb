-- Takes records out of a hopper that have been given to somebody past it, or are gone. $1 object, $2 keys.
delete from dist.hopper_record h where h.object = $1 and h.record_key = any ($2)
