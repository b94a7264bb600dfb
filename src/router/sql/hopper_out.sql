-- Takes what has moved out of the hoppers. $1 object; arrays by candidate: $2 keys, $3 seq (0 = left). Returns how many
-- there were, and the hopper.
with moved as (
    select m.key from (select unnest($2) as key, unnest($3) as seq) m where m.seq > 0),
gone as (
    delete from dist.hopper_record h using moved m
     where h.object = $1 and h.record_key = m.key
    returning h.hopper)
select count(*), min(g.hopper) from gone g
