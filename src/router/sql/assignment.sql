-- Records what moved. $1 run, $2 seq before, $3 object, $4 as_of; arrays by candidate: $5 keys, $6 former owners,
-- $7 new owners, $8 seq (0 = left), $9 way, $10 fields; dictionaries by way: $11 reasons, $12 rules, $13 distribution
-- rules, $14 whose turn it was, $15 notes, $16 hoppers; $17 the hopper they came out of; $18 by
-- candidate, what it matches. The arrays are unnested in a select
-- list, where they are read as a stream; in FROM each would be copied first.
insert into dist.assignment (run_id, seq, object, record_key, old_owner, new_owner, reason, rule, distribution_rule, at, fields, turn_of, note,
                             hopper, from_hopper, match)
select $1, m.seq + $2, $3, m.key, m.old, m.new, l.reason, l.rule, l.distribution_rule, $4, m.fields, l.turn_of, l.note, l.hopper, $17, m.match::jsonb
  from (select unnest($5) as key, unnest($6) as old, unnest($7) as new, unnest($8) as seq, unnest($9) as way,
               unnest($10) as fields, unnest($18) as match) m
  join rows from (unnest($11), unnest($12), unnest($13), unnest($14), unnest($15), unnest($16))
       with ordinality as l(reason, rule, distribution_rule, turn_of, note, hopper, n)
       on l.n = m.way + 1
 where m.seq > 0
