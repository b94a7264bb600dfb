-- What was not placed: $1 run, $2 step, $3 segment, $4 plan, $5 keys, $6 why (0 = it was, or need not be), $7 who would have done
-- it, by number, $8 reps, $9 whether all are to be kept.
insert into dist.activity_left (run_id, position, segment, plan, record_key, rep, reason)
select $1, $2, $3, $4, u.key, ($8::text[])[u.who], (array['unowned', 'no_active_rep', 'not_at_work', 'full'])[u.why]
  from rows from (unnest($5::text[]), unnest($6::integer[]), unnest($7::integer[])) as u (key, why, who)
 where u.why > 0
 limit case when not $9 then (select v.value from dist.policies v where v.name = 'unassigned_rows') end
