-- What a run wrote to a table of the user's own; $1 run, $2 table.
select array_agg(a.record_key), array_agg(a.print) from dist.activity a where a.run_id = $1 and a.status = 'written' and a.relation = $2
