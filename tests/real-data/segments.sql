-- What two weeks of segments-play.sql must have left, said again in plain SQL over the company's files.
\set QUIET on
set timezone = 'UTC';
create temporary table expected as
select d.day, a.account
  from crm.day d cross join crm.account a
 where not exists (select from crm.opportunity o
                    where o.deal_stage = 'Won' and o.account = a.account and o.close_date >= d.since and o.close_date < d.day);
create temporary table change as
select day, account, case when was then 'left' else 'joined' end as change
  from (select d.day, a.account, e.account is not null as is, coalesce(lag(e.account is not null) over (partition by a.account order by d.day), false) as was
          from crm.day d cross join crm.account a left join expected e on (e.day, e.account) = (d.day, a.account)) x
 where x.is <> x.was;
select test.holds('there are members every day, and on most days some join or leave', min(members) > 0 and count(*) filter (where changes > 0) >= 8 and sum(joined) > 50)
  from (select d.day, (select count(*) from expected e where e.day = d.day) as members, (select count(*) from change c where c.day = d.day) as changes,
               (select count(*) from change c where c.day = d.day and c.change = 'joined') as joined from crm.day d) x;

-- The clock: every morning at 7, Thursdays at 11, Fridays at 16, on both sides of the change of clocks.
select test.same('what ran when (G4, F3)', (select array_agg((schedule, due_at, status)::text order by due_at) from dist.run where trigger = 'schedule'),
           (select array_agg((s, (day + t) at time zone 'America/New_York', 'succeeded')::text order by day + t)
              from crm.day, (values ('every morning', time '07:00', null), ('follow up', '11:00', 4), ('describe', '16:00', 5)) x (s, t, weekday)
             where coalesce(weekday, extract(isodow from day)) = extract(isodow from day)));

-- The segment: each morning who joined and left, and nothing else is written (F1, F3).
select test.holds('each morning just who joined and left', not exists (
           select from (select r.due_at::date as day, c.record_key, c.change from dist.segment_change c join dist.run r on r.id = c.run_id) c
             full join change x on (x.day, x.account, x.change) = (c.day, c.record_key, c.change)
            where c.day is null or x.day is null));
select test.holds('a member since the morning on which it joined', not exists (
           select from (select record_key, joined_at from dist.segment_member where segment = 'no deal') m
             full join (select e.account, (max(c.day) + time '07:00') at time zone 'America/New_York' as since
                          from expected e join change c on c.account = e.account and c.change = 'joined' where e.day = (select max(day) from crm.day)
                         group by e.account) x on (x.account, x.since) = (m.record_key, m.joined_at)
            where m.record_key is null or x.account is null));

-- The outbox: each change once, with the run that found it, and on Fridays all (Z10).
select test.holds('each change is told once', not exists (
           select from (select r.due_at::date as day, e.record_key, e.kind from dist.event e join dist.run r on r.id = e.run_id where e.kind in ('joined', 'left')) e
             full join change x on (x.day, x.account, x.change) = (e.day, e.record_key, e.kind) where e.day is null or x.day is null)
           and (select count(*) from dist.event where kind in ('joined', 'left')) = (select count(*) from change));
select test.holds('on Fridays all that are idle', not exists (
           select from (select r.due_at::date as day, e.record_key from dist.event e join dist.run r on r.id = e.run_id where e.kind = 'idle') e
             full join (select * from expected where extract(isodow from day) = 5) x on (x.day, x.account) = (e.day, e.record_key)
            where e.day is null or x.day is null)
           and (select count(*) from dist.event where kind = 'idle') = (select count(*) from expected where extract(isodow from day) = 5));

-- The follow-ups: 25 minutes from 13:00 to 14:15 of the manager's time, from the Thursday to the Tuesday after, not at weekends, nor when
-- he is away, nor over the forecast; who earns most first. What is still open from the week before gets none (F6, X8).
create temporary table slot as
with recursive free (thursday, day, starts) as (
    select t.day, d.day, (d.day + time '13:00') at time zone 'America/Chicago'
      from crm.day t, lateral (select t.day + n as day from generate_series(0, 5) n) d
     where extract(isodow from t.day) = 4 and extract(isodow from d.day) < 6 and d.day not in ('2017-03-10', '2017-03-15')
    union all
    select thursday, day, starts + case when taken then interval '1 minute' else interval '25 minutes' end
      from (select f.*, exists (select from dist.activity a where a.run_id is null and a.starts_at < f.starts + interval '25 minutes' and a.ends_at > f.starts) as taken from free f) f
     where starts + interval '25 minutes' <= (day + time '14:15') at time zone 'America/Chicago')
select f.thursday, f.starts, row_number() over (partition by f.thursday order by f.starts) as n
  from free f
 where f.starts + interval '25 minutes' <= (f.day + time '14:15') at time zone 'America/Chicago'
   and not exists (select from dist.activity a where a.run_id is null and a.starts_at < f.starts + interval '25 minutes' and a.ends_at > f.starts);
create temporary table planned (thursday date, account text, subject text, starts timestamptz);
create function pg_temp.follow_ups(which date) returns table (thursday date, account text, subject text, starts timestamptz) language sql as $$
    select which, w.account, w.subject, s.starts
      from (select a.account, format('Call %s (%s, %s people)', a.account, a.sector, a.employees) as subject,
                   row_number() over (order by a.revenue desc, a.account collate "C") as n
              from expected e join crm.account a on a.account = e.account
             where e.day = which
               and not exists (select from planned p where p.account = e.account and p.thursday < which and p.starts >= '2017-03-14 18:10Z')) w
      left join slot s on s.thursday = which and s.n = w.n
$$;
insert into planned select * from pg_temp.follow_ups('2017-03-09');
insert into planned select * from pg_temp.follow_ups('2017-03-16');
select test.holds('days are full, and on the second Thursday one has an open one and one a second one: all of it could have gone wrong',
           exists (select from planned where starts is null) and exists (select from planned where starts > thursday + interval '3 days')
           and (select count(*) from expected where day = '2017-03-16') > (select count(*) from planned where thursday = '2017-03-16')
           and exists (select from planned a join planned b using (account) where a.thursday < b.thursday and a.starts < b.starts));
select test.holds('each follow-up: of which account, by whom, called what, and when', not exists (
           select from (select r.due_at::date as thursday, a.record_key, a.subject, a.starts_at, a.rep, a.ends_at from dist.activity a join dist.run r on r.id = a.run_id) a
             full join (select * from planned where starts is not null) p on (p.thursday, p.account) = (a.thursday, a.record_key)
            where (a.subject, a.starts_at, a.ends_at, a.rep) is distinct from (p.subject, p.starts, p.starts + interval '25 minutes', 'Dustin Brinkmann')));
select test.holds('who finds no place is told', not exists (
           select from (select r.due_at::date as thursday, l.record_key, l.reason from dist.activity_left l join dist.run r on r.id = l.run_id) l
             full join (select * from planned where starts is null) p on (p.thursday, p.account) = (l.thursday, l.record_key)
            where l.reason is distinct from 'full' or p.account is null));
select test.holds('never two things at a time, and only at work', not exists (
           select from dist.activity a where a.status <> 'cancelled'
              and (exists (select from dist.activity b where b.id <> a.id and b.rep = a.rep and b.status <> 'cancelled' and b.starts_at < a.ends_at and b.ends_at > a.starts_at)
                   or extract(isodow from a.starts_at at time zone 'America/Chicago') > 5)));
select test.holds('as it was foreseen that morning (X4)', not exists (
           select from crm.foreseen f
             full join (select * from planned where thursday = '2017-03-16') p on p.account = f.record_key
            where f.effect is distinct from case when p.starts is null then 'no_activity' else 'activity' end
               or (f.detail ->> 'starts_at')::timestamptz is distinct from p.starts or f.detail ->> 'subject' is distinct from case when p.starts is not null then p.subject end));

-- The descriptions: whoever was a member on a Friday, with the date of the last one; all else is as it was (F7).
select test.holds('descriptions and dates, and nothing else', not exists (
           select from crm.account a
             join crm.account_before b using (account)
             left join (select e.account, max(e.day) as friday from expected e where extract(isodow from e.day) = 5 group by e.account) f using (account)
            where to_jsonb(a) is distinct from to_jsonb(b) || case when f.friday is null then '{}'::jsonb
                  else jsonb_build_object('description', 'No deal: call before the quarter ends', 'reviewed_on', f.friday) end));
select test.same('each Friday those are written that change', array_agg(s.rows order by s.run_id), (select array_agg(n order by day) from (
           select e.day, count(*) as n from expected e where extract(isodow from e.day) = 5 group by e.day) x))
  from dist.run_step s where s.action = 'mass_edit';

-- Undone, the second Thursday and the second Friday (X5).
grant select on expected to sales_ops;
set session authorization sales_ops;
select r.id as thursday from dist.run r where r.schedule = 'follow up' order by r.id desc limit 1 \gset
select test.same('the second Thursday undone: all of it', (u.status, u.reasons), ('succeeded'::text, '{}'::jsonb)) from dist.undo(:thursday) u;
select r.id as friday from dist.run r where r.schedule = 'describe' order by r.id desc limit 1 \gset
select test.same('the second Friday undone: the fields are as the first one left them', (u.status, u.reasons), ('succeeded'::text, '{}'::jsonb)) from dist.undo(:friday) u;
select test.holds('so they are', not exists (
           select from crm.account a
             join crm.account_before b using (account)
             left join expected f on f.account = a.account and f.day = '2017-03-10'
            where to_jsonb(a) is distinct from to_jsonb(b) || case when f.day is null then '{}'::jsonb
                  else jsonb_build_object('description', 'No deal: call before the quarter ends', 'reviewed_on', f.day) end));
reset session authorization;
select test.holds('the first Thursday''s are still there', (select count(*) from dist.activity where run_id is not null) = (select count(*) from planned where thursday = '2017-03-09' and starts is not null));
