-- Keeps what a run was asked. $1 run, $2 transfer, $3 object, $4 records, $5 seq before, $6 moved, $7 reasons, $8 reps,
-- $9 asked, $10 to $15 arrays by record, $16 step, $17 distribution rules,
-- $18 methods, $19 segments by record, $20 whom each matches.
insert into dist.decision (run_id, step, transfer, object, records, seq_before, moved, reasons, reps, distribution_rules, methods, asked,
                           leaves, owned, classes, "values", hashes, previous, segments, matched)
values ($1, $16, $2, $3, $4, $5, $6, $7, $8, $17, $18, $9::json, $10, $11, $12, $13, $14, $15, $19, $20)
