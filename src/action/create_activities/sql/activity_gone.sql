-- What was taken away there is forgotten here; $1 run, $2 table, $3 keys.
with gone as (delete from dist.activity a using unnest($3::text[]) as g (key)
               where a.run_id = $1 and a.status = 'written' and a.relation = $2 and a.record_key = g.key returning 1)
select count(*) from gone
