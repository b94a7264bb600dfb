-- Books (G16): top-off fills each book towards its target; who is over-full gets nothing; what a segment may hold and what
-- the book as a whole may hold bind together; a record in several segments counts in the first only. Fixed amounts.
create schema book;
grant usage on schema book to public;
create table book.account (id integer primary key, size integer, sector text, touched date, owner text);
grant select, update, insert, delete on book.account to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('account', 'book.account', 'id', 'owner');

\c - test_manager
insert into dist.rep (rep) values ('ann'), ('ben'), ('cem'), ('dee');
insert into dist.team (team) values ('field'), ('other');
insert into dist.team_member (team, rep, position) values ('field', 'ann', 1), ('field', 'ben', 2), ('field', 'cem', 3), ('other', 'ben', 1);
insert into dist.distribution_rule (name, strategy, team) values ('fill', 'top_off', 'field');
insert into dist.transfer (name, object, to_distribution_rule) values ('top off', 'account', 'fill');
create view pg_temp.books as select b.rep, b.segment, b.target, b.held, b.gap, b.note from dist.book_balance b order by b.rep, b.segment nulls first;

-- Nobody has a book: that is refused, not passed over.
insert into book.account (id, size) select n, n from generate_series(1, 9) n;
select test.refused($$select dist.execute('top off')$$);
-- A team's books, a rep's own which goes before it, and the least of two teams'. Ann is over-full, Cem's is half full.
insert into dist.book (object, team, target) values ('account', 'field', 5), ('account', 'other', 4);
insert into dist.book (object, rep, target) values ('account', 'ann', 2);
update book.account set owner = 'ann' where id <= 3;
update book.account set owner = 'cem' where id in (4, 5);
select * from pg_temp.books;
-- Supply is scarce (4 for gaps of 4 and 3): fill ratios as equal as whole records allow.
select assigned, unassigned, reasons from test.run_as_previewed('top off');
select * from pg_temp.books;
-- Supply is plenty: every book is exactly full, and the rest is left, with the reason.
insert into book.account (id, size) select n, n from generate_series(11, 20) n;
select assigned, unassigned, reasons from test.run_as_previewed('top off');
select * from pg_temp.books;
select assigned, unassigned, reasons from test.run_as_previewed('top off');
select item, outcome, detail from dist.explain('account', '20', 'top off') where stage in ('rep', 'outcome') order by 1;
-- A member without a book has none to fill; a target of none is none.
insert into dist.team_member (team, rep) values ('field', 'dee');
delete from dist.book where team = 'field';
insert into dist.book (object, rep, target) values ('account', 'cem', 0);
select * from pg_temp.books;
select assigned, reasons from test.run_as_previewed('top off');
-- Without a team: those who have a book.
insert into dist.distribution_rule (name, strategy) values ('fill all', 'top_off');
update dist.transfer set to_distribution_rule = 'fill all';
update dist.book set target = 6 where rep = 'cem';
select assigned from test.run_as_previewed('top off');
select * from pg_temp.books;

-- Fixed: so many for each in a run, or until the book is full; without a book, so many.
delete from dist.book;
insert into dist.distribution_rule (name, strategy, team, each) values ('two each', 'fixed', 'field', 2);
insert into dist.transfer (name, object, to_distribution_rule) values ('hand out', 'account', 'two each');
insert into dist.book (object, rep, target) values ('account', 'ann', 3), ('account', 'ben', 5);
update book.account set owner = null;
update book.account set owner = 'ann' where id <= 3;
update book.account set owner = 'ben' where id between 4 and 7;
select assigned, unassigned, reasons from test.run_as_previewed('hand out');
select new_owner, count(*) from dist.assignment where run_id = (select max(id) from dist.run) group by 1 order by 1;
select * from pg_temp.books;
-- Nobody gets the second before all have the first.
update book.account set owner = null;
select record_key, new_owner from dist.preview('hand out') where new_owner is not null;
-- Without a team, who has no book gets nothing.
update dist.distribution_rule set team = null where name = 'two each';
select new_owner, count(*) from dist.preview('hand out') group by 1 order by 1;

-- Segments: large accounts, then banks; a large bank counts as large only.
delete from dist.book;
delete from book.account;
insert into dist.book_segment (name, object, position, criteria, predicate) values
    ('large', 'account', 1, '{"field": "size", "op": ">=", "value": 100}', null),
    ('bank', 'account', 2, null, $$r.sector = 'bank'$$);
insert into dist.distribution_rule (name, strategy, team, segment) values ('fill large', 'top_off', 'field', 'large'), ('fill banks', 'top_off', 'field', 'bank');
update dist.transfer set to_distribution_rule = 'fill large' where name = 'top off';
insert into dist.book (object, team, segment, target) values ('account', 'field', 'large', 2), ('account', 'field', 'bank', 3);
insert into dist.book (object, rep, segment, target) values ('account', 'ben', 'bank', 1);
-- The book as a whole overrules: Ann may hold 4 in all, and has 2 that are in no segment.
insert into dist.book (object, rep, target) values ('account', 'ann', 4);
insert into book.account (id, size, sector, owner) values
    (1, 5, 'farm', 'ann'), (2, null, null, 'ann'), (3, 200, 'bank', 'ben'), (4, 100, 'farm', 'ben'), (5, 300, 'bank', 'ben'), (6, 9, 'bank', 'dee');
select * from pg_temp.books;
insert into book.account (id, size, sector)
select 100 + n, case when n <= 8 then 150 else 50 end, case when n % 2 = 0 then 'bank' else 'farm' end from generate_series(1, 24) n;
-- A rule that fills a segment takes records of it only, without a word in the transfer.
select candidates, assigned, unassigned, reasons from test.run_as_previewed('top off');
select * from pg_temp.books;
select item, outcome, detail from dist.explain('account', '109', 'top off') where stage in ('candidate', 'outcome');
-- Ann has none of the banks, and no room for any.
update dist.transfer set to_distribution_rule = 'fill banks' where name = 'top off';
select item, outcome, detail from dist.explain('account', '110', 'top off') where stage = 'rep' order by item;
update dist.transfer set to_distribution_rule = 'fill large' where name = 'top off';
-- Names go along: a segment's, a team's, a rep's.
update dist.book_segment set name = 'banks' where name = 'bank';
update dist.team set team = 'outside' where team = 'field';
select segment from dist.distribution_rule where name = 'fill banks';
select distinct team, segment from dist.book where team is not null order by 2;
update dist.book_segment set name = 'bank' where name = 'banks';
-- In a ruleset each rule does the same: all segments at once. A rule in front takes records that a segment then lacks.
insert into dist.ruleset (name, object) values ('fill segments', 'account');
insert into dist.assignment_rule (ruleset, position, predicate, to_rep, to_distribution_rule) values
    ('fill segments', 1, 'r.id = 124', 'cem', null), ('fill segments', 2, null, null, 'fill large'), ('fill segments', 3, null, null, 'fill banks');
insert into dist.transfer (name, object, to_ruleset) values ('top off all', 'account', 'fill segments');
select candidates, assigned, unassigned, reasons from test.run_as_previewed('top off all');
select * from pg_temp.books;
select stage, item, outcome, detail from dist.explain('account', '109', ruleset => 'fill segments') where stage in ('rule', 'outcome');
-- By way of a default nothing narrows: what is in another segment is left, and says so. A rule can hand it on.
delete from dist.assignment_rule;
update dist.ruleset set default_to_distribution_rule = 'fill banks';
update book.account set owner = null;
update dist.distribution_rule set if_unavailable = 'fall_back', fallback_to_distribution_rule = 'fill large' where name = 'fill banks';
select assigned, unassigned, reasons from test.run_as_previewed('top off all');
select a.distribution_rule, a.reason, count(*), bool_and((a.distribution_rule = 'fill large') = (c.size >= 100)) as in_segment
  from dist.assignment a join book.account c on c.id::text = a.record_key
 where a.run_id = (select max(id) from dist.run) group by 1, 2 order by 1;
select * from pg_temp.books;
-- A segment of another object is refused by the run.
insert into dist.transfer (name, object, to_distribution_rule) values ('hand out banks', 'account', 'fill banks');
\c - postgres
create table book.other (id integer primary key, owner text);
grant select, update on book.other to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('other', 'book.other', 'id', 'owner');
select test.refused($$insert into dist.transfer (name, object, to_distribution_rule) values ('wrong', 'other', 'fill banks')$$);
-- The view, for whom it is not: the whole book is counted without anybody's text, segments only for whom trusts its writer.
grant usage on schema book to test_reader;
grant select on book.account to test_reader;
\c - test_reader
select rep, segment, target, held, note from dist.book_balance where rep = 'ann' order by segment nulls first;
\c - postgres
revoke all on book.account from test_reader;
\c - test_reader
select rep, segment, target, held, note from dist.book_balance where rep = 'ann' and segment is null;
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema book cascade;
