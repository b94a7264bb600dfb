-- Which records do not lie in the hopper that a run put them into, or lie in one though it put them into none: their places in
-- the arrays. $1 object, $2 keys, $3 hoppers. Those that lie in one are locked there.
with k as materialized (
    select k.key, k.hopper, k.n from rows from (unnest($2), unnest($3)) with ordinality as k(key, hopper, n)),
here as materialized (
    select k.n, h.hopper
      from dist.hopper_record h
      join k on k.key = h.record_key
     where h.object = $1
       for update of h)
select array_agg(k.n) from k left join here on here.n = k.n where here.hopper is distinct from k.hopper
