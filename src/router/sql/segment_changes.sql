-- Who joined and left a segment in a run. $1 run, $2 segment.
select c.record_key, c.change
  from dist.segment_change c
 where c.run_id = $1 and c.segment = $2
 order by c.change, c.record_key collate "C"
