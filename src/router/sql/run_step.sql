-- What each step of a run did.
insert into dist.run_step (run_id, position, action, target, candidates, assigned, rows, result, started_at, finished_at)
select $1, s.*
  from unnest($2::integer[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[],
              $9::timestamptz[], $10::timestamptz[]) s
