-- Who held the candidates before, from the audit, as one row of arrays without order: candidate (from 0), rep's number in the
-- dictionary (-1 = not in it), when he was last seen to hold it as a number that goes up with time (odd = he then gave it
-- back), the same in microseconds since 1970, 1 = the run itself took it from him, and a bit for each interval that is not over
-- since then. $1 object, $2 keys and $3 owners by candidate, $4 dictionary of reps, $5 instant of the run, $6 intervals,
-- $7 this run and those of the steps before it, $8 nothing but their retrievals is asked for, $9 nothing that is longer ago than the intervals is asked for,
-- $10 this run, where it passes on for a service level: who has held it since that began counts as if the run had taken it from him.
-- What has been undone was never held. Who has another name by now is found by that. (Months and days are counted on the UTC calendar, as in criteria.)
with formerly as materialized (
    select dist._former_names() as names),
cut as materialized (
    select c.n::integer - 1 as bit, c.span::interval as span
      from unnest($6::text[]) with ordinality as c(span, n)),
k as materialized (
    select k.key, k.owner, k.n::integer - 1 as n
      from rows from (unnest($2::text[]), unnest($3::text[])) with ordinality as k(key, owner, n)),
undone as materialized (
    select a.record_key, u.undoes as run_id
      from dist.run u
      join dist.assignment a on a.run_id = u.id
     where u.undoes is not null and u.status = 'succeeded' and a.object = $1),
seen as (
    select k.n,
           case when x.rep = any ((select f.names from formerly f)::text[]) then dist._now_called(x.rep, a.run_id) else x.rep end as rep,
           (a.run_id * 2147483648 + a.seq) * 8 + x.step * 2
                       + case when x.step = 1 and a.reason = 'return' then 1 else 0 end as last,
           a.at, case when x.step = 1 and a.reason = 'retrieval' and a.run_id = any ($7) then 1 else 0 end as taken
      from k
      join dist.assignment a on a.record_key = k.key
     cross join lateral (values (a.old_owner, 1), (a.new_owner, 2)) as x(rep, step)
     where a.object = $1 and a.reason <> 'undo' and x.rep is not null
       and (not $8 or a.run_id = any ($7) and a.reason = 'retrieval')
       -- With room for months of different lengths.
       and (not $9 or a.at > (select min($5 - cut.span) - interval '5 days' from cut) or a.run_id = any ($7))
       and not exists (select from undone u where u.record_key = a.record_key and u.run_id = a.run_id)
    union all
    select k.n, k.owner, 9223372036854775806, $5, 0 from k where k.owner is not null and not $8
    union all
    select k.n, h.rep, 9223372036854775804, $5, 1
      from k
      join dist.sla_clock c on c.object = $1 and c.record_key = k.key and c.next_run_id = $10
     cross join lateral unnest(c.holders) as h(rep)),
holders as (
    select s.n, s.rep, max(s.last) as last, max(s.at) as at, max(s.taken) as taken
      from seen s
     group by s.n, s.rep)
select array_agg(h.n), array_agg(coalesce(d.number, 0)::integer - 1), array_agg(h.last),
       array_agg((extract(epoch from h.at) * 1000000)::bigint), array_agg(h.taken),
       array_agg((select coalesce(bit_or(1::bigint << c.bit), 0) from cut c
                   where (h.at at time zone 'UTC') + c.span > $5 at time zone 'UTC'))
  from holders h
  left join unnest($4::text[]) with ordinality as d(rep, number) on d.rep = h.rep
