-- One run of 8 000 leads over 5 reps who weigh what they have won: the promise at every prefix (L4, X3).
\set QUIET on
insert into dist.object (name, relation, key_column, owner_column)
select name, ('funnel.' || name)::regclass, 'mql_id', 'owner'
  from unnest(array['once', 'batched', 'half_0', 'half_1', 'crashed']) name;

set session authorization sales_ops;
insert into funnel.once select * from funnel.arrived;
insert into funnel.batched select * from funnel.arrived;
insert into funnel.crashed select * from funnel.arrived;
insert into funnel.half_0 select * from funnel.arrived where origin = any ('{organic search,social}');
insert into funnel.half_1 select * from funnel.arrived where (origin = any ('{organic search,social}')) is not true;

insert into dist.team (team) values ('closers');
insert into dist.rep (rep, name)
select sr_id, 'closer ' || row_number() over (order by count(*) desc) from funnel.deal group by sr_id order by count(*) desc, sr_id limit 5;
insert into dist.team_member (team, rep, weight)
select 'closers', rep, (select count(*) from funnel.deal d where d.sr_id = rep) from dist.rep;
select test.same('the five who won most', array_agg(weight order by weight desc), array[133, 82, 74, 64, 63]::numeric[]) from dist.team_member;

-- The same members, each time with turns of their own.
insert into dist.distribution_rule (name, strategy, team)
select name, 'weighted', 'closers' from unnest(array['once', 'batches', 'halves', 'crash']) name;
insert into dist.transfer (name, object, to_distribution_rule, ranking, row_limit)
values ('once', 'once', 'once', 'r.first_contact_date, r.origin nulls last', null),
       ('batches', 'batched', 'batches', 'r.first_contact_date, r.origin nulls last', 100),
       ('half 0', 'half_0', 'halves', 'r.first_contact_date', 100),
       ('half 1', 'half_1', 'halves', 'r.first_contact_date', 100),
       ('before the crash', 'crashed', 'crash', 'r.first_contact_date, r.origin nulls last', 2501),
       ('after the crash', 'crashed', 'crash', 'r.first_contact_date, r.origin nulls last', null);

-- The audit of one rule, in the order in which its turns were taken: prefix n is the first n rows.
create view funnel.turn as
select a.distribution_rule, row_number() over w as n, a.run_id, a.object, a.record_key, a.new_owner
  from dist.assignment a
window w as (partition by a.distribution_rule order by a.run_id, a.seq);
-- Every prefix and every rep: x records received, of n; times W, so that nothing is rounded.
create view funnel.prefix as
select t.distribution_rule, t.n, m.rep, m.weight, sum(m.weight) over (partition by t.distribution_rule, t.n) as total,
       count(*) filter (where t.new_owner = m.rep) over (partition by t.distribution_rule, m.rep order by t.n) as x
  from funnel.turn t cross join dist.team_member m;

select test.same('8 000 are placed', (r.candidates, r.assigned, r.unassigned), (8000::bigint, 8000::bigint, 0::bigint)) from dist.execute('once') r;
select test.same('each lead once', (count(*), count(distinct record_key), min(seq), max(seq)), (8000::bigint, 8000::bigint, 1, 8000))
  from dist.assignment where object = 'once';
select test.holds('the table agrees with the audit',
           not exists (select from funnel.once o full join dist.assignment a on a.object = 'once' and a.record_key = o.mql_id
                        where a.new_owner is distinct from o.owner and (a.object = 'once' or a.object is null)));
select test.same('40 000 prefixes to look at', count(*), 40000::bigint) from funnel.prefix where distribution_rule = 'once';
select test.holds('at every prefix |x - n w/W| < 1 (X3)', bool_and(abs(x * total - n * weight) < total))
  from funnel.prefix where distribution_rule = 'once';
select test.holds('seq follows the ranking, then the key',
           not exists (select from (select a.seq, row_number() over (order by o.first_contact_date, o.origin nulls last, o.mql_id collate "C") as n
                                      from dist.assignment a join funnel.once o on o.mql_id = a.record_key where a.object = 'once') s
                        where seq <> n));
