-- By performance (L4): the leads that came until 2017 are dealt evenly; those of 2018 go by how many deals each closer won
-- for the leads it had, shrunk towards the mean, exactly at every prefix (X3).
\set QUIET on
set role sales_ops;
create table funnel.earlier (like funnel.arrived including all, owner text);
create table funnel.later (like funnel.arrived including all, owner text);
insert into funnel.earlier select * from funnel.arrived where first_contact_date < '2018-01-01';
insert into funnel.later select * from funnel.arrived where first_contact_date >= '2018-01-01';
analyze funnel.earlier, funnel.later, funnel.deal;
reset role;
insert into dist.object (name, relation, key_column, owner_column)
values ('earlier', 'funnel.earlier', 'mql_id', 'owner'), ('later', 'funnel.later', 'mql_id', 'owner'), ('deal', 'funnel.deal', 'mql_id', 'sr_id');

set session authorization sales_ops;
insert into dist.distribution_rule (name, strategy, team) values ('evenly', 'round_robin', 'closers');
insert into dist.distribution_rule (name, strategy, team, prior, floor) values ('by deals won', 'performance', 'closers', 200, 0.01);
insert into dist.measure (distribution_rule, measure, object) values ('by deals won', 'wins', 'deal'), ('by deals won', 'handled', 'earlier');
insert into dist.transfer (name, object, to_distribution_rule, ranking)
values ('earlier', 'earlier', 'evenly', 'r.first_contact_date'), ('later', 'later', 'by deals won', 'r.first_contact_date');
select test.same('2 002 leads until 2017, dealt evenly', (assigned, unassigned), (2002::bigint, 0::bigint)) from dist.execute('earlier');

create temporary table closer as
select m.rep, (select count(*) from funnel.deal d where d.sr_id = m.rep) as won, (select count(*) from funnel.earlier e where e.owner = m.rep) as had
  from dist.team_member m where m.team = 'closers';
select test.same('had, and won', array_agg(format('%s %s', had, won) order by won), array['401 63', '400 64', '400 74', '400 82', '401 133']) from closer;
create temporary table weighed as
select rep, round((round(200 * sum(won) over () / sum(had) over (), 6) + won) / (200 + had), 6) as weight from closer;
select test.holds('the weights are those of the view', not exists (
           select from weighed w full join (select * from dist.performance where distribution_rule = 'by deals won') p using (rep)
            where w.weight is distinct from p.weight));
create temporary table done as select * from dist.execute('later');
select test.same('all of 2018 are placed', (assigned, unassigned), (5998::bigint, 0::bigint)) from done;
select test.holds('at every prefix nobody is a whole lead off the exact share (X3)', bool_and(abs(x * total - n * weight) < total))
  from (select w.weight, sum(w.weight) over (partition by a.seq) as total, a.seq as n,
               count(*) filter (where a.new_owner = w.rep) over (partition by w.rep order by a.seq) as x
          from dist.assignment a join done d on d.id = a.run_id cross join weighed w) p;
select test.same('a replay agrees', bool_and(r.agrees), true) from done d, dist.replay(d.id) r;
