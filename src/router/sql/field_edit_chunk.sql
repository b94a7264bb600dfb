-- What a chunk of edits has of a field: how many rows, keys, former values, new ones, and the one that all were set to. $1 run,
-- $2 step, $3 chunk, $4 field, $5 relation.
select c.rows, coalesce(c.keys, dist._unpack_keys(c.kind, c.packed)), coalesce(c.before, array_fill(c.before_all, array[c.rows])), c.after, c.after_all
  from dist.field_edit_chunk c
 where c.run_id = $1 and c.position = $2 and c.chunk = $3 and c.field = $4 and c.relation = $5
