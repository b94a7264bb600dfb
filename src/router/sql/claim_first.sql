-- A rep's count of claims from a hopper. $1 hopper, $2 rep, $3 day.
insert into dist.claim_use (hopper, rep, day, used) values ($1, $2, $3::date, 0) on conflict do nothing
