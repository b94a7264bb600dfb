-- dist.fairness_between: what each received in a time and was entitled to; dist.ownership: who owned what when (X3, X7).
\pset tuples_only on
\pset format unaligned
create schema past;
create table past.lead (id integer primary key, owner text);
insert into past.lead select n from generate_series(1, 9) n;
insert into dist.object (name, relation, key_column, owner_column) values ('past lead', 'past.lead', 'id', 'owner');
insert into dist.rep (rep) values ('ada'), ('bob'), ('cyd');
insert into dist.team (team) values ('all');
insert into dist.team_member (team, rep, weight) values ('all', 'ada', 1), ('all', 'bob', 2), ('all', 'cyd', 1);
insert into dist.distribution_rule (name, strategy, team) values ('past weights', 'weighted', 'all');
insert into dist.transfer (name, object, to_distribution_rule, row_limit) values ('past some', 'past lead', 'past weights', 3);
insert into dist.transfer (name, kind, object, predicate) values ('past back', 'retrieval', 'past lead', 'r.id = 2');

select assigned from dist.execute('past some', '2031-01-01 00:00+00');
create table past.mark as select clock_timestamp() as at;
select assigned from dist.execute('past some', '2031-01-02 00:00+00');
select assigned from dist.execute('past some', '2031-01-03 00:00+00');
-- 9 turns by weights 1, 2, 1; in the second period 6 of them: entitled to 1.5, 3, 1.5.
select rep, received, entitled, deficit_since, deficit_until from dist.fairness_between('-infinity', 'infinity') where distribution_rule = 'past weights';
select rep, received, entitled, deficit_since, deficit_until from dist.fairness_between((select at from past.mark), 'infinity') where distribution_rule = 'past weights';
-- What is received is what the audit says, and what all are entitled to is what all received.
select sum(received) = sum(entitled) and sum(received) = 6 from dist.fairness_between((select at from past.mark), 'infinity') where distribution_rule = 'past weights';
-- By segment: nobody is limited, so there is but one, of all.
select segment, rep, received, entitled from dist.fairness_by_segment((select at from past.mark), 'infinity') where distribution_rule = 'past weights';
-- Undone, it does not count.
select assigned from dist.undo((select max(id) from dist.run));
select rep, received, entitled, deficit_until from dist.fairness_between((select at from past.mark), 'infinity') where distribution_rule = 'past weights';
select * from dist.fairness_between('2031-01-02', '2031-01-01');
select sum(received) from dist.fairness_by_segment('-infinity', 'infinity') where distribution_rule = 'past weights';
select * from dist.fairness_between(null, '2031-01-01');
select * from dist.fairness_by_segment('2031-01-02', '2031-01-01');

-- A share is told where one is entitled to one, and not where it follows from what is held.
insert into dist.distribution_rule (name, strategy, team) values ('past load', 'load', 'all'), ('past turns', 'round_robin', 'all');
select distribution_rule, rep, share from dist.fairness where distribution_rule like 'past %' order by 1, 2;
-- Record 2: bob's, taken back, given to ada by somebody else, then by pg_dist again to nobody.
select assigned from dist.execute('past back', '2031-02-01 00:00+00');
update past.lead set owner = 'ada' where id = 2;
select assigned from dist.execute('past back', '2031-03-01 00:00+00');
set timezone = 'UTC';
select owner, case when not lower_inf(during) then during end, changed_outside from dist.ownership where object = 'past lead' and record_key = '2' order by during;
-- On any date at most one owner.
select count(*) from dist.ownership a join dist.ownership b on a.object = b.object and a.record_key = b.record_key
  and a.during && b.during and (a.during, a.run_id) is distinct from (b.during, b.run_id)
 where a.object = 'past lead' and a.record_key = '2';
select owner from dist.ownership where object = 'past lead' and record_key = '2' and during @> timestamptz '2031-01-15 00:00+00';
reset timezone;
select test.forget_intent();
set client_min_messages = warning;
drop schema past cascade;
