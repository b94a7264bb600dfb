-- Bad rows of object, rep, team, team_member, distribution_rule, ruleset, assignment_rule, policy: each is refused when
-- it is written, with its SQLSTATE, the table, the row and the value, and a HINT.
\pset tuples_only on
\pset format unaligned
truncate test.refusal;
create schema bad;
grant usage on schema bad to public;
create table bad.lead (
    id bigint generated always as identity primary key, company text not null, employees integer, country varchar(2),
    created_at timestamptz, attributes jsonb, owner bigint, half integer generated always as (employees / 2) stored);
create table bad.deal (id uuid primary key, stage text, price numeric, owner text);
create view bad.big_lead as select * from bad.lead where employees > 500;
create sequence bad.number;
grant all on all tables in schema bad to test_manager, test_admin;
\c - test_admin
insert into dist.object (name, relation, key_column, owner_column)
values ('lead', 'bad.lead', 'id', 'owner'), ('deal', 'bad.deal', 'id', 'owner');
insert into dist.rep (rep, name) values ('11', 'Ada Sample'), ('12', 'Bob Sample'), ('carol', 'Carol Sample');
insert into dist.team (team) values ('north'), ('mixed');
insert into dist.team_member (team, rep) values ('north', '11'), ('north', '12'), ('mixed', '11'), ('mixed', 'carol');
insert into dist.distribution_rule (name, strategy, team) values ('north turns', 'round_robin', 'north'), ('mixed turns', 'weighted', 'mixed');
insert into dist.distribution_rule (name, strategy, rep) values ('only carol', 'rep', 'carol');
insert into dist.ruleset (name, object) values ('inner', 'lead'), ('middle', 'lead'), ('outer', 'lead'), ('deals', 'deal');
insert into dist.assignment_rule (ruleset, position, criteria, to_ruleset)
values ('outer', 1, '{"field": "employees", "op": ">=", "value": 5}', 'middle'), ('middle', 1, null, 'inner');
insert into dist.transfer (name, object, to_ruleset) values ('route leads', 'lead', 'outer');

-- Objects (X1).
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values ('leed', 'bad.leed', 'id', 'owner')$$);
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values ('leed', 0, 'id', 'owner')$$);
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values ('view', 'bad.big_lead', 'id', 'owner')$$);
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values ('index', 'bad.lead_pkey', 'id', 'owner')$$);
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values ('sequence', 'bad.number', 'last_value', 'is_called')$$);
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values ('o', 'bad.lead', 'di', 'owner')$$);
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values ('o', 'bad.lead', 'ID', 'owner')$$);
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values ('o', 'bad.lead', 'id', 'responsible')$$);
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values ('o', 'bad.lead', 'created_at', 'owner')$$);
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values ('o', 'bad.lead', 'id', 'attributes')$$);
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values ('o', 'bad.deal', 'price', 'owner')$$);
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values ('o', 'bad.lead', 'owner', 'owner')$$);
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values ('o', 'bad.lead', 'id', 'half')$$);
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values ('o', 'bad.deal', 'stage', 'id'), ('o', 'bad.lead', 'id', 'ctid')$$);
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values (' ', 'bad.lead', 'id', 'owner')$$);
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values (null, 'bad.lead', 'id', 'owner')$$);
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values ('it''s', 'bad.lead', 'idd', 'owner')$$);
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'bad.deal', 'id', 'owner')$$);
select test.refused($$insert into dist.object (name, relation, key_column) values ('o', 'bad.lead', 'id')$$);
select test.refused($$insert into dist.object (name, key_column, owner_column) values ('o', 'id', 'owner')$$);
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values ('run', 'dist.run', 'id', 'schedule')$$);
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values ('catalogue', 'pg_catalog.pg_class', 'relname', 'relowner')$$);
select test.refused($$create temp table mine (id bigint primary key, owner bigint);
                      insert into dist.object (name, relation, key_column, owner_column) values ('mine', 'mine', 'id', 'owner')$$);
select test.refused($$update dist.object set key_column = 'company_id' where name = 'lead'$$);
-- What uses the object was checked against the table it had.
select test.refused($$update dist.object set relation = 'bad.deal' where name = 'lead'$$);
select test.refused($$delete from dist.object where name = 'lead'$$);

-- Reps, teams, members (L4, G17).
select test.refused($$insert into dist.rep (rep) values ('')$$);
select test.refused($$insert into dist.rep (rep) values (null)$$);
select test.refused($$insert into dist.rep (rep, time_zone) values ('13', 'Europe/Berlim')$$);
select test.refused($$insert into dist.rep (rep, time_zone) values ('13', 'Mars')$$);
select test.refused($$insert into dist.rep (rep, time_zone) values ('13', '')$$);
select test.refused($$insert into dist.rep (rep, time_zone) values ('13', null)$$);
select test.refused($$insert into dist.rep (rep, active) values ('13', null)$$);
select test.refused($$insert into dist.rep (rep) values ('11')$$);
select test.refused($$delete from dist.rep where rep = 'carol'$$);
select test.refused($$insert into dist.team (team) values (null)$$);
select test.refused($$insert into dist.team (team) values (' ')$$);
select test.refused($$insert into dist.team (team) values ('north')$$);
select test.refused($$delete from dist.team where team = 'north'$$);
select test.refused($$insert into dist.team_member (team, rep) values ('nort', '11')$$);
select test.refused($$insert into dist.team_member (team, rep) values ('north', 'karol')$$);
select test.refused($$insert into dist.team_member (team, rep) values ('north', 'a completely different name')$$);
select test.refused($$insert into dist.team_member (team, rep) values ('north', '11')$$);
select test.refused($$insert into dist.team_member (team, rep) values ('north', null)$$);
select test.refused($$update dist.team_member set weight = -1 where team = 'north' and rep = '11'$$);
select test.refused($$update dist.team_member set weight = 0 where team = 'north' and rep = '11'$$);
select test.refused($$update dist.team_member set weight = 'NaN' where team = 'north' and rep = '11'$$);
select test.refused($$update dist.team_member set weight = 'Infinity' where team = 'north' and rep = '11'$$);
select test.refused($$update dist.team_member set weight = 1000000001 where team = 'north' and rep = '11'$$);
select test.refused($$update dist.team_member set weight = 0.1234567 where team = 'north' and rep = '11'$$);
select test.refused($$update dist.team_member set weight = null where team = 'north' and rep = '11'$$);

-- Distribution rules (L4).
select test.refused($$insert into dist.distribution_rule (name, strategy, team) values ('d', 'round-robin', 'north')$$);
select test.refused($$insert into dist.distribution_rule (name, strategy, team) values ('d', 'perfomance', 'north')$$);
select test.refused($$insert into dist.distribution_rule (name, strategy, team) values ('d', null, 'north')$$);
select test.refused($$insert into dist.distribution_rule (name, strategy) values ('d', 'rep')$$);
select test.refused($$insert into dist.distribution_rule (name, strategy, team, rep) values ('d', 'weighted', 'north', '11')$$);
select test.refused($$insert into dist.distribution_rule (name, strategy, team) values ('d', 'rep', 'north')$$);
select test.refused($$insert into dist.distribution_rule (name, strategy, team) values ('d', 'weighted', 'noth')$$);
select test.refused($$insert into dist.distribution_rule (name, strategy, rep) values ('d', 'rep', 'caro')$$);
select test.refused($$insert into dist.distribution_rule (name, strategy, rep) values ('', 'rep', 'carol')$$);
select test.refused($$insert into dist.distribution_rule (name, strategy, rep) values ('only carol', 'rep', 'carol')$$);

-- Rulesets (L3, L9).
select test.refused($$insert into dist.ruleset (name, object) values ('s', 'laed')$$);
select test.refused($$insert into dist.ruleset (name, object) values ('s', null)$$);
select test.refused($$insert into dist.ruleset (name, object) values ('', 'lead')$$);
select test.refused($$insert into dist.ruleset (name, object) values ('inner', 'lead')$$);
select test.refused($$insert into dist.ruleset (name, object, default_to_rep) values ('s', 'lead', '111')$$);
select test.refused($$insert into dist.ruleset (name, object, default_to_rep) values ('s', 'lead', 'carol')$$);
select test.refused($$insert into dist.ruleset (name, object, default_to_distribution_rule) values ('s', 'lead', 'north turn')$$);
select test.refused($$insert into dist.ruleset (name, object, default_to_distribution_rule) values ('s', 'lead', 'mixed turns')$$);
select test.refused($$insert into dist.ruleset (name, object, default_to_rep, default_to_distribution_rule) values ('s', 'lead', '11', 'north turns')$$);
select test.refused($$update dist.ruleset set object = 'deal' where name = 'inner'$$);
select test.refused($$delete from dist.ruleset where name = 'inner'$$);

-- Assignment rules: destinations and circles (L3, L7, L9).
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_rep) values ('iner', 1, '11')$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_rep) values ('inner', null, '11')$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position) values ('inner', 1)$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_rep, to_distribution_rule) values ('inner', 1, '11', 'north turns')$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_rep, to_distribution_rule, to_ruleset) values ('inner', 1, '11', 'north turns', 'outer')$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_rep) values ('inner', 1, '1l')$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_rep) values ('inner', 1, 'carol')$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_distribution_rule) values ('inner', 1, 'north turnz')$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_distribution_rule) values ('inner', 1, 'only carol')$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_ruleset) values ('inner', 1, 'mdidle')$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_ruleset) values ('inner', 1, 'inner')$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_ruleset) values ('inner', 1, 'outer')$$);
select test.refused($$update dist.assignment_rule set to_ruleset = 'outer' where ruleset = 'middle'$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_ruleset) values ('inner', 1, 'deals')$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_rep, on_owned) values ('inner', 1, '11', 'reasign')$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_rep) values ('outer', 1, '11')$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, name, to_rep) values ('outer', 2, 'rule 1', '11')$$);
-- A member added later must fit the owner columns its team's rules lead to, and so must a rep or team renamed.
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_distribution_rule) values ('inner', 1, 'north turns');
                      insert into dist.team_member (team, rep) values ('north', 'carol')$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_rep) values ('inner', 1, '12');
                      update dist.rep set rep = 'bob' where rep = '12'$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_distribution_rule) values ('inner', 1, 'north turns');
                      update dist.distribution_rule set team = 'mixed' where name = 'north turns'$$);

-- A rep is written as the owner column writes it: 011 would be 11 in the table and never be found to be the same.
insert into dist.rep (rep) values ('011');
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_rep) values ('inner', 1, '011')$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_rep) values ('inner', 1, '11');
                      update dist.object set owner_column = 'employees', key_column = 'company' where name = 'lead';
                      update dist.rep set rep = '99999999999' where rep = '11'$$);

-- Policies (Z9).
select test.refused($$insert into dist.policy values ('unassigned_row', 5)$$);
select test.refused($$insert into dist.policy values ('unassigned_rows', -1)$$);
select test.refused($$insert into dist.policy values ('run_timeout', -300)$$);
select test.refused($$insert into dist.policy values (null, 1)$$);
select test.refused($$insert into dist.policy values ('misfire_grace', 10), ('misfire_grace', 20)$$);
select test.refused($$insert into dist.policy values ('misfire_grace', 10); update dist.policy set name = 'misfire_grce'$$);

-- All are refused, and what pg_dist itself refuses has a HINT. (The one without is regclass's own input.)
select count(*) as cases, count(*) filter (where message = 'ACCEPTED') as accepted from test.refusal;
select message from test.refusal where own and hint = '';
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema bad cascade;
