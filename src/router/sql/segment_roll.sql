-- Keeps the members packed. $1 segment, $2 kind, $3 keys, $4 runs; of the former runs those with the places $5 stay, and the run
-- $6 about the instant $7 comes last, where it has found somebody ($8).
insert into dist.segment_roll (segment, kind, keys, runs, run_ids, run_times)
values ($1, $2, $3, $4, case when $8 then array[$6] else '{}' end, case when $8 then array[$7] else '{}' end)
on conflict (segment) do update
   set kind = excluded.kind, keys = excluded.keys, runs = excluded.runs,
       run_ids = array(select segment_roll.run_ids[p] from unnest($5) with ordinality as x(p, n) order by n) || excluded.run_ids,
       run_times = array(select segment_roll.run_times[p] from unnest($5) with ordinality as x(p, n) order by n) || excluded.run_times
