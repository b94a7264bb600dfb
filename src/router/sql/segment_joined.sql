-- Who has joined is a member. $1 segment, $2 keys, $3 run, $4 when.
insert into dist.segment_row (segment, record_key, joined_at, run_id)
select $1, k, $4, $3 from unnest($2) k
