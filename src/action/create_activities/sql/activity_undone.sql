-- What is as the run made it goes: how many, and how many have changed since. $1 run.
with gone as (delete from dist.activity a where a.run_id = $1 and a.status = 'open' and a.changed_at is null returning 1)
select (select count(*) from gone), count(*) - (select count(*) from gone) from dist.activity a where a.run_id = $1
