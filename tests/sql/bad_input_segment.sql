-- What segments, their parts and related tables refuse when they are written, and what others refuse that name them (F1, X11).
\pset tuples_only on
\pset format unaligned
truncate test.refusal;
create schema seg;
grant usage on schema seg to public;
create table seg.account (id bigint primary key, region text, size integer, since date, rep text);
create table seg.contact (id uuid primary key, account bigint, mail text, score numeric);
create view seg.contacts as select * from seg.contact;
create table seg.deal (id bigint primary key, owner text);
grant all on all tables in schema seg to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('seg.account', 'seg.account', 'id', 'rep'), ('seg.deal', 'seg.deal', 'id', 'owner');
\c - test_manager
\pset tuples_only on
\pset format unaligned
insert into dist.rep (rep) values ('seg.ada');
insert into dist.segment (name, object) values ('one', 'seg.account'), ('two', 'seg.account'), ('three', 'seg.account'), ('deals', 'seg.deal');
insert into dist.segment_part (segment, part) values ('three', 'two'), ('two', 'one');

-- The segment itself.
select test.refused($$insert into dist.segment (name, object) values ('', 'seg.account')$$);
select test.refused($$insert into dist.segment (name) values ('x')$$);
select test.refused($$insert into dist.segment (name, object) values ('x', 'seg.acount')$$);
select test.refused($$insert into dist.segment (name, object, criteria) values ('x', 'seg.account', 'null')$$);
select test.refused($$insert into dist.segment (name, object, criteria) values ('x', 'seg.account', '{"field": "sise", "op": ">", "value": 1}')$$);
select test.refused($$insert into dist.segment (name, object, criteria) values ('x', 'seg.account', '{"field": "size", "op": ">", "value": "many"}')$$);
select test.refused($$insert into dist.segment (name, object, predicate) values ('x', 'seg.account', 'r.size > 1; drop table seg.deal')$$);
select test.refused($$insert into dist.segment (name, object, predicate) values ('x', 'seg.account', 'r.since < current_date')$$);
select test.refused($$insert into dist.segment (name, object, responsible_rep) values ('x', 'seg.account', 'seg.adda')$$);
select test.refused($$insert into dist.segment (name, object, owner) values ('x', 'seg.account', 'test_admin')$$);
select test.refused($$insert into dist.segment (name, object, owner) values ('x', 'seg.account', 'nobody at all')$$);
select test.refused($$update dist.segment set object = 'seg.deal' where name = 'one'$$);
select test.refused($$insert into dist.segment (name, object) values ('one', 'seg.account')$$);

-- What it is made of: no circle, at any length; nothing of another object.
select test.refused($$insert into dist.segment_part (segment, part) values ('one', 'one')$$);
select test.refused($$insert into dist.segment_part (segment, part, member) values ('one', 'two', false)$$);
select test.refused($$insert into dist.segment_part (segment, part) values ('one', 'three')$$);
select test.refused($$update dist.segment_part set part = 'three' where segment = 'two'$$);
select test.refused($$insert into dist.segment_part (segment, part) values ('one', 'deals')$$);
select test.refused($$insert into dist.segment_part (segment, part) values ('one', 'twoo')$$);
select test.refused($$insert into dist.segment_part (segment, part) values ('ones', 'two')$$);
select test.refused($$insert into dist.segment_part (part) values ('two')$$);
select test.refused($$insert into dist.segment_part (segment) values ('two')$$);

-- Related tables.
create function pg_temp.related(relation text, key_column text, join_on text) returns setof text language plpgsql as $$
begin
    return query select test.refused(format('insert into dist.segment_related (segment, name, relation, key_column, join_on) values (''one'', ''contacts'', %L, %L, %L)',
                                            relation, key_column, join_on));
end $$;
select pg_temp.related('seg.contact', 'id', '{}');
select pg_temp.related('seg.contact', 'id', '[]');
select pg_temp.related('seg.contact', 'id', 'null');
select pg_temp.related('seg.contact', 'id', '{"acount": "id"}');
select pg_temp.related('seg.contact', 'id', '{"account": "key"}');
select pg_temp.related('seg.contact', 'id', '{"mail": "id"}');
select pg_temp.related('seg.contact', 'ident', '{"account": "id"}');
select pg_temp.related('seg.contact', 'score', '{"account": "id"}');
select pg_temp.related('seg.contacts', 'id', '{"account": "id"}');
select pg_temp.related('dist.rep', 'rep', '{"rep": "rep"}');
select pg_temp.related('pg_class', 'relname', '{"relname": "rep"}');
select pg_temp.related('0', 'id', '{"account": "id"}');
select test.refused($$insert into dist.segment_related (segment, name, relation, key_column, join_on) values ('one', '', 'seg.contact', 'id', '{"account": "id"}')$$);
select test.refused($$insert into dist.segment_related (segment, name, relation, key_column, join_on) values ('won', 'contacts', 'seg.contact', 'id', '{"account": "id"}')$$);
insert into dist.segment_related (segment, name, relation, key_column, join_on) values ('one', 'contacts', 'seg.contact', 'id', '{"account": "id"}');

-- What is limited to one: there, and of the same object.
select test.refused($$insert into dist.transfer (name, object, to_rep, segment) values ('x', 'seg.account', 'seg.ada', 'on')$$);
select test.refused($$insert into dist.transfer (name, object, to_rep, segment) values ('x', 'seg.account', 'seg.ada', 'deals')$$);
select test.refused($$insert into dist.automation (name, object, to_rep, segment) values ('x', 'seg.account', 'seg.ada', 'deals')$$);
select test.refused($$insert into dist.book_segment (name, object, position, segment) values ('x', 'seg.account', 1, 'deals')$$);
insert into dist.transfer (name, object, to_rep, segment) values ('seg.t', 'seg.account', 'seg.ada', 'one');
insert into dist.schedule (name, start_at) values ('seg.s', '2999-01-01 06:00');
select test.refused($$insert into dist.step (schedule, position, target, segment) values ('seg.s', 1, 'seg.t', 'tow')$$);
select test.refused($$insert into dist.step (schedule, position, target, segment) values ('seg.s', 1, 'seg.t', 'deals')$$);
insert into dist.step (schedule, position, target, segment) values ('seg.s', 1, 'seg.t', 'three');

-- What is in use is not deleted; a new name goes along.
select test.refused($$delete from dist.segment where name = 'one'$$);
select test.refused($$delete from dist.segment where name = 'three'$$);
delete from dist.step where schedule = 'seg.s';
delete from dist.transfer where name = 'seg.t';
select test.refused($$delete from dist.segment where name = 'one'$$);
update dist.segment set name = 'first' where name = 'one';
select segment, part from dist.segment_part order by 1;
select segment, name from dist.segment_related;
-- A segment goes with what it is made of.
delete from dist.segment where name = 'three';
select segment, part from dist.segment_part order by 1;

\c - postgres
\pset tuples_only on
\pset format unaligned
-- Its table changes: what was said of it is asked again.
update dist.segment set criteria = '{"field": "size", "op": ">", "value": 1}' where name = 'first';
select test.refused($$update dist.object set relation = 'seg.deal', owner_column = 'owner' where name = 'seg.account'$$);
select test.refused($$delete from dist.object where name = 'seg.account'$$);
insert into dist.segment (name, object, responsible_rep) values ('ada''s', 'seg.account', 'seg.ada');
select test.refused($$delete from dist.rep where rep = 'seg.ada'$$);
select message, hint from test.refusal where not own or hint = '' order by 1;
select test.forget_intent();
set client_min_messages = warning;
drop schema seg cascade;
