-- The outcome of a run that succeeded.
insert into dist.run (id, schedule, schedule_id, transfer, object, trigger, due_at, as_of, attempt, started_at, finished_at,
                      status, candidates, assigned, unassigned, reasons, undoes, run_by, cause_name, step)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, clock_timestamp(), 'succeeded', $11, $12, $13, $14, $15, $16, $17, $18)
