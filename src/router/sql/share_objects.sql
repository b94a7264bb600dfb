-- Locks objects in one order, beside others that do the same and beside runs (lock_objects.sql); not beside whoever wants to
-- be alone with them. $1 their names, behind a subselect as there.
select from dist.object_state s
 where s.object = any ((select $1)::text[])
 order by s.object collate "C"
   for key share
