-- What became of the stream, judged by SQL that computes it anew from the data, the table's own record of who took what from
-- whom, and the calls; pg_dist's tables are only compared with that (L1, L3, L5, L6, C1, C2, C3, C5, X3, X6, X10).
\set QUIET on
set session authorization sales_ops;
set timezone = 'America/Sao_Paulo';
analyze funnel.moved, funnel.lead, funnel.call, funnel.drawn;

-- What is to become of each when its wait is over.
create temporary table fate as
select d.*, coalesce(d.origin, case when d.found_out then 'email' end) as origin_then,
       (d.day + time '11:10') at time zone 'America/Sao_Paulo' as routed_at,
       case when d.deleted then 'gone'
            when d.origin is null and not d.found_out then 'no_match'
            when d.origin = 'other publicities' then 'agency'
            when d.landing_page_id = '40dec9f3d5259a3d2dbcdab2114fae47' then 'partner page'
            when d.met then 'meeting booked'
            when d.taken then 'already_owned'
            when d.origin in ('paid search', 'organic search') then 'turn'
            when d.origin = 'referral' then 'desk'
            else 'hopper' end as fate
  from funnel.drawn d;
create index on fate (mql_id);
analyze fate;
select test.same('2 124 leads came in', count(*), 2124::bigint) from fate;
select test.holds('what was left was left for the reason that the data give (C1, C2, C3)', not exists (
           select from (select mql_id, case when fate in ('agency', 'partner page', 'meeting booked') then 'excluded' else fate end as reason,
                               case when fate in ('agency', 'partner page', 'meeting booked') then fate end as exclusion
                          from fate where fate not in ('turn', 'desk', 'hopper')) f
             full join (select u.*, case u.reason when 'excluded' then u.rule end as exclusion
                          from dist.unassigned u join dist.run r on r.id = u.run_id where r.cause_name = 'new leads') u on u.record_key = f.mql_id
            where (f.reason, f.exclusion) is distinct from (u.reason, u.exclusion)));
select test.same('counted so in the runs', (select jsonb_object_agg(key, n) from (select key, sum(value::bigint) as n from dist.run r, jsonb_each_text(r.reasons)
                                                                                  where r.cause_name = 'new leads' group by key) r),
           (select jsonb_object_agg(reason, n) from (select case when fate in ('agency', 'partner page', 'meeting booked') then 'excluded' else fate end as reason, count(*) as n
                                                       from fate where fate not in ('turn', 'desk', 'hopper') group by 1) f));
select test.same('each day one run, ten minutes after the leads came in (L1, C3)', array_agg(r.as_of order by r.as_of), (select array_agg(distinct routed_at) from fate))
  from dist.run r where r.cause_name = 'new leads' and r.status = 'succeeded';
select test.same('and no run failed', count(*), 0::bigint) from dist.run where status <> 'succeeded';

-- Who had what, one after the other, as the table has told.
create temporary table step as
select m.*, p.team, f.fate, lag(m.new_owner) over w as before, row_number() over w as nth, lead(m.n) over w as next_n
  from funnel.moved m
  join fate f using (mql_id)
  left join funnel.person p on p.rep = m.new_owner
window w as (partition by m.mql_id order by m.n);
select test.holds('each took it from whom the one before had given it to', bool_and(nth = 1 or before is not distinct from old_owner)) from step;
select test.holds('when the wait was over, not a second before, an SDR had what goes in turn, the partner desk what was referred (L1, L3, C3)', not exists (
           select from fate f left join step s on s.mql_id = f.mql_id and s.nth = 1
            where f.fate in ('turn', 'desk')
              and (coalesce(s.team, s.new_owner), s.at, s.by) is distinct from (case f.fate when 'turn' then 'sdrs' else 'partner desk' end, f.routed_at, 'sales_ops'::name)));
select test.holds('what the other tool owned, or nobody is to have, pg_dist has not touched', not exists (
           select from step where by = 'sales_ops' and fate not in ('turn', 'desk', 'hopper')));
select test.holds('audit = moves, of each lead in order (an entry that changes no owner is one into or out of the hopper)', not exists (
           select from (select mql_id, old_owner, new_owner, row_number() over (partition by mql_id order by n) as nth from funnel.moved where by = 'sales_ops') m
             full join (select record_key, old_owner, new_owner, row_number() over (partition by record_key order by run_id, seq) as nth
                          from dist.assignment where old_owner is distinct from new_owner) a on a.record_key = m.mql_id and a.nth = m.nth
            where (a.old_owner, a.new_owner) is distinct from (m.old_owner, m.new_owner) or a.record_key is null or m.mql_id is null));
select test.same('what it gave away and another tool took is told (C5)',
           (select array_agg(record_key order by record_key) from dist.overtaken('new leads', '-infinity')),
           (select array_agg(s.mql_id order by s.mql_id) from step s where s.by = 'other_tool' and s.nth = 2));

-- Nobody is more than one apart: each turn entitles those who are there to an equal share of it. At weekends and on holidays
-- nobody is there, and all take part; one was away from 19 February to 2 March.
create temporary table turn as
select row_number() over (order by f.routed_at, f.mql_id collate "C") as n, s.new_owner, f.day, extract(isodow from f.day) > 5 or f.day in ('2018-02-12', '2018-02-13') as off,
       case when f.day < '2018-02-19' then 'before' when f.day < '2018-03-03' then 'while one is away' else 'after' end as period
  from fate f join step s on s.mql_id = f.mql_id and s.nth = 1 where f.fate = 'turn';
create temporary table share as
select t.n, t.period, p.name, t.new_owner = p.rep as has, (t.off or p.name <> 'sdr 3' or t.period <> 'while one is away') as there
  from turn t cross join funnel.person p where p.team = 'sdrs';
create temporary table owed as
select n, name, there, count(*) filter (where has) over w as got,
       sum(case when there then 840 / present else 0 end) over w as due
  from (select s.*, count(*) filter (where there) over (partition by n) as present from share s) s
window w as (partition by name order by n);
select test.holds('after every lead each SDR has had the exact share, give or take less than one (X3)', bool_and(abs(840 * got - due) < 840)) from owed;
select test.holds('who was away had none', not exists (select from share where has and not there));
select test.holds('in each of the three periods nobody has had more than one more than another', bool_and(most - least <= 1) and count(*) = 3)
  from (select period, max(got) as most, min(got) filter (where name <> 'sdr 3' or period <> 'while one is away') as least
          from (select period, name, count(*) filter (where has) as got from share group by period, name) s group by period) p;

-- When so much of a rep's working time is over, from an instant on.
create function pg_temp.over(from_then timestamptz, who funnel.person, within interval) returns timestamptz language sql as $$
    select case when who.team is null then from_then + within else (
        select e - (total - within)
          from (select e, sum(e - greatest(s, from_then)) over (order by s) as total
                  from (select (d + time '09:00') at time zone who.zone as s, (d + time '18:00') at time zone who.zone as e
                          from (select from_then::date + g as d from generate_series(-1, 21) g) day
                         where extract(isodow from d) < 6 and d not in ('2018-02-12', '2018-02-13')
                           and (who.name <> 'sdr 3' or d not between '2018-02-19' and '2018-03-02')) shift
                 where e > from_then) worked
         where total >= within order by e limit 1) end
$$;
-- The clocks: of SDRs and those who look again after them; of closers, and who has what came back and expired. The first began
-- when it was given, each further one when the one before was over, or 72 hours later where it lay in the hopper meanwhile.
create temporary table given as
select s.*, p as who, row_number() over (partition by s.mql_id order by s.n) as attempt,
       case s.fate when 'turn' then 'called in four hours' else 'worked in six hours' end as sla, case s.fate when 'turn' then interval '4 hours' else interval '6 hours' end as within
  from step s join funnel.person p on p.rep = s.new_owner
 where s.by = 'sales_ops' and (s.fate = 'turn' or s.fate = 'hopper' and (s.team = 'closers' or s.nth > 1));
create temporary table clock (sla text, mql_id text, attempt bigint, rep text, n bigint, started_at timestamptz, due_at timestamptz, outcome text);
create function pg_temp.clocks(attempt integer) returns void language sql as $$
    insert into clock
    select g.sla, g.mql_id, g.attempt, g.new_owner, g.n, b.at, o.at,
           case when o.at > '2018-03-25 20:00' then null
                when exists (select from step s where s.mql_id = g.mql_id and s.by = 'other_tool' and s.n > g.n) then 'moved'
                when exists (select from funnel.call k where k.mql_id = g.mql_id and k.rep = g.new_owner and k.at >= b.at and k.at <= o.at) then 'met'
                else 'breached' end
      from given g
      left join clock c on c.mql_id = g.mql_id and c.attempt = g.attempt - 1
     cross join lateral (select case when g.attempt = 1 or g.team = 'closers' then g.at when g.team is null then c.due_at + interval '72 hours' else c.due_at end as at) b
     cross join lateral (select pg_temp.over(b.at, g.who, g.within) as at) o
     where g.attempt = clocks.attempt
$$;
select pg_temp.clocks(1), pg_temp.clocks(2), pg_temp.clocks(3), pg_temp.clocks(4) \g /dev/null
select test.holds('each clock: whose, the how many-th, from when to when in his working time, and its end (X10)', not exists (
           select from clock c
             full join dist.sla_clock s on (s.sla, s.record_key, s.attempt) = (c.sla, c.mql_id, c.attempt::integer)
            where (s.rep, s.started_at, s.due_at, s.outcome) is distinct from (c.rep, c.started_at, c.due_at, c.outcome) or c.mql_id is null or s.record_key is null));
select test.holds('a breach passes it on, up to the last attempt, and nothing else does', not exists (
           select from clock c
             left join step s on s.n = c.n
            where (c.outcome = 'breached' and c.attempt < case c.sla when 'called in four hours' then 3 else 2 end) <> (s.next_n is not null and c.outcome is distinct from 'moved')));
select test.holds('never to somebody who has had it', not exists (
           select from clock a join clock b on b.mql_id = a.mql_id and b.attempt > a.attempt and b.rep = a.rep where a.sla = 'called in four hours'));
select test.holds('won leads are called in time, whoever has them', not exists (
           select from clock c join fate f using (mql_id) where f.won and c.outcome = 'breached'));

-- Every stay in the hopper: from the routing or from a breach on, until somebody takes it.
create temporary table stay as
select f.mql_id, f.fate, coalesce(array_position('{direct traffic,email,social}', f.origin_then), 9) as rank, f.routed_at as since, s.n as left_n, s.at as left_at, s.team, s.new_owner
  from fate f left join step s on s.mql_id = f.mql_id and s.nth = case f.fate when 'desk' then 2 else 1 end
 where f.fate = 'hopper' or f.fate = 'desk' and right(f.mql_id, 1) >= '8'
union all
select f.mql_id, f.fate, coalesce(array_position('{direct traffic,email,social}', f.origin_then), 9), c.due_at, s.n, s.at, s.team, s.new_owner
  from step b
  join fate f using (mql_id)
  join clock c on c.mql_id = b.mql_id and c.attempt = 1
  left join step s on s.mql_id = b.mql_id and s.n = b.next_n
 where b.new_owner is null and b.nth = 2;
analyze stay;
select test.same('reps claim one when it lies there, and nobody else''s', (count(*), bool_and(s.since <= s.left_at and s.fate = 'hopper')),
           ((select sum(got)::bigint from funnel.asked), true)) from stay s where s.team = 'closers';
select test.holds('a claim has the best that lies there: by the ranking, the older, the key (L6)', not exists (
           select from stay x join stay y on y.fate = 'hopper' and y.since <= x.left_at and (y.left_n is null or y.left_n > x.left_n)
                                         and (y.rank, y.since, y.mql_id collate "C") < (x.rank, x.since, x.mql_id collate "C")
            where x.team = 'closers'
              -- Two of one claim have no order among themselves.
              and (y.left_at, y.new_owner) is distinct from (x.left_at, x.new_owner)));
select test.holds('nobody claims more than three on a day of his own zone, and everybody that many as long as any lie there (L6)', bool_and(got = least(2, 3 - earlier, lying)))
  from (select a.got, coalesce(sum(a.got) over (partition by a.rep, (a.at at time zone p.zone)::date order by a.n rows between unbounded preceding and 1 preceding), 0) as earlier,
               (select count(*) from stay y left join funnel.person o on o.rep = y.new_owner
                 where y.fate = 'hopper' and y.since <= a.at and (y.left_n is null or y.left_at > a.at or y.left_at = a.at and o.place >= p.place and o.team = 'closers')) as lying
          from funnel.asked a join funnel.person p using (rep)) s;
select test.holds('which by the days of another zone would be more', exists (
           select from funnel.asked a group by a.rep, (a.at at time zone 'UTC')::date having sum(a.got) > 3));
select test.holds('what has lain there for 72 hours goes to nurture, and nothing does sooner (L5)', not exists (
           select from stay s
            where coalesce(s.new_owner, '') <> 'nurture' and coalesce(s.left_at, '2018-03-25 20:00') >= s.since + interval '72 hours'
               or s.new_owner = 'nurture' and s.left_at not between s.since + interval '72 hours' and s.since + interval '88 hours'));
select test.holds('the audit has each way into the hopper and out of it, at its instant', not exists (
           select from (select mql_id, since, row_number() over (partition by mql_id order by since) as nth, new_owner,
                               case new_owner when 'nurture' then since + interval '72 hours' else left_at end as until
                          from stay
                        union all
                        select mql_id, routed_at, 1, 'partner desk', (day + time '12:00') at time zone 'America/Sao_Paulo'
                          from fate where fate = 'desk' and right(mql_id, 1) < '8') s
             full join (select record_key, at, row_number() over (partition by record_key order by run_id, seq) as nth from dist.assignment where hopper = 'fresh') i
                    on (i.record_key, i.nth) = (s.mql_id, s.nth)
             full join (select record_key, at, new_owner, row_number() over (partition by record_key order by run_id, seq) as nth
                          from dist.assignment where from_hopper = 'fresh') o on (o.record_key, o.nth) = (s.mql_id, s.nth)
            where (i.at, o.at, o.new_owner) is distinct from (s.since, s.until, s.new_owner)));
select test.holds('in the hopper lies what nobody has taken, with its owner (L5)', not exists (
           select from stay s full join dist.hopper_record h on h.record_key = s.mql_id and h.hopper = 'fresh'
            where s.left_n is null and (s.fate, h.since) is distinct from (case when h.rep = 'partner desk' then 'desk' else 'hopper' end, s.since)
               or s.left_n is not null and h.record_key is not null and not exists (select from stay t where t.mql_id = s.mql_id and t.left_n is null) or s.mql_id is null));

-- Where each lead is in the end: in one place.
create temporary table place as
select f.mql_id, f.fate, l.owner, array_remove(array[
           case when l.mql_id is null then 'deleted' end,
           case when h.record_key is not null then 'in the hopper' end,
           case when l.owner is not null and h.record_key is null then 'owned' end,
           case when l.owner is null and l.mql_id is not null and u.record_key is not null then 'left, ' || coalesce(u.rule, u.reason) end], null) as places
  from fate f
  left join funnel.lead l using (mql_id)
  left join dist.hopper_record h on h.record_key = f.mql_id
  left join dist.unassigned u on u.record_key = f.mql_id and u.run_id in (select id from dist.run where cause_name = 'new leads');
select test.holds('every lead is in exactly one place', bool_and(cardinality(places) = 1)) from place;
select test.same('nothing waits any more', (select count(*) from dist.waiting), 0::bigint);
select test.holds('a replay of each day agrees (X6)', bool_and(p.agrees)) from dist.run r, dist.replay(r.id) p where r.cause_name = 'new leads';
