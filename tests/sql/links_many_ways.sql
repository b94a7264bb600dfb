-- Rulesets that can be reached along very many ways (a lattice: 2 to the power of 40 here) are linked as fast as any
-- others, and a circle through them is still found and named.
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create schema sec;
create table sec.lead (id integer primary key, owner text);
insert into dist.object (name, relation, key_column, owner_column) values ('sec lead', 'sec.lead', 'id', 'owner');
create role sec_manager login in role dist_manager;
grant usage on schema sec to sec_manager;
grant select on sec.lead to sec_manager;
\c - sec_manager
set statement_timeout = '30s';
insert into dist.ruleset (name, object) select 'sec ' || to_char(n, 'FM00'), 'sec lead' from generate_series(0, 40) n;
-- From the end, so that each new link leads to all the ways there are below it.
insert into dist.assignment_rule (ruleset, position, to_ruleset)
select 'sec ' || to_char(n, 'FM00'), p, 'sec ' || to_char(n + 1, 'FM00')
  from generate_series(39, 0, -1) n, generate_series(1, 2) p;
select count(*) from dist.assignment_rule where ruleset like 'sec __';
insert into dist.assignment_rule (ruleset, position, to_ruleset) values ('sec 40', 1, 'sec 37');
insert into dist.assignment_rule (ruleset, position, to_ruleset) values ('sec 40', 1, 'sec 40');
update dist.assignment_rule set to_ruleset = 'sec 38' where ruleset = 'sec 39' and position = 2;
update dist.assignment_rule set to_ruleset = 'sec 40' where ruleset = 'sec 00' and position = 2;

\c - postgres
set client_min_messages = warning;
delete from dist.assignment_rule where ruleset like 'sec __';
delete from dist.ruleset where name like 'sec __';
delete from dist.object where name = 'sec lead';
drop schema sec cascade;
drop role sec_manager;
