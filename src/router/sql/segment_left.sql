-- Who has left is no member any more. $1 segment, $2 keys; behind a subselect the planner does not see how many they are, and
-- looks each up.
delete from dist.segment_row m using unnest((select $2)) k
 where m.segment = $1 and m.record_key = k
