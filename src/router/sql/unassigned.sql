-- Records what was left. $1 run, $2 object, $3 at most so many rows; arrays by candidate: $4 keys, $5 reason's code
-- (0 = moved), $6 way; dictionaries: $7 names of the reasons by code, $8 rules by way.
insert into dist.unassigned (run_id, object, record_key, reason, rule)
select $1, $2, m.key, w.reason, l.rule
  from (select unnest($4) as key, unnest($5) as code, unnest($6) as way) m
  join unnest($7) with ordinality as w(reason, n) on w.n = m.code
  join unnest($8) with ordinality as l(rule, n) on l.n = m.way + 1
 where m.code > 0
 limit $3
