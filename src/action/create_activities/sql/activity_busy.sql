-- What reps have to do: number, from when to when in microseconds since 1970. $1 reps, $2 their numbers, $3 from when, $4 up to
-- when, $5 the table of the user's own that says so itself.
select array_agg(w.n), array_agg((extract(epoch from a.starts_at) * 1000000)::bigint), array_agg((extract(epoch from a.ends_at) * 1000000)::bigint)
  from rows from (unnest($1::text[]), unnest($2::integer[])) as w (rep, n)
  join dist.activity a on a.rep = w.rep
 where a.status in ('open', 'written') and a.ends_at > $3::timestamptz - interval '2 days' and a.starts_at < $4::timestamptz
   and (a.relation is null or a.relation is distinct from $5::text)
