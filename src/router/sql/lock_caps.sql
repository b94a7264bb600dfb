-- Locks caps in one order. $1 their names, behind a subselect as in lock_objects.sql.
select from dist.cap_state s
 where s.cap = any ((select $1)::text[])
 order by s.cap collate "C"
   for update
