counted as (
    update dist.claim_use u set day = greatest(u.day, $11::date), used = $12 where u.hopper = $3 and u.rep = $4)
