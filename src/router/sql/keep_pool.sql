-- Writes a pool's books back. $1 distribution rule, $2 to $4 total weight, scale and deficits, $5 turns taken, $6 turns that
-- had been taken when they were read, $7 credits.
update dist.pool
   set total_weight = $2::numeric, scale = $3, deficits = $4::jsonb, turns = turns + $5, credits = $7::jsonb
 where distribution_rule = $1 and turns = $6
returning 1
