-- Bad rows of measure, book_segment, book: each is refused when it is written, with its SQLSTATE, the table, the row and the
-- value, and a HINT.
\pset tuples_only on
\pset format unaligned
create schema bad;
grant usage on schema bad to public;
create table bad.lead (id integer primary key, company text, amount numeric, price double precision, cash money,
                       born date, owner text);
create table bad.deal (id integer primary key, worth bigint, seller bigint);
insert into dist.object (name, relation, key_column, owner_column)
values ('lead', 'bad.lead', 'id', 'owner'), ('deal', 'bad.deal', 'id', 'seller');
\c - test_manager
\pset tuples_only on
\pset format unaligned
insert into dist.rep (rep) values ('ann'), ('7');
insert into dist.team (team) values ('words'), ('numbers');
insert into dist.team_member (team, rep) values ('words', 'ann'), ('numbers', '7');
insert into dist.distribution_rule (name, strategy, team)
values ('least', 'load', 'words'), ('by worth', 'value', 'words'), ('winners', 'performance', 'words'), ('turns', 'round_robin', 'words'),
       ('counted', 'load', 'numbers');
insert into dist.measure (distribution_rule, measure, object, value) values ('by worth', 'value', 'lead', 'r.amount');
insert into dist.measure (distribution_rule, measure, object) values ('counted', 'load', 'deal');

-- Measures.
select test.refused($$insert into dist.measure (distribution_rule, measure, object) values ('leest', 'load', 'lead')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object) values ('least', 'lode', 'lead')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object) values ('least', 'load', 'leed')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object) values (null, 'load', 'lead')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object) values ('least', null, 'lead')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object) values ('least', 'load', null)$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object) values ('least', 'wins', 'lead')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object) values ('turns', 'load', 'lead')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object) values ('by worth', 'value', 'deal')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, position, object, value) values ('by worth', 'value', 2, 'lead', '1')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object, value) values ('by worth', 'value', 'lead', '1')$$);
-- Rep ann is no value of deal's owner column.
select test.refused($$insert into dist.measure (distribution_rule, measure, object) values ('least', 'load', 'deal')$$);
select test.refused($$insert into dist.team_member (team, rep) values ('numbers', 'ann')$$);
-- What it counts.
select test.refused($$insert into dist.measure (distribution_rule, measure, object, criteria) values ('least', 'load', 'lead', 'null')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object, criteria) values ('least', 'load', 'lead', '{"field": "stage", "op": "=", "value": 1}')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object, predicate) values ('least', 'load', 'lead', 'r.amount')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object, predicate) values ('least', 'load', 'lead', 'r.born > now()')$$);
-- What it adds up.
select test.refused($$insert into dist.measure (distribution_rule, measure, object, value) values ('least', 'load', 'lead', 'r.amonut')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object, value) values ('least', 'load', 'lead', 'r.company')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object, value) values ('least', 'load', 'lead', 'r.cash')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object, value) values ('least', 'load', 'lead', 'r.amount > 3')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object, value) values ('least', 'load', 'lead', 'r.born - dist.as_of()')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object, value) values ('least', 'load', 'lead', 'r')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object, value) values ('least', 'load', 'lead', '')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object, value) values ('least', 'load', 'lead', 'r.amount, 1')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object, value) values ('least', 'load', 'lead', 'count(*)')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object, value) values ('least', 'load', 'lead', 'row_number() over ()')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object, value) values ('least', 'load', 'lead', 'generate_series(1, 3)')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object, value) values ('least', 'load', 'lead', '1) + (2')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object, value) values ('least', 'load', 'lead', 'select 1')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object, value) values ('least', 'load', 'lead', '1; drop table bad.lead')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object, value) values ('least', 'load', 'lead', 'current_date - r.born')$$);
select test.refused($$insert into dist.measure (distribution_rule, measure, object, value) values ('least', 'load', 'lead', $v$date 'today' - r.born$v$)$$);
select test.refused($$update dist.measure set value = 'r.company' where distribution_rule = 'by worth'$$);
select test.refused($$update dist.measure set value = null where distribution_rule = 'by worth'$$);
-- What is well: numbers of every kind, subqueries, comments.
select test.refused($$insert into dist.measure (distribution_rule, measure, position, object, value) values
    ('least', 'load', 1, 'lead', 'r.price'), ('least', 'load', 2, 'lead', '5'), ('least', 'load', 3, 'lead', 'r.amount -- worth'),
    ('least', 'load', 4, 'lead', '(select sum(d.worth) from bad.deal d where d.id = r.id)'),
    ('least', 'load', 5, 'lead', 'case when r.amount > 3 then 1 else 0.5 end')$$);
-- What they count is in use.
select test.refused($$update dist.distribution_rule set team = 'words' where name = 'counted'$$);
\c - test_admin
\pset tuples_only on
\pset format unaligned
select test.refused($$delete from dist.object where name = 'deal'$$);
select test.refused($$update dist.object set relation = 'bad.deal', owner_column = 'seller' where name = 'lead'$$);

-- Segments.
insert into dist.book_segment (name, object, position, criteria) values ('big', 'lead', 1, '{"field": "amount", "op": ">", "value": 100}');
insert into dist.book_segment (name, object, position) values ('sold', 'deal', 1);
insert into dist.book (object, team, segment, target) values ('lead', 'words', 'big', 3);
insert into dist.book (object, rep, target) values ('lead', 'ann', 10);
select test.refused($$insert into dist.book_segment (name, object, position) values (' ', 'lead', 2)$$);
select test.refused($$insert into dist.book_segment (name, object, position) values ('small', 'leed', 2)$$);
select test.refused($$insert into dist.book_segment (name, object, position) values ('small', null, 2)$$);
select test.refused($$insert into dist.book_segment (name, object, position) values ('small', 'lead', null)$$);
select test.refused($$insert into dist.book_segment (name, object, position) values ('small', 'lead', 1)$$);
select test.refused($$insert into dist.book_segment (name, object, position) values ('big', 'lead', 2)$$);
select test.refused($$insert into dist.book_segment (name, object, position, criteria) values ('small', 'lead', 2, '{"field": "amuont", "op": "<", "value": 3}')$$);
select test.refused($$insert into dist.book_segment (name, object, position, predicate) values ('small', 'lead', 2, 'r.amount <')$$);
select test.refused($$update dist.book_segment set object = 'deal', criteria = null, position = 2 where name = 'big'$$);
select test.refused($$delete from dist.book_segment where name = 'big'$$);
insert into dist.distribution_rule (name, strategy, team, segment) values ('fill', 'top_off', 'numbers', 'sold');
select test.refused($$delete from dist.book_segment where name = 'sold'$$);
select test.refused($$insert into dist.distribution_rule (name, strategy, team, segment) values ('fill big', 'top_off', 'words', 'bigg')$$);
-- A rule that fills a segment of one object gives no records of another.
select test.refused($$insert into dist.transfer (name, object, to_distribution_rule) values ('t', 'lead', 'fill')$$);
select test.refused($$insert into dist.ruleset (name, object, default_to_distribution_rule) values ('s', 'lead', 'fill')$$);
select test.refused($$delete from dist.object where name = 'lead'$$);

-- Books.
select test.refused($$insert into dist.book (object, rep, target) values ('leed', 'ann', 1)$$);
select test.refused($$insert into dist.book (object, rep, target) values ('lead', 'anne', 1)$$);
select test.refused($$insert into dist.book (object, team, target) values ('lead', 'wordss', 1)$$);
select test.refused($$insert into dist.book (object, rep, segment, target) values ('lead', 'ann', 'bigg', 1)$$);
select test.refused($$insert into dist.book (object, rep, segment, target) values ('lead', 'ann', 'sold', 1)$$);
select test.refused($$insert into dist.book (object, rep, team, target) values ('lead', 'ann', 'words', 1)$$);
select test.refused($$insert into dist.book (object, target) values ('lead', 1)$$);
select test.refused($$insert into dist.book (object, rep, target) values ('lead', '7', -1)$$);
select test.refused($$insert into dist.book (object, rep, target) values ('lead', '7', 1000000001)$$);
select test.refused($$insert into dist.book (object, rep, target) values ('lead', '7', null)$$);
select test.refused($$insert into dist.book (object, rep, target) values (null, '7', 1)$$);
select test.refused($$insert into dist.book (object, rep, target) values ('lead', 'ann', 11)$$);
select test.refused($$insert into dist.book (object, rep, target) values ('deal', 'ann', 1)$$);
select test.refused($$insert into dist.book (object, team, target) values ('deal', 'words', 1)$$);
select test.refused($$insert into dist.book (object, team, target) values ('deal', 'numbers', 1); insert into dist.team_member (team, rep) values ('numbers', 'ann')$$);

-- Who may write them, and what is nobody's to write.
\c - test_reader
\pset tuples_only on
\pset format unaligned
select test.refused($$insert into dist.measure (distribution_rule, measure, object) values ('least', 'load', 'lead')$$);
select test.refused($$update dist.book set target = 1$$);
select test.refused($$delete from dist.book_segment$$);
select count(*) from dist.book;
\c - test_outsider
\pset tuples_only on
\pset format unaligned
select test.refused($$select from dist.book_balance$$);
select test.refused($$select from dist.performance$$);
select test.refused($$select from dist._book_balances()$$);
\c - test_manager
\pset tuples_only on
\pset format unaligned
-- Whoever sets what is executed is its writer.
insert into dist.measure (distribution_rule, measure, object, value, written_by) values ('least', 'load', 'lead', 'r.amount', 'postgres');
\c - test_admin
\pset tuples_only on
\pset format unaligned
update dist.book_segment set predicate = 'true' where name = 'big';
select written_by from dist.measure where distribution_rule = 'least' union all select written_by from dist.book_segment where name = 'big';
\c - postgres
\pset tuples_only on
\pset format unaligned
-- Every refusal is pg_dist's own, and has a HINT.
select statement, message from test.refusal where not own and sqlstate not in ('42501', '23505') or hint = '' and sqlstate not in ('42501', 'P0TST', '23505');
select test.forget_intent();
set client_min_messages = warning;
drop schema bad cascade;
