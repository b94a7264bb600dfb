-- Lets what an undo has taken back count in no cap. $1 the run, $2 the undo's run. One pass and a window, as in turns.sql.
with back as (
    select m.object, m.distribution_rule, dist._now_called(m.new_owner, $1) as rep, m.at, count(*) as n
      from (select a.*, bool_or(a.run_id = $2) over (partition by a.object, a.record_key) as went_back
              from dist.assignment a
             where a.run_id in ($1, $2)) m
     where m.run_id = $1 and m.went_back and m.new_owner is not null
     group by m.object, m.distribution_rule, m.new_owner, m.at),
given as (
    select c.name as cap, case c.counts when 'each' then b.rep else '' end as rep, w.kept_at, sum(b.n)::bigint as n
      from dist.cap c
      join back b on (c.object is null or b.object = c.object)
                 and (c.distribution_rule is null or b.distribution_rule = c.distribution_rule)
      join dist.rep p on p.rep = b.rep and (c.rep is null or p.rep = c.rep)
                     and (c.team is null or exists (select from dist.team_member m where m.team = c.team and m.rep = p.rep)),
           dist._cap_window(c.per, c.rolling, coalesce(c.time_zone, p.time_zone), b.at) w
     where c.active and c.per <> 'open'
     group by 1, 2, 3),
uncounted as (
    update dist.cap_use u set used = u.used - g.n
      from given g
     where u.cap = g.cap and u.rep = g.rep and u.since = g.kept_at
    returning g.cap, g.n)
update dist.cap_state s set taken = s.taken - k.n
  from (select u.cap, sum(u.n) as n from uncounted u group by u.cap) k
 where s.cap = k.cap
