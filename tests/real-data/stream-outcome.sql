-- What became of the stream, to be written down: stream-outcome.txt has it as expected, so that a change is seen. What it
-- should be is judged by stream-check.sql; here are the figures, and one number that stands for every move in its order.
\set QUIET on
set timezone = 'America/Sao_Paulo';
select format('came in: %s on %s days, from %s to %s', count(*), count(distinct day), min(day), max(day)) from funnel.drawn;
\echo
\echo 'when the wait was over'
select format('  %6s  %s', count(*), what)
  from (select coalesce('to ' || a.distribution_rule, 'into hopper ' || a.hopper || coalesce(' for ' || a.new_owner, '')) as what, 1 as part
          from dist.assignment a join dist.run r on r.id = a.run_id where r.trigger = 'automation'
        union all
        select concat_ws(': ', u.reason, case when u.reason = 'excluded' then u.rule end), 2
          from dist.unassigned u join dist.run r on r.id = u.run_id where r.trigger = 'automation') w
 group by part, what order by part, what;
\echo
\echo 'in turn: until 18 February, while sdr 3 is away (but at weekends, when nobody is there and all take part), from 3 March on'
select format('  %s  %3s  %3s  %3s', p.name, count(*) filter (where d.day < '2018-02-19'),
              count(*) filter (where d.day between '2018-02-19' and '2018-03-02'), count(*) filter (where d.day > '2018-03-02'))
  from dist.assignment a
  join funnel.person p on p.rep = a.new_owner
  join funnel.drawn d on d.mql_id = a.record_key
 where a.distribution_rule = 'sdrs in turn'
 group by p.name order by p.name;
\echo
\echo 'service levels: the how many-th attempt, its end'
select format('  %-20s  %s  %-8s  %4s', sla, attempt, coalesce(outcome, '(runs)'), count(*))
  from dist.sla_clock group by sla, attempt, outcome order by sla, attempt, outcome;
\echo
\echo 'the hopper: in and out'
select format('  %6s  %s', count(*), what)
  from (select case r.trigger when 'automation' then 'in, from the automation' when 'sla' then 'in again, after a breach'
                    when 'claim' then 'out, claimed by ' || p.name when 'expiry' then 'out, expired: to ' || p.name when 'leave' then 'out, its owner works it' end as what
          from dist.assignment a join dist.run r on r.id = a.run_id left join funnel.person p on p.rep = a.new_owner
         where num_nonnulls(a.hopper, a.from_hopper) > 0
        union all
        select 'there' from dist.hopper_record) w
 group by what order by what;
\echo
\echo 'in the end'
select format('  %6s  %s', count(*), what)
  from (select case when l.mql_id is null then 'deleted' when h.record_key is not null then 'in the hopper' when l.owner is null then 'nobody''s, left where it was'
                    when m.by = 'other_tool' then 'with the other tool''s owner' else 'with ' || p.name end as what
          from funnel.drawn d
          left join funnel.lead l using (mql_id)
          left join dist.hopper_record h on h.record_key = d.mql_id
          left join funnel.person p on p.rep = l.owner
          left join lateral (select m.by from funnel.moved m where m.mql_id = d.mql_id order by m.n desc limit 1) m on true) w
 group by what order by what;
\echo
select format('%s moves in %s runs: %s', count(*), count(distinct a.run_id),
              md5(string_agg(concat_ws(' ', a.record_key, coalesce(a.old_owner, '-'), coalesce(a.new_owner, '-'), coalesce(a.hopper, '-'), r.trigger, a.at), e'\n'
                             order by a.run_id, a.seq)))
  from dist.assignment a join dist.run r on r.id = a.run_id;
