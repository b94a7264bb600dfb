-- Who joined. $1 segment, $2 keys, $3 run, $4 when.
with new as (
    insert into dist.segment_member (segment, record_key, joined_at, run_id)
    select $1, k, $4, $3 from unnest($2) k
    on conflict do nothing
    returning record_key),
told as (
    insert into dist.segment_change (run_id, segment, record_key, change, at)
    select $3, $1, n.record_key, 'joined', $4 from new n
    returning 1)
select count(*) from told
