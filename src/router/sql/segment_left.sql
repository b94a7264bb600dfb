-- Who left. $1 segment, $2 keys, $3 run, $4 when.
with gone as (
    delete from dist.segment_member m using unnest($2) k
     where m.segment = $1 and m.record_key = k
    returning m.record_key),
told as (
    insert into dist.segment_change (run_id, segment, record_key, change, at)
    select $3, $1, g.record_key, 'left', $4 from gone g
    returning 1)
select count(*) from told
