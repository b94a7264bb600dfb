-- A rep's new name: what he held and received under the old one is still his, for cool-down, sticky, caps, turns that an undo gives
-- back and fairness, while the audit keeps the name of that time (X11, X12, G18); another who takes the old name has nothing of it.
\pset format unaligned
\pset tuples_only on
create schema ren;
grant usage on schema ren to public;
create table ren.deal (id integer primary key, owner text);
insert into ren.deal select n from generate_series(1, 6) n;
grant all on ren.deal to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('ren deal', 'ren.deal', 'id', 'owner');
\c - test_manager
\pset format unaligned
\pset tuples_only on
insert into dist.rep (rep) values ('ren ann'), ('ren ben');
insert into dist.team (team) values ('ren');
insert into dist.team_member (team, rep, position) values ('ren', 'ren ann', 1), ('ren', 'ren ben', 2);
insert into dist.distribution_rule (name, strategy, team, cool_down, cool_down_holders) values
    ('ren turns', 'round_robin', 'ren', null, null), ('ren cool', 'round_robin', 'ren', '1 month', null), ('ren last', 'round_robin', 'ren', null, 1), ('ren sticky', 'sticky', 'ren', null, null);
insert into dist.transfer (name, kind, object, to_distribution_rule) values
    ('ren give', 'distribution', 'ren deal', 'ren turns'), ('ren cool', 'distribution', 'ren deal', 'ren cool'),
    ('ren last', 'distribution', 'ren deal', 'ren last'), ('ren sticky', 'distribution', 'ren deal', 'ren sticky'), ('ren take', 'retrieval', 'ren deal', null);
create function pg_temp.to(transfer text) returns text language sql as $$
    select string_agg(substr(coalesce(new_owner, reason), 5), ' ' order by record_key::integer) from dist.preview(transfer, '2031-01-11 06:00+00') $$;
select (dist.execute('ren give', '2031-01-10 06:00+00')).id as given \gset
select assigned from dist.execute('ren take', '2031-01-10 07:00+00');
insert into dist.cap (name, rep, per, most) values ('ren cap', 'ren ann', 'day', 5);
select rep, used from dist.cap_use where cap = 'ren cap';
select pg_temp.to('ren cool'), pg_temp.to('ren last'), pg_temp.to('ren sticky');
select rep, received from dist.fairness_between('-infinity', 'infinity') where distribution_rule = 'ren turns';

update dist.rep set rep = 'ren anna' where rep = 'ren ann';
select pg_temp.to('ren cool'), pg_temp.to('ren last'), pg_temp.to('ren sticky');
select item, outcome, detail from dist.explain('ren deal', '1', 'ren cool', as_of => '2031-01-11 06:00+00') where stage = 'rep';
-- Counted anew, by the audit.
update dist.cap set most = 6, per = 'week' where name = 'ren cap';
select rep, used from dist.cap_use where cap = 'ren cap';
select rep, received, deficit_until from dist.fairness_between('-infinity', 'infinity') where distribution_rule = 'ren turns';
-- And again.
update dist.rep set rep = 'ren annabel' where rep = 'ren anna';
select pg_temp.to('ren cool'), pg_temp.to('ren sticky');
-- Somebody new under the first name has held nothing; renamed as well, he is still another.
insert into dist.rep (rep) values ('ren ann');
insert into dist.team_member (team, rep, position) values ('ren', 'ren ann', 3);
select pg_temp.to('ren cool'), pg_temp.to('ren sticky');
insert into dist.cap (name, rep, per, most) values ('ren new', 'ren ann', 'week', 6);
select coalesce(sum(used), 0) from dist.cap_use where cap = 'ren new';
update dist.transfer set row_limit = 1, predicate = 'r.id = 6' where name = 'ren give';
insert into dist.transfer (name, object, predicate, to_rep) values ('ren six', 'ren deal', 'r.id = 6', 'ren ann');
select assigned from dist.execute('ren six', '2031-01-10 08:00+00');
select assigned from dist.execute('ren take', '2031-01-10 09:00+00');
update dist.rep set rep = 'ren anton' where rep = 'ren ann';
update dist.rep set rep = 'ren ann' where rep = 'ren annabel';
select pg_temp.to('ren cool'), pg_temp.to('ren sticky');
update dist.cap set most = 7, per = 'day' where name in ('ren cap', 'ren new');
select cap, rep, used from dist.cap_use where cap like 'ren %' order by 1;
-- The audit has the names of that time; who was called what is a table.
select new_owner, count(*) from dist.assignment where object = 'ren deal' and new_owner is not null group by 1 order by 1;
select name, rep, until_run is null as until_now from dist.rep_name where rep like 'ren %' order by id;
-- An undo gives turns and counts back to whom they are owed, whatever he is called by now.
update dist.transfer set row_limit = null, predicate = null where name = 'ren give';
select assigned from dist.execute('ren give', '2031-01-10 10:00+00');
select (select deficits from dist.pool where distribution_rule = 'ren turns') as before \gset
select (dist.execute('ren take', '2031-01-10 10:30+00')).assigned;
select (dist.execute('ren give', '2031-01-10 11:00+00')).id as given \gset
update dist.rep set rep = 'ren bea' where rep = 'ren ben';
select rep, used from dist.cap_use where cap = 'ren cap';
select assigned, reasons from dist.undo(:given);
select rep, used from dist.cap_use where cap = 'ren cap';
select (deficits - 'ren bea') || jsonb_build_object('ren ben', deficits -> 'ren bea') = :'before'::jsonb as as_before from dist.pool where distribution_rule = 'ren turns';
-- What somebody held who is gone is not his who takes the name for a while.
insert into dist.rep (rep) values ('ren gone');
insert into dist.transfer (name, object, predicate, to_rep) values ('ren five', 'ren deal', 'r.id = 5', 'ren gone');
select (dist.execute('ren take', '2031-01-10 12:00+00')).status, (dist.execute('ren five', '2031-01-10 12:00+00')).assigned, (dist.execute('ren take', '2031-01-10 12:30+00')).assigned;
delete from dist.transfer where name = 'ren five';
delete from dist.rep where rep = 'ren gone';
update dist.rep set rep = 'ren gone' where rep = 'ren anton';
update dist.rep set rep = 'ren anton' where rep = 'ren gone';
select pg_temp.to('ren last'), pg_temp.to('ren sticky');
-- Somebody who goes takes his former names along.
delete from dist.cap where name like 'ren %';
delete from dist.transfer where name = 'ren six';
delete from dist.team_member where rep = 'ren anton';
delete from dist.rep where rep = 'ren anton';
select name, rep from dist.rep_name where rep like 'ren %' order by id;
select test.refused($$insert into dist.rep_name (name, rep, given_up) values ('ren ann', 'ren bea', 1)$$);
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema ren cascade;
