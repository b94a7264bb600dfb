-- A claim goes by PostgreSQL's own names, whatever the search_path of whoever claims (X2), and takes one record or several out of a
-- table, and out of one that lies in partitions (L6).
\set SHOW_CONTEXT never
create schema plainly;
grant usage on schema plainly to public;
create table plainly.lead (id integer primary key, company text, owner text);
create table plainly.parted (id integer primary key, company text, owner text) partition by range (id);
create table plainly.low partition of plainly.parted for values from (0) to (10);
create table plainly.high partition of plainly.parted for values from (10) to (100);
grant select, insert, update, delete on plainly.lead, plainly.parted to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('plainly', 'plainly.lead', 'id', 'owner'), ('parted', 'plainly.parted', 'id', 'owner');
insert into plainly.lead select n, repeat('x', n), null from generate_series(1, 9) n;
insert into plainly.parted select n, repeat('x', n), null from generate_series(5, 15) n;
create function plainly.length(text) returns integer language sql immutable as $$ select -pg_catalog.length($1) $$;
create function plainly.never(text, text) returns boolean language sql immutable as $$ select false $$;
create operator plainly.= (leftarg = text, rightarg = text, function = plainly.never);
\c - test_manager
insert into dist.rep (rep) values ('plain'), ('plainer');
insert into dist.variable (name, type, value) values ('plain length', 'integer', '3');
insert into dist.hopper (name, object, ranking) values ('plain longest', 'plainly', 'length(r.company) desc'), ('plain oldest', 'parted', null);
insert into dist.transfer (name, object, to_hopper) values ('plain in', 'plainly', 'plain longest'), ('parted in', 'parted', 'plain oldest');
insert into dist.eligibility (name, object, rep, predicate) values ('plain not short', 'plainly', 'plainer', 'length(r.company) > dist.var(''plain length'')::integer');
select e.assigned from dist.execute('plain in', '2033-04-01 12:00Z') e;
select e.assigned from dist.execute('parted in', '2033-04-01 12:00Z') e;
set search_path = plainly, pg_catalog;
select length('xx'), 'x'::text = 'x'::text as same;
select * from dist.claim('plain longest', 'plain');
select array_agg(record_key) from dist.claimable('plain longest', 'plainer', 2);
-- What a variable says is read by each claim anew.
select count(*) from dist.claim('plain longest', 'plainer', 4);
update dist.variable set value = '1' where name operator(pg_catalog.=) 'plain length';
select array_agg(record_key) from dist.claim('plain longest', 'plainer', 9);
reset search_path;
select id, owner from plainly.lead order by id;
-- Partitions: two rows of one ctid are two records.
select * from dist.claim('plain oldest', 'plain');
select array_agg(record_key order by record_key::integer) from dist.claim('plain oldest', 'plainer', 3);
select * from dist.claim('plain oldest', 'plain');
select owner, count(*), array_agg(tableoid::regclass order by id) from plainly.parted where owner is not null group by 1 order by 1;
select count(*), count(distinct record_key), count(distinct run_id) from dist.assignment where object = 'parted' and reason = 'claim';
select h.record_key from dist.hopper_record h join plainly.parted p on p.id::text = h.record_key where h.object = 'parted' and p.owner is not null;
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema plainly cascade;
