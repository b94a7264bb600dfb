-- Who joined and who left. $1 run, $2 segment, $3 when, $4 keys of who joined, $5 of who left.
insert into dist.segment_change (run_id, segment, record_key, change, at)
select $1, $2, k, 'joined', $3 from unnest($4) k
union all
select $1, $2, k, 'left', $3 from unnest($5) k
