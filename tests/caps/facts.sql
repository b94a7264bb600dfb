-- No cap was passed after any run, be it one that was undone later. Told from the audit alone: windows by PostgreSQL's own
-- calendar, and runs in the order of their ids, which are drawn while the caps are locked.
\set QUIET on
-- Who received how many in which run, and which run took that back.
create temp table given as
    select a.run_id, a.new_owner as rep, a.distribution_rule, a.at, b.run_id as undone_by, count(*) as n
      from dist.assignment a
      left join dist.run u on u.undoes = a.run_id
      left join dist.assignment b on b.run_id = u.id and b.object = a.object and b.record_key = a.record_key
     where a.reason <> 'undo'
     group by 1, 2, 3, 4, 5;
create temp table event as
    select run_id, rep, distribution_rule, at, n from given
    union all
    select undone_by, rep, distribution_rule, at, -n from given where undone_by is not null;
select test.holds(format('%s records given, %s undone', sum(n) filter (where n > 0), -sum(n) filter (where n < 0)),
                  sum(n) filter (where n > 0) > 300 and -sum(n) filter (where n < 0) > 50) from event;
select test.holds('what is full leaves records, and says why',
                  (select sum((reasons -> 'caps_full')::bigint) from dist.run) > 100);
-- Fixed windows: what was used after each run.
create temp table fixed as
    select c.name, c.most, e.run_id, case c.counts when 'each' then e.rep end as rep,
           date_trunc(c.per, e.at, coalesce(c.time_zone, p.time_zone)) as since, e.n
      from dist.cap c
      join dist.rep p on (c.rep is null or p.rep = c.rep) and (c.team is null or p.rep in (select m.rep from dist.team_member m where m.team = c.team))
      join event e on e.rep = p.rep and (c.distribution_rule is null or e.distribution_rule = c.distribution_rule)
     where c.per <> 'open' and not c.rolling;
create temp table after_run as
    select distinct on (name, rep, since, run_id) name, most, rep, since, run_id, sum(n) over w as used
      from (select name, most, run_id, rep, since, sum(n) as n from fixed group by 1, 2, 3, 4, 5) f
    window w as (partition by name, rep, since order by run_id);
select test.holds(format('%L: at most %s of %s in a window, at any moment', name, max(used), most), max(used) <= most)
  from after_run group by name, most order by name;
select test.holds(format('%s of these caps were full', count(distinct name)), count(distinct name) >= 1) from after_run where used = most;
-- Rolling ones: after each twentieth run and at the end, every hour that ends with a minute of the night.
select test.holds(format('%L: at most %s of %s in any sixty minutes', c.name, max(w.used), c.most), max(w.used) <= c.most)
  from dist.cap c
 cross join lateral (
    select r.id, sum(m.n) over (partition by r.id order by m.at range between interval '59 minutes 59 seconds' preceding and current row) as used
      from (select id from dist.run where id % 20 = 0 union select max(id) from dist.run) r
     cross join lateral (select g.at, sum(g.n) as n from given g
                          where g.run_id <= r.id and (g.undone_by is null or g.undone_by > r.id) and (c.rep is null or g.rep = c.rep)
                          group by g.at) m) w
 where c.rolling
 group by c.name, c.most;
select test.holds(format('open leads: nobody has more than %s of 30', max(n)), max(n) <= 30)
  from (select count(*) as n from crm.lead where owner is not null group by owner) o;
select test.same('what has been counted is what the audit says',
                 (select array_agg(format('%s/%s/%s: %s', cap, rep, since, used) order by cap, rep, since) from dist.cap_use where used > 0),
                 (select array_agg(format('%s/%s/%s: %s', cap, rep, since, used) order by cap, rep, since) from dist._cap_audit(array(select name from dist.cap))));
select test.same('and so is how much on the whole', (select sum(taken) from dist.cap_state), (select sum(used) from dist.cap_use));
select test.holds('nobody failed', not exists (select from dist.run where status <> 'succeeded'));
