-- Locks objects in one order; a transaction that routes what it brings takes them FOR KEY SHARE, beside this. $1 their names; behind a subselect the plan does not depend on them, and is kept.
select from dist.object_state s
 where s.object = any ((select $1)::text[])
 order by s.object collate "C"
   for no key update
