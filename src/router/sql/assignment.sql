-- Records what moved. $1 run, $2 seq before, $3 object, $4 as_of; arrays by candidate: $5 keys, $6 former owners,
-- $7 rep's number, $8 seq (0 = left), $9 leaf, $10 fields; dictionaries: $11 reasons, $12 rules, $13 distribution
-- rules by leaf, $14 reps.
insert into dist.assignment (run_id, seq, object, record_key, old_owner, new_owner, reason, rule, distribution_rule, at, fields)
select $1, m.seq + $2, $3, m.key, m.old, d.rep, l.reason, l.rule, l.distribution_rule, $4, m.fields
  from rows from (unnest($5), unnest($6), unnest($7), unnest($8), unnest($9), unnest($10))
           as m(key, old, rep, seq, leaf, fields)
  join rows from (unnest($11), unnest($12), unnest($13)) with ordinality as l(reason, rule, distribution_rule, n)
       on l.n = m.leaf + 1
  left join unnest($14) with ordinality as d(rep, n) on d.n = m.rep + 1
 where m.seq > 0
