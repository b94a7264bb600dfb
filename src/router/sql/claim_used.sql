-- How many a rep has claimed from a hopper on a day, in his zone; locks the count. $1 hopper, $2 rep, $3 day.
select case when u.day < $3::date then 0 else u.used end::bigint from dist.claim_use u where u.hopper = $1 and u.rep = $2 for update
