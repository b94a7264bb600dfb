-- A step ($1 schedule, $2 position) has told what changed in a segment ($3) up to now: all changes that have been numbered, as
-- whoever writes those of this segment holds the lock that this run holds. $4 run, $5 as_of.
insert into dist.emit_state as e (schedule, position, segment, seq, run_id, at)
values ($1, $2, $3, coalesce(pg_sequence_last_value('dist.segment_change_seq_seq'), 0), $4, $5)
    on conflict (schedule, position) do update
   set segment = excluded.segment, seq = excluded.seq, run_id = excluded.run_id, at = excluded.at
