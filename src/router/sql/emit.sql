-- Tells of a chunk of records. $1 kind, $2 object, $3 keys, $4 their owners, $5 as_of, $6 run, $7 schedule, $8 payload, $9 step,
-- $10 whether it is remembered who has been told of: then those are left out of whom it is remembered. (Each looked up by itself,
-- for what is remembered can be far more than a chunk.)
with new as (
    select x.key, x.owner, x.n
      from rows from (unnest($3::text[]), unnest($4::text[])) with ordinality as x (key, owner, n)
     where not $10 or (select t.at from dist.emit_told t where t.schedule = $7 and t.position = $9 and t.record_key = x.key) is null),
remembered as (
    insert into dist.emit_told (schedule, position, record_key, at) select $7, $9, new.key, $5 from new where $10)
select a.number
  from (select count(*) as number, coalesce(array_agg(new.key order by new.n), '{}') as keys, array_agg(new.owner order by new.n) as owners from new) a
 cross join lateral (select dist._write_events($1, $2, a.keys, a.owners, $5, $6, $7, $8)) w
