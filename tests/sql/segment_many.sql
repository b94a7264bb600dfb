-- Segments with so many members that each record is looked up among them: what is limited to one does the same as where they
-- are few (F1, F7, F3, G5).
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role sm_owner login in role dist_manager;
create schema sm authorization sm_owner;
\c - sm_owner
set client_min_messages = warning;
create table sm.account (id bigint primary key, region integer, score integer, note text, owner text);
-- The fields are alike in long stretches, in short ones, and never.
insert into sm.account select n, case when n % 100 = 0 then 9 else abs(n % 9) end, abs(n % 7), case when n <= 45000 then 'old' when n % 3 > 0 then n::text end from generate_series(-9, 50999) n;
create table sm.contact (id uuid primary key, account bigint, tier text);
insert into sm.contact select md5(n::text)::uuid, n, 'none' from generate_series(1000, 2999) n;
\c - postgres
set client_min_messages = warning;
insert into dist.object (name, relation, key_column, owner_column) values ('sm account', 'sm.account', 'id', 'owner');
create table sm.person as select md5(n::text)::uuid as id, least(n % 50, 1) as region, null::text as owner, null::text as note from generate_series(1, 51100) n;
alter table sm.person owner to sm_owner;
insert into dist.object (name, relation, key_column, owner_column) values ('sm person', 'sm.person', 'id', 'owner');
\c - sm_owner
set client_min_messages = warning;
insert into dist.segment (name, object, criteria) values
    ('sm many', 'sm account', '{"field": "region", "op": "between", "value": [0, 8]}'), ('sm few', 'sm account', '{"field": "id", "op": "<", "value": 10}'),
    ('sm both', 'sm account', null), ('sm rest', 'sm account', null), ('sm people', 'sm person', '{"field": "region", "op": ">", "value": 0}');
insert into dist.segment_part (segment, part, member) values
    ('sm both', 'sm many', true), ('sm both', 'sm few', true), ('sm rest', 'sm many', false), ('sm rest', 'sm few', false);
insert into dist.segment_related (segment, name, relation, key_column, join_on) values ('sm many', 'contacts', 'sm.contact', 'id', '{"account": "id"}');
select s.name, r.candidates from (values ('sm few', 1), ('sm many', 2), ('sm both', 3), ('sm rest', 4), ('sm people', 5)) s(name, n), dist.refresh_segment(s.name) r order by n;
-- made of others (F1)
select m.segment, count(*), count(*) filter (where m.segment = 'sm both' and region between 0 and 8 and id < 10
                                                or m.segment = 'sm rest' and not (region between 0 and 8) and not id < 10)
  from dist.segment_member m join sm.account a on a.id = m.record_key::bigint where m.segment in ('sm both', 'sm rest') group by m.segment order by m.segment;

-- A mass edit of two fields, and of a related table (F7): who is set, and what was there before (F3), is what plain SQL says
create table sm.was as select * from sm.account;
insert into dist.schedule (name, start_at) values ('sm', '2999-01-01');
insert into dist.step (schedule, position, action, target, args) values
    ('sm', 1, 'mass_edit', 'sm many', '{"fields": [{"field": "note", "value": "new"}, {"field": "score", "value": 3}]}'),
    ('sm', 2, 'mass_edit', 'sm many', '{"fields": [{"field": "tier", "value": "gold"}], "related": "contacts"}');
select status from dist.run_now('sm');
select position, rows from dist.run_step where run_id = (select max(id) from dist.run) order by position;
select count(*) filter (where a.note = 'new' and a.score = 3) as set,
       count(*) filter (where (a.note, a.score) is not distinct from (w.note, w.score)) as left, bool_and((a.note = 'new') is true = w.region between 0 and 8) as right
  from sm.account a join sm.was w using (id);
select tier, count(*), bool_and(region between 0 and 8) from sm.contact c join sm.account a on a.id = c.account group by tier order by tier;
select e.field, count(*), count(distinct e.record_key),
       bool_and(e.before is not distinct from case e.field when 'note' then w.note else w.score::text end) as before, min(e.after), max(e.after)
  from dist.field_edit e join sm.was w on w.id = e.record_key::bigint
 where e.run_id = (select max(id) from dist.run) and e.position = 1 group by e.field order by e.field;
select count(*), count(distinct e.record_key), min(e.before), max(e.after) from dist.field_edit e join sm.contact c on c.id = e.record_key::uuid
 where e.run_id = (select max(id) from dist.run) and e.position = 2;
-- A chunk whose former values are alike has one of them
select field, count(*) filter (where before is null) as alike, count(*) filter (where before is not null) as each, bool_and(packed is not null) as packed
  from dist.field_edit_chunk where run_id = (select max(id) from dist.run) and position = 1 group by field order by field;
-- Undo brings back all but what has been changed since (F3)
update sm.account set note = 'later' where id in (1, 2, 50001);
select status, candidates from dist.undo((select max(id) from dist.run));
select count(*) filter (where (a.note, a.score) is distinct from (w.note, w.score)), max(a.note) filter (where a.note <> coalesce(w.note, ''))
  from sm.account a join sm.was w using (id);
select tier, count(*) from sm.contact group by tier;

-- Keys that are UUIDs
insert into dist.schedule (name, start_at) values ('sm people', '2999-01-01');
insert into dist.step (schedule, action, target, args) values ('sm people', 'mass_edit', 'sm people', '{"fields": [{"field": "note", "value": "new"}]}');
select status from dist.run_now('sm people');
select note, count(*), min(region), max(region) from sm.person group by note order by note;
select count(*), count(distinct e.record_key), count(e.before) from dist.field_edit e join sm.person p on p.id = e.record_key::uuid where e.run_id = (select max(id) from dist.run);

-- and texts, of which there are few
create table sm.deal (code text primary key, owner text, note text, stage text);
insert into sm.deal values ('a', null, null, 'one'), ('O''Brien', null, 'x', 'one'), ('', null, 'x', 'one'), ('left', null, 'y', 'two');
\c - postgres
set client_min_messages = warning;
insert into dist.object (name, relation, key_column, owner_column) values ('sm deal', 'sm.deal', 'code', 'owner');
\c - sm_owner
set client_min_messages = warning;
insert into dist.segment (name, object, criteria) values ('sm deals', 'sm deal', '{"field": "stage", "op": "=", "value": "one"}');
select candidates from dist.refresh_segment('sm deals');
insert into dist.schedule (name, start_at) values ('sm deals', '2999-01-01');
insert into dist.step (schedule, action, target, args) values ('sm deals', 'mass_edit', 'sm deals', '{"fields": [{"field": "note", "clear": true}, {"field": "stage", "value": "three"}]}');
select status from dist.run_now('sm deals');
select record_key, field, before, after from dist.field_edit where run_id = (select max(id) from dist.run) order by record_key collate "C", field;
select rows, cardinality(keys) as keys, kind, cardinality(before) as before, before_all from dist.field_edit_chunk where run_id = (select max(id) from dist.run) order by field;
select status, reasons from dist.undo((select max(id) from dist.run));
select * from sm.deal order by code collate "C";

-- A transfer limited to it (G5), in a session that keeps what it has compiled, while the members are many, few and many again
insert into dist.rep (rep) values ('sm ada');
insert into dist.transfer (name, object, source, to_rep, segment, criteria) values ('sm give', 'sm account', 'any', 'sm ada', 'sm many', '{"field": "id", "op": "<", "value": 1000}');
select count(*), count(*) filter (where p.record_key::bigint % 100 = 0) as none from dist.preview('sm give') p where p.new_owner is not null;
update dist.segment set criteria = '{"field": "id", "op": "<", "value": -5}' where name = 'sm many';
select candidates from dist.refresh_segment('sm many');
select count(*), max(p.record_key::bigint) from dist.preview('sm give') p where p.new_owner is not null;
update dist.segment set criteria = '{"field": "id", "op": ">=", "value": -5}' where name = 'sm many';
select candidates from dist.refresh_segment('sm many');
select count(*), min(p.record_key::bigint) from dist.preview('sm give') p where p.new_owner is not null;

-- Members that are kept as texts (the key's type has changed since) are found as well, and those that no key is written as are nobody
\c - postgres
set client_min_messages = warning;
delete from dist.segment_roll where segment = 'sm many';
insert into dist.segment_row select 'sm many', n, now(), 0 from unnest(array(select generate_series(1, 50000)::text) || '{one,007}'::text[]) n;
\c - sm_owner
set client_min_messages = warning;
select count(*), min(p.record_key::bigint), max(p.record_key::bigint) from dist.preview('sm give') p where p.new_owner is not null;

-- It tells nobody who is a member (Z7)
select test.refused($$select dist._is_member('sm people', md5('1')::uuid)$$);
select test.refused($$select dist._is_member('sm many', 1)$$);
-- nor, in a run, of one segment after the other
create function sm.asks() returns boolean language sql volatile as $$ select bool_or(dist._is_member(s.name, 1)) from dist.segment s $$;
insert into dist.schedule (name, start_at) values ('sm asks', '2999-01-01');
insert into dist.step (schedule, action, target) values ('sm asks', 'function', 'sm.asks()');
select status, sqlstate, message from dist.run_now('sm asks');
-- and outside of an edit nothing is noted
select dist._overwrites(1, 'x'), dist._overwrites(null::uuid, null), dist._overwrites('x'::text, null), dist._overwrites_also(-1, 'x'), dist._overwrites_also(null, null);
delete from dist.schedule where name like 'sm%';
delete from dist.transfer where name like 'sm%';
delete from dist.segment_part where segment like 'sm%';
delete from dist.segment where name like 'sm%';
