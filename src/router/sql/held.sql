-- Who held the candidates before, from the audit, as one row of arrays: candidate (from 0), rep's number in the dictionary,
-- which of its holders counted from the last (1), when he was last seen to hold it (microseconds since 1970), 1 = the run
-- itself took it from him + 2 = he gave it back, and a bit for each interval that is not over since then. $1 object, $2 keys and
-- $3 owners by candidate, $4 dictionary of reps, $5 instant of the run, $6 intervals, $7 this run, $8 nothing but this run's
-- retrievals is asked for, $9 nothing that is longer ago than the intervals is asked for.
-- What has been undone was never held. (Months and days are counted on the UTC calendar, as in criteria.)
with cut as materialized (
    select c.n::integer - 1 as bit, c.span::interval as span
      from unnest($6::text[]) with ordinality as c(span, n)),
k as materialized (
    select k.key, k.owner, k.n::integer - 1 as n
      from rows from (unnest($2::text[]), unnest($3::text[])) with ordinality as k(key, owner, n)),
moves as materialized (
    select k.n, a.run_id, a.seq, a.at, a.old_owner, a.new_owner, a.reason
      from k
      join dist.assignment a on a.record_key = k.key
     where a.object = $1
       and (not $8 or a.run_id = $7 and a.reason = 'retrieval')
       -- With room for months of different lengths.
       and (not $9 or a.at > (select min($5 - cut.span) - interval '5 days' from cut) or a.run_id = $7)),
undone as materialized (
    select m.n, u.undoes as run_id
      from moves m
      join dist.run u on u.id = m.run_id
     where m.reason = 'undo' and u.undoes is not null),
held as (
    select m.n, x.rep, m.run_id, m.seq, x.step, m.at,
           case when x.step = 2 or m.run_id is distinct from $7 or m.reason <> 'retrieval' then 0 else 1 end as taken,
           case when x.step = 1 and m.reason = 'return' then 2 else 0 end as gave_back
      from moves m
     cross join lateral (values (m.old_owner, 1), (m.new_owner, 2)) as x(rep, step)
     where x.rep is not null and m.reason <> 'undo'
       and not exists (select from undone u where u.n = m.n and u.run_id = m.run_id)
    union all
    select k.n, k.owner, 9223372036854775807, 0, 3, $5, 0, 0 from k where k.owner is not null and not $8),
ordered as (
    select h.*, row_number() over (partition by h.n order by h.run_id desc, h.seq desc, h.step desc) as back
      from held h),
reps as (
    select o.n, o.rep, min(o.back) as back, max(o.at) as at, max(o.taken) as taken,
           (array_agg(o.gave_back order by o.back))[1] as gave_back
      from ordered o
     group by o.n, o.rep),
placed as (
    select r.*, row_number() over (partition by r.n order by r.back) as place from reps r)
select array_agg(p.n order by p.n, p.place),
       array_agg(d.number::integer - 1 order by p.n, p.place),
       array_agg(p.place::integer order by p.n, p.place),
       array_agg((extract(epoch from p.at) * 1000000)::bigint order by p.n, p.place),
       array_agg(p.taken + p.gave_back order by p.n, p.place),
       array_agg((select coalesce(bit_or(1::bigint << c.bit), 0) from cut c
                   where (p.at at time zone 'UTC') + c.span > $5 at time zone 'UTC') order by p.n, p.place)
  from placed p
  join unnest($4::text[]) with ordinality as d(rep, number) on d.rep = p.rep
