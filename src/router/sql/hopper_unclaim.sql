-- Claims that have been undone do not count, on the day they were made. $6 the run, $7 the undo's run; the others as for the
-- statements beside this one.
update dist.claim_use u set used = greatest(u.used - b.n, 0)
  from (select a.from_hopper as hopper, p.rep, (a.at at time zone p.time_zone)::date as day, count(*)::integer as n
          from dist.assignment a
          join rows from (unnest($2), unnest($3), unnest($4), unnest($5)) m(key, was, status, hopper) on m.key = a.record_key and m.status = 1
          join dist.rep p on p.rep = dist._now_called(a.new_owner, a.run_id)
         where a.run_id = $6 and a.object = $1 and a.reason = 'claim' and $7 is not null
         group by 1, 2, 3) b
 where u.hopper = b.hopper and u.rep = b.rep and u.day = b.day
