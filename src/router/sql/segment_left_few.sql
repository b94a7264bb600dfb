-- As segment_left.sql, for a few of many members. Behind a subselect the planner does not see how many keys there are, and
-- looks each up.
with gone as (
    delete from dist.segment_member m using unnest((select $2)) k
     where m.segment = $1 and m.record_key = k
    returning m.record_key),
told as (
    insert into dist.segment_change (run_id, segment, record_key, change, at)
    select $3, $1, g.record_key, 'left', $4 from gone g
    returning 1)
select count(*) from told
