-- Whether a segment has about $2 members or more, without unpacking them: packed ones have a byte each for their run, or a few.
select to_jsonb(coalesce((select octet_length(r.runs) from dist.segment_roll r where r.segment = $1), 0) >= $2
                or (select count(*) from (select from dist.segment_row m where m.segment = $1 limit $2) m) >= $2)
