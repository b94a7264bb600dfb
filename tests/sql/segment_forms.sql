-- The form in which members are kept follows the type of the key, and nobody is lost or twice over it (F1); many members are not
-- looked for one by one (Z3).
\pset tuples_only on
\pset format unaligned
set client_min_messages = warning;
create extension if not exists pg_dist;
create schema sgf;
create table sgf.lead (id bigint primary key, size integer, owner text, seen text);
insert into sgf.lead select n, n from generate_series(1, 9) n;
insert into dist.object (name, relation, key_column, owner_column) values ('sgf', 'sgf.lead', 'id', 'owner');
insert into dist.segment (name, object, predicate) values ('sgf', 'sgf', 'r.size > 3');
create function pg_temp.refreshed() returns text language plpgsql as $$
declare
    run dist.run := dist.refresh_segment('sgf', '2031-01-01Z');
begin
    return concat_ws(', ', (select result from dist.run_step s where s.run_id = run.id),
                     (select string_agg(left(m.record_key, 8), ' ' order by m.record_key) from dist.segment_member m where m.segment = 'sgf'),
                     (select r.kind from dist.segment_roll r where r.segment = 'sgf'),
                     (select count(*) || ' rows' from dist.segment_row r where r.segment = 'sgf'));
end $$;
select pg_temp.refreshed();
-- Runs that found nobody who is still a member, or only saw somebody leave, are not kept with the members.
update sgf.lead set size = 0 where id = 9;
select pg_temp.refreshed();
update sgf.lead set size = 9 where id = 9;
select pg_temp.refreshed();
update sgf.lead set size = 0 where id = 9;
select pg_temp.refreshed();
select cardinality(run_ids), cardinality(run_times) from dist.segment_roll where segment = 'sgf';
-- Numbers that have become texts, and other numbers again: the same members; nobody joined or left.
alter table sgf.lead alter column id type text;
select count(*) from dist.preview_segment('sgf');
select pg_temp.refreshed();
update sgf.lead set size = 0 where id = '8';
select string_agg(record_key || ' ' || change, ', ') from dist.preview_segment('sgf');
select pg_temp.refreshed();
alter table sgf.lead alter column id type integer using id::integer;
select count(*) from dist.preview_segment('sgf');
select pg_temp.refreshed();
update sgf.lead set size = 0 where id = 7;
select pg_temp.refreshed();
-- Numbers that have become UUIDs are others, and are not read as what they were.
alter table sgf.lead alter column id type uuid using lpad(id::text, 32, '0')::uuid;
select string_agg(record_key || ' ' || change, ', ' order by change desc, record_key) from dist.preview_segment('sgf');
select pg_temp.refreshed();
update sgf.lead set size = 0 where id = lpad('6', 32, '0')::uuid;
select pg_temp.refreshed();
alter table sgf.lead alter column id type integer using right(id::text, 1)::integer;
select pg_temp.refreshed();
-- Rows beside packed ones: all are members until the next refresh, which has them in one form.
insert into dist.segment_row values ('sgf', '99', '2031-01-01Z', 1), ('sgf', '9', '2031-01-01Z', 1);
select string_agg(record_key || ' ' || change, ', ' order by record_key) from dist.preview_segment('sgf');
select pg_temp.refreshed();
select count(*) from dist.preview_segment('sgf');
-- A segment whose keys are texts takes them along under another name, and they go with it, or with the object's table.
create table sgf.other (id text primary key, owner text);
insert into sgf.other values ('a'), ('b'), ('c');
insert into dist.object (name, relation, key_column, owner_column) values ('sgf other', 'sgf.other', 'id', 'owner');
insert into dist.segment (name, object) values ('sgf texts', 'sgf other'), ('sgf gone', 'sgf other');
select (dist.refresh_segment('sgf texts')).candidates, (dist.refresh_segment('sgf gone')).candidates;
update dist.segment set name = 'sgf words' where name = 'sgf texts';
delete from dist.segment where name = 'sgf gone';
select segment, string_agg(record_key, ' ' order by record_key) from dist.segment_row where segment like 'sgf %' group by 1 order by 1;
alter table sgf.other add column code text;
update dist.object set key_column = 'code' where name = 'sgf other';
select count(*) from dist.segment_row where segment like 'sgf %';

-- The plan of a step follows how many members there are: packed or rows, also while both are there.
alter table sgf.lead alter column id type bigint;
insert into sgf.lead select n, 0 from generate_series(10, 50003) n;
insert into dist.formula (name, object, field, expression) values ('sgf seen', 'sgf', 'seen', 'current_setting(''enable_nestloop'')');
insert into dist.schedule (name, start_at) values ('sgf', '2999-01-01 06:00');
insert into dist.step (schedule, action, target, args) values ('sgf', 'apply_formulas', 'sgf', '{"formulas": ["sgf seen"]}');
create function pg_temp.seen(members integer) returns text language plpgsql as $$
begin
    update dist.segment set predicate = 'r.id <= ' || members where name = 'sgf';
    perform dist.refresh_segment('sgf');
    update sgf.lead set seen = null where seen is not null;
    perform dist.run_now('sgf');
    return (select string_agg(distinct seen, ' ') || ' ' || count(seen) from sgf.lead);
end $$;
select pg_temp.seen(9), pg_temp.seen(50001);
alter table sgf.lead alter column id type text;
create or replace function pg_temp.seen(members integer) returns text language plpgsql as $$
begin
    update dist.segment set predicate = 'r.id::integer <= ' || members where name = 'sgf';
    perform dist.refresh_segment('sgf');
    update sgf.lead set seen = null where seen is not null;
    perform dist.run_now('sgf');
    return (select string_agg(distinct seen, ' ') || ' ' || count(seen) from sgf.lead);
end $$;
select pg_temp.seen(9), pg_temp.seen(50001);
select test.forget_intent();
drop schema sgf cascade;
