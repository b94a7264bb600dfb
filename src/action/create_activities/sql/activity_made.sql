-- What was placed: $1 run, $2 step, $3 segment, $4 plan, $5 object, $6 minutes, $7 keys, $8 subjects, $9 when each begins (null =
-- not at all), $10 who does it, by number, $11 reps. Of what was written to a table of the user's own: $12 that table, $13 its
-- column with the key, $14 keys and $15 fingerprints.
insert into dist.activity (run_id, position, segment, plan, object, record_key, rep, subject, starts_at, ends_at, status, relation, key_column, print)
select $1, $2, $3, $4, $5, u.key, w.rep, u.subject, u.starts, u.starts + make_interval(mins => $6),
       case when $12::text is null then 'open' else 'written' end, $12, $13, p.print
  from rows from (unnest($7::text[]), unnest($8::text[]), unnest($9::timestamptz[]), unnest($10::integer[])) as u (key, subject, starts, who)
  join unnest($11::text[]) with ordinality as w (rep, n) on w.n = u.who
  left join rows from (unnest($14::text[]), unnest($15::bigint[])) as p (key, print) on p.key = u.key
 where u.starts is not null
