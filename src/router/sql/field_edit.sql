-- Keeps what an edit changed. $1 run, $2 step, $3 chunk, $4 relation, $5 its key column, $6 the field; by row: $7 keys, $8 former
-- values, $9 new ones, unless $10 is the new value of all, as SQL.
insert into dist.field_edit_chunk (run_id, position, chunk, relation, key_column, field, keys, before, after, after_all)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
