-- What has been used of caps, and how much each has counted on the whole. By question: $1 cap, $2 rep ('' = together), $3
-- and $4 between which instants what was used counts, $5 the window's length in seconds where it rolls, else 0. $6 caps.
--
-- A run about an instant before the latest ones is in as many rolling windows as end in the time that follows it, and what
-- it takes must fit into each: the fullest one counts.
with used as (
    select q.n,
           greatest(sum(u.used) filter (where u.since < q.until),
                    max((select sum(v.used) from dist.cap_use v
                          where v.cap = u.cap and v.rep = u.rep
                            and v.since between u.since - make_interval(secs => q.seconds) and u.since))
                        filter (where u.since >= q.until))::bigint as used
      from rows from (unnest($1), unnest($2), unnest($3), unnest($4), unnest($5))
           with ordinality q(cap, rep, since, until, seconds, n)
      join dist.cap_use u on u.cap = q.cap and u.rep = q.rep
                         and u.since >= q.since and u.since < q.until + make_interval(secs => q.seconds)
     group by q.n)
select (select array_agg(u.n order by u.n) from used u), (select array_agg(u.used order by u.n) from used u),
       (select array_agg(coalesce(s.taken, 0) order by c.n)
          from unnest($6) with ordinality c(name, n) left join dist.cap_state s on s.cap = c.name)
