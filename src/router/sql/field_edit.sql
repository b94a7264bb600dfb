-- Keeps what an edit changed. $1 run, $2 step, $3 chunk, $4 relation, $5 its key column, $6 the field, $7 how many rows; by row: $8
-- keys, or $10 packed ones of the kind $9; $11 former values, unless $12 was that of all; $13 new ones, unless $14 is that of all.
insert into dist.field_edit_chunk (run_id, position, chunk, relation, key_column, field, rows, keys, kind, packed, before, before_all, after, after_all)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
