-- Restricted eligibility by a column whose collation holds different texts for the same (X12): found as when each row is tested
-- by itself. Such collations take ICU, without which some servers are built: their output is in eligibility_folds_1.out. (A collation or two are
-- in the catalogue even there.)
select count(*) > 10 as icu from pg_collation where collprovider = 'i' \gset
\if :icu
create schema folds;
grant usage on schema folds to public;
create collation folds.nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create table folds.town (id integer primary key, name text collate folds.nocase, owner text);
insert into folds.town select n, case when n % 2 = 0 then 'Town ' else 'TOWN ' end || n % 11, null from generate_series(1, 300) n;
grant select, update on folds.town to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('folded', 'folds.town', 'id', 'owner');
\c - test_manager
insert into dist.rep (rep) select 'f' || n from generate_series(0, 13) n;
insert into dist.team (team) values ('folds');
insert into dist.team_member (team, rep) select 'folds', 'f' || n from generate_series(0, 13) n;
insert into dist.distribution_rule (name, strategy, team) values ('folds', 'round_robin', 'folds');
insert into dist.transfer (name, object, to_distribution_rule) values ('folded', 'folded', 'folds');
insert into dist.eligibility (name, object, rep, criteria)
select 'folded ' || n, 'folded', 'f' || n, jsonb_build_object('field', 'name', 'op', '=', 'value', case when n > 10 then 'TOWN ' else 'town ' end || n % 11) from generate_series(0, 13) n;
select (dist.execute('folded')).id as run \gset
select count(*) as moved, count(*) filter (where lower(t.name) <> 'town ' || o.n % 11) as not_eligible
  from dist.assignment a join folds.town t on t.id::text = a.record_key, lateral (select substr(a.new_owner, 2)::integer) o(n) where a.run_id = :run;
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema folds cascade;
\else
\echo this server has no ICU
\endif
