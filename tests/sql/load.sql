-- Load, value and performance (L4): who holds least is served first, counted over any table; whoever holds nothing counts
-- as zero; what is closed does not count. Whatever is decided, the preview had said it, row for row (X4).
create schema load;
grant usage on schema load to public;
create table load.lead (id integer primary key, score integer, amount numeric, open boolean not null default true, owner text);
create table load.deal (id integer primary key, stage text not null, worth numeric, seller text);
create sequence load.looks;
grant select, update, insert, delete on load.lead, load.deal to test_manager;
grant all on sequence load.looks to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'load.lead', 'id', 'owner'), ('deal', 'load.deal', 'id', 'seller');

\c - test_manager
insert into dist.rep (rep) values ('ann'), ('ben'), ('cem'), ('dee');
insert into dist.team (team) values ('field');
insert into dist.team_member (team, rep, position) values ('field', 'ann', 1), ('field', 'ben', 2), ('field', 'cem', 3);
insert into dist.distribution_rule (name, strategy, team) values ('least', 'load', 'field');
insert into dist.transfer (name, object, to_distribution_rule) values ('level leads', 'lead', 'least');
create view pg_temp.holds as
    select r.rep, count(l.id) as leads, count(l.id) filter (where l.open) as open, coalesce(sum(l.amount), 0) as amount
      from dist.rep r left join load.lead l on l.owner = r.rep group by r.rep order by r.rep;

-- Without a row of dist.measure: the records of the transfer's object that each owns. Ann has 5, Ben 2, Cem none: Cem is
-- served until he has as many as Ben, then both in turn until they have as many as Ann, then all.
insert into load.lead (id, owner) select n, case when n <= 5 then 'ann' else 'ben' end from generate_series(1, 7) n;
insert into load.lead (id) select n from generate_series(101, 106) n;
select assigned, unassigned from test.run_as_previewed('level leads');
select rep, leads from pg_temp.holds where leads > 0;
select record_key, new_owner, reason from dist.assignment where run_id = (select max(id) from dist.run) order by seq;
insert into load.lead (id) select n from generate_series(111, 115) n;
select assigned from test.run_as_previewed('level leads');
select rep, leads from pg_temp.holds where leads > 0;

-- Weights divide the load: who weighs twice as much carries twice as much.
update load.lead set owner = null;
update dist.team_member set weight = 2 where rep = 'ben';
select assigned from test.run_as_previewed('level leads');
select rep, leads from pg_temp.holds where leads > 0;
-- The exchange condition, for real: nobody who received stands higher than another would with one more.
create function pg_temp.exchanges(measured text) returns bigint language sql as $$
    with held as (
        select m.rep, m.weight,
               case measured when 'leads' then (select count(*) from load.lead l where l.owner = m.rep)
                             else (select count(*) from load.lead l where l.owner = m.rep and l.open)
                                  + (select count(*) from load.deal d where d.seller = m.rep and d.stage = 'open') end as held,
               (select count(*) from dist.assignment a where a.run_id = (select max(id) from dist.run) and a.new_owner = m.rep) as got
          from dist.team_member m where m.team = 'field')
    select count(*) from held i, held j where i.got > 0 and i.held * j.weight > (j.held + 1) * i.weight
$$;
select pg_temp.exchanges('leads') as violations;
update dist.team_member set weight = 1.5 where rep = 'cem';
insert into load.lead (id) select n from generate_series(121, 137) n;
select assigned from test.run_as_previewed('level leads');
select rep, leads from pg_temp.holds where leads > 0;
select pg_temp.exchanges('leads') as violations;

-- Both leads held and open opportunities (L4); what is closed does not count, whatever else is in the table.
update dist.team_member set weight = 1;
insert into dist.measure (distribution_rule, measure, position, object, criteria, predicate) values
    ('least', 'load', 1, 'lead', '{"field": "open", "op": "=", "value": true}', null),
    ('least', 'load', 2, 'deal', null, $$r.stage = 'open'$$);
update load.lead set owner = null, open = true;
update load.lead set owner = 'ann', open = false where id < 100;
update load.lead set owner = 'dee' where id > 110;
insert into load.deal (id, stage, worth, seller)
select n, case when n % 3 = 0 then 'open' else 'won' end, n, case when n <= 9 then 'ben' else 'cem' end from generate_series(1, 12) n;
select assigned from test.run_as_previewed('level leads');
-- Ann's seven are closed; Ben has three open deals, Cem one.
select rep, leads, open from pg_temp.holds;
select pg_temp.exchanges('both') as violations;
-- Explain says what each holds.
insert into load.lead (id) values (141);
select item, outcome, detail from dist.explain('lead', '141', 'level leads') where stage = 'rep';

-- A load can be a sum: open deals by their worth; null is nothing.
delete from dist.measure where position = 1;
update dist.measure set value = 'r.worth * 1.5';
update load.deal set worth = null where id = 12;
select assigned from test.run_as_previewed('level leads');
select new_owner from dist.assignment where run_id = (select max(id) from dist.run);
select item, detail from dist.explain('lead', '101', 'level leads') where stage = 'rep' order by item;
update load.deal set worth = -4 where id = 9;
update load.deal set worth = 0 where id in (3, 6);
insert into load.lead (id) values (142);
select test.refused($$select dist.execute('level leads')$$);
update load.deal set worth = 'NaN' where id = 9;
select test.refused($$select dist.execute('level leads')$$);
update load.deal set worth = 0 where id = 9;

-- What is held is counted once for a run, not for each record that is given: of three deals, three looks, whatever the
-- number of leads. (A sequence goes on counting whatever becomes of the run.)
delete from dist.measure;
insert into dist.measure (distribution_rule, measure, object, predicate)
values ('least', 'load', 'deal', $$r.id <= 3 and pg_catalog.nextval('load.looks') > 0$$);
update load.lead set owner = null;
select assigned from dist.execute('level leads');
select last_value from load.looks;

-- One rep in two pools has one load; and many in a rule without a team: every active rep.
insert into dist.distribution_rule (name, strategy) values ('everybody', 'load');
insert into dist.ruleset (name, object) values ('halves', 'lead');
insert into dist.assignment_rule (ruleset, position, predicate, to_distribution_rule) values
    ('halves', 1, 'r.id % 2 = 0', 'everybody'), ('halves', 2, null, 'least');
insert into dist.transfer (name, object, to_ruleset) values ('level halves', 'lead', 'halves');
delete from dist.measure;
update load.lead set owner = null;
select candidates, assigned from test.run_as_previewed('level halves');
select rep, leads from pg_temp.holds;

-- By value: the largest first, each to whoever holds least of it for his weight.
insert into dist.distribution_rule (name, strategy, team) values ('by worth', 'value', 'field');
insert into dist.transfer (name, object, to_distribution_rule, ranking) values ('level worth', 'lead', 'by worth', 'r.score');
select test.refused($$select dist.execute('level worth')$$);
insert into dist.measure (distribution_rule, measure, object, criteria, value)
values ('by worth', 'value', 'lead', '{"field": "open", "op": "=", "value": true}', 'r.amount');
delete from load.lead;
insert into load.lead (id, amount, open, owner) values (1, 10.5, true, 'ann'), (2, 1000, false, 'ben');
insert into load.lead (id, amount) values (11, 8.25), (12, 8.5), (13, 2), (14, 4.75), (15, null), (16, 0.000001);
select assigned from test.run_as_previewed('level worth');
select record_key, new_owner from dist.assignment where run_id = (select max(id) from dist.run) order by record_key;
select rep, amount from pg_temp.holds where amount > 0;
insert into load.lead (id, amount) values (21, 5), (22, -0.01);
select test.refused($$select dist.execute('level worth')$$);
update load.lead set amount = 1e13 where id = 22;
select test.refused($$select dist.preview('level worth')$$);
update load.lead set amount = 'NaN' where id = 22;
select test.refused($$select dist.execute('level worth')$$);
-- What goes elsewhere needs no value.
insert into dist.ruleset (name, object, default_to_distribution_rule) values ('worthy', 'lead', 'by worth');
insert into dist.assignment_rule (ruleset, position, predicate, to_rep) values ('worthy', 1, 'r.id = 22', 'dee');
update dist.transfer set to_distribution_rule = null, to_ruleset = 'worthy' where name = 'level worth';
select assigned from test.run_as_previewed('level worth');
select record_key, new_owner, reason from dist.assignment where run_id = (select max(id) from dist.run) order by record_key;

-- By performance: rates shrunk towards the team's mean, then exactly as weighted.
insert into dist.distribution_rule (name, strategy, team, prior, floor) values ('who wins', 'performance', 'field', 4, 0.1);
insert into dist.transfer (name, object, to_distribution_rule) values ('to winners', 'lead', 'who wins');
delete from load.lead;
insert into load.lead (id) select n from generate_series(1, 40) n;
select test.refused($$select dist.execute('to winners')$$);
insert into dist.measure (distribution_rule, measure, object, criteria) values
    ('who wins', 'wins', 'deal', '{"field": "stage", "op": "=", "value": "won"}');
select test.refused($$select dist.execute('to winners')$$);
insert into dist.measure (distribution_rule, measure, object, criteria) values
    ('who wins', 'handled', 'deal', '{"field": "stage", "op": "<>", "value": "open"}');
update load.deal set stage = 'won', seller = 'ben' where id <= 4;
update load.deal set stage = 'lost', seller = 'ben' where id between 5 and 6;
update load.deal set stage = 'lost', seller = 'ann' where id between 7 and 9;
update load.deal set stage = 'open', seller = 'ann' where id between 10 and 12;
-- The mean is 4 of 9; Ann won 0 of 3, Ben 4 of 6, Cem has handled nothing.
select distribution_rule, rep, active, wins, handled, rate, weight from dist.performance order by rep;
select bool_and(weight = round((round(4 * 4/9.0, 6) + wins) / (4 + handled), 6)) as as_stated from dist.performance;
select assigned from test.run_as_previewed('to winners');
select p.rep, count(l.id) as got, abs(count(l.id) - 40 * p.weight / sum(p.weight) over ()) < 1 as exact
  from dist.performance p left join load.lead l on l.owner = p.rep group by p.rep, p.weight order by p.rep;
-- Who is inactive has no say in the mean; by worth instead of by number; floor and ceiling.
update dist.rep set active = false where rep = 'ann';
update dist.measure set value = 'r.worth' where measure in ('wins', 'handled');
select rep, active, wins, handled, rate, weight from dist.performance order by rep;
update dist.distribution_rule set floor = 0.6, ceiling = 0.7 where name = 'who wins';
select rep, active, weight from dist.performance order by rep;

-- Who may not read the table, or does not trust the text, sees that and not the numbers (and the text is not run).
\c - test_reader
select rep, wins, handled, weight, note from dist.performance order by rep limit 1;
\c - postgres
select rep, wins, note from dist.performance order by rep limit 1;
-- A measure that has gone bad is told of; the other rule does not suffer.
insert into dist.distribution_rule (name, strategy, team) values ('also', 'performance', 'field');
insert into dist.measure (distribution_rule, measure, object) values ('also', 'wins', 'lead'), ('also', 'handled', 'lead');
alter table load.deal rename stage to phase;
\c - test_manager
select distribution_rule, rep, wins, note from dist.performance order by 1, 2;
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema load cascade;
