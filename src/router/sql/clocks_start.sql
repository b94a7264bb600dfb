-- Starts the clocks of those who have been given records. $1 run, $2 seq before its moves, $3 as_of, $4 object; by service
-- level and rep: $5 service level, $6 rep, $7 when it is over; $8 the ruleset that the run went by. Where the service level
-- itself has passed the record on, to him or to the hopper that he has it from, it is about him as well, and the count of
-- attempts goes on.
with started as (
    insert into dist.sla_clock (sla, object, record_key, rep, run_id, seq, started_at, due_at, attempt, holders)
    select s.name, a.object, a.record_key, a.new_owner, a.run_id, a.seq, a.at, d.due_at,
           coalesce(p.attempt, 0) + 1, coalesce(p.holders, '{}') || a.new_owner
      from dist.assignment a
      join dist.sla s on s.object = a.object and s.active
      join rows from (unnest($5), unnest($6), unnest($7)) as d(sla, rep, due_at) on d.sla = s.name and d.rep = a.new_owner
      left join lateral (
          select c.attempt, c.holders, c.next_run_id
            from dist.sla_clock c
           where c.object = a.object and c.record_key = a.record_key and c.sla = s.name
           order by c.run_id desc, c.seq desc
           limit 1) p on p.next_run_id = $1 or p.next_run_id is not null and a.from_hopper is not null
     where a.run_id = $1 and a.seq > $2 and a.at = $3 and a.object = $4 and a.reason <> 'undo'
       and a.new_owner is not null and a.new_owner is distinct from a.old_owner
       and (p.attempt is not null
            or (s.distribution_rule is null or s.distribution_rule = a.distribution_rule)
               and (s.ruleset is null or s.ruleset = $8)
               and (s.team is null or exists (select from dist.team_member m where m.team = s.team and m.rep = a.new_owner)))
        on conflict do nothing
    returning sla, due_at)
select dist._set_task('sla', s.name, s.owner, f.due_at, s.object)
  from (select st.sla, min(st.due_at) as due_at from started st group by st.sla) f
  join dist.sla s on s.name = f.sla
