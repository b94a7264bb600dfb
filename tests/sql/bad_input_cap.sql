-- Bad rows of cap: each is refused when it is written, with its SQLSTATE, the table, the row and the value, and a HINT (X9).
\pset tuples_only on
\pset format unaligned
truncate test.refusal;
create schema bad_cap;
grant usage on schema bad_cap to public;
create table bad_cap.lead (id bigint primary key, stage text, price numeric, created_at timestamptz, owner text);
grant all on bad_cap.lead to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'bad_cap.lead', 'id', 'owner');
\c - test_manager
insert into dist.rep (rep) values ('ada'), ('bob');
insert into dist.team (team) values ('north');
insert into dist.team_member (team, rep) values ('north', 'ada');
insert into dist.distribution_rule (name, strategy, team) values ('turns', 'round_robin', 'north');
insert into dist.distribution_rule (name, strategy, rep) values ('always ada', 'rep', 'ada');

-- Name, numbers, words.
select test.refused($$insert into dist.cap (name, per, most) values (' ', 'day', 10)$$);
select test.refused($$insert into dist.cap (name, per, most) values (null, 'day', 10)$$);
select test.refused($$insert into dist.cap (name, most) values ('c', 10)$$);
select test.refused($$insert into dist.cap (name, per) values ('c', 'day')$$);
select test.refused($$insert into dist.cap (name, per, most) values ('c', 'daily', 10)$$);
select test.refused($$insert into dist.cap (name, per, most) values ('c', 'Day', 10)$$);
select test.refused($$insert into dist.cap (name, per, most) values ('c', 'day', -1)$$);
select test.refused($$insert into dist.cap (name, per, most) values ('c', 'day', 9223372036854775808)$$);
select test.refused($$insert into dist.cap (name, per, most, counts) values ('c', 'day', 1, 'both')$$);
select test.refused($$insert into dist.cap (name, per, most, counts) values ('c', 'day', 1, null)$$);
select test.refused($$insert into dist.cap (name, per, most, rolling) values ('c', 'day', 1, null)$$);
select test.refused($$insert into dist.cap (name, per, most, active) values ('c', 'day', 1, null)$$);

-- Whom and what.
select test.refused($$insert into dist.cap (name, per, most, rep) values ('c', 'day', 1, 'adda')$$);
select test.refused($$insert into dist.cap (name, per, most, team) values ('c', 'day', 1, 'nord')$$);
select test.refused($$insert into dist.cap (name, per, most, distribution_rule) values ('c', 'day', 1, 'turn')$$);
select test.refused($$insert into dist.cap (name, per, most, object) values ('c', 'day', 1, 'leed')$$);
select test.refused($$insert into dist.cap (name, per, most, distribution_rule) values ('c', 'day', 1, 'always ada')$$);

-- Windows and zones.
select test.refused($$insert into dist.cap (name, per, most, time_zone) values ('c', 'day', 1, 'Europe/Berlim')$$);
select test.refused($$insert into dist.cap (name, per, most, time_zone) values ('c', 'day', 1, '')$$);
select test.refused($$insert into dist.cap (name, per, most, rolling, time_zone) values ('c', 'day', 1, true, 'Europe/Berlin')$$);
select test.refused($$insert into dist.cap (name, per, most, counts) values ('c', 'day', 1, 'together')$$);

-- Open: of an object, without a window.
select test.refused($$insert into dist.cap (name, per, most) values ('c', 'open', 1)$$);
select test.refused($$insert into dist.cap (name, per, most, object, rolling) values ('c', 'open', 1, 'lead', true)$$);
select test.refused($$insert into dist.cap (name, per, most, object, time_zone) values ('c', 'open', 1, 'lead', 'UTC')$$);
select test.refused($$insert into dist.cap (name, per, most, object, distribution_rule) values ('c', 'open', 1, 'lead', 'turns')$$);
select test.refused($$insert into dist.cap (name, per, most, object, predicate) values ('c', 'day', 1, 'lead', 'r.stage = ''new''')$$);
select test.refused($$insert into dist.cap (name, per, most, criteria) values ('c', 'day', 1, '{"field": "stage", "op": "=", "value": "new"}')$$);
select test.refused($$insert into dist.cap (name, per, most, object, criteria) values ('c', 'open', 1, 'lead', '{"field": "stag", "op": "=", "value": "new"}')$$);
select test.refused($$insert into dist.cap (name, per, most, object, criteria) values ('c', 'open', 1, 'lead', 'null')$$);
select test.refused($$insert into dist.cap (name, per, most, object, predicate) values ('c', 'open', 1, 'lead', 'r.stage')$$);
select test.refused($$insert into dist.cap (name, per, most, object, predicate) values ('c', 'open', 1, 'lead', 'r.created_at > now()')$$);
select test.refused($$insert into dist.cap (name, per, most, object, predicate) values ('c', 'open', 1, 'lead', 'true); drop table bad_cap.lead; select (true')$$);

-- What a cap names is not deleted, nor made into something that it cannot count.
insert into dist.cap (name, per, most, rep) values ('adas day', 'day', 1, 'ada');
insert into dist.cap (name, per, most, team, counts, time_zone) values ('norths day', 'day', 1, 'north', 'together', 'Europe/Berlin');
insert into dist.cap (name, per, most, distribution_rule) values ('turns of a day', 'day', 1, 'turns');
insert into dist.cap (name, per, most, object, predicate) values ('open leads', 'open', 1, 'lead', 'r.stage <> ''lost''');
select test.refused($$delete from dist.team_member where team = 'north'; delete from dist.distribution_rule where name = 'always ada'; delete from dist.rep where rep = 'ada'$$);
select test.refused($$delete from dist.distribution_rule where name = 'turns'$$);
select test.refused($$update dist.distribution_rule set strategy = 'rep', team = null, rep = 'ada' where name = 'turns'$$);
select test.refused($$insert into dist.cap (name, per, most) values ('adas day', 'day', 1)$$);
-- What was received is counted as of now, or not at all; making it passive, or raising it, counts nothing.
begin transaction isolation level repeatable read;
select test.refused($$insert into dist.cap (name, per, most) values ('late', 'day', 1)$$);
select test.refused($$insert into dist.team_member (team, rep) values ('north', 'bob')$$);
update dist.cap set active = false, most = 5 where name = 'adas day';
insert into dist.cap (name, per, most, active) values ('later', 'day', 1, false);
rollback;
-- Nobody but pg_dist writes what has been used; readers write no caps.
select test.refused($$insert into dist.cap_use values ('adas day', 'ada', now(), 0)$$);
select test.refused($$delete from dist.cap_state$$);
\c - test_reader
select test.refused($$update dist.cap set most = 100$$);
select count(*) from dist.cap_balance;
\c - test_admin
select test.refused($$delete from dist.object where name = 'lead'$$);
\c - test_manager
select written_by, count(*) from dist.cap group by 1;
\c - postgres
alter table bad_cap.lead rename column stage to phase;
-- The text of a cap does not fit any more; it can be made passive all the same.
select test.refused($$update dist.object set owner_column = 'phase' where name = 'lead'$$);
update dist.cap set active = false where name = 'open leads';
select test.refused($$update dist.cap set predicate = predicate || ' ' where name = 'open leads'$$);

-- Each was refused by pg_dist itself, with a HINT that says how to mend it.
select statement, sqlstate from test.refusal where not own or hint = '';
select test.forget_intent();
drop schema bad_cap cascade;
