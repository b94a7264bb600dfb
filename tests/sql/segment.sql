-- Segments: who belongs is found by a refresh and kept, with who joined and left when; a preview says the same before; what
-- is limited to a segment moves its members and no others (F1).
\pset tuples_only on
\pset format unaligned
create schema seg;
grant usage on schema seg to public;
create table seg.account (id bigint primary key, region text, size integer, since timestamptz, rep text);
create table seg.deal (id bigint primary key, account bigint, won boolean);
insert into seg.account select n, case n % 3 when 0 then 'south' else 'north' end, n, '2031-01-01Z'::timestamptz + n * interval '1 day', null from generate_series(1, 30) n;
insert into seg.deal select n, n, n % 2 = 0 from generate_series(1, 10) n;
grant all on all tables in schema seg to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('seg.account', 'seg.account', 'id', 'rep');
\c - test_manager
\pset tuples_only on
\pset format unaligned
insert into dist.rep (rep) values ('seg.ada'), ('seg.bob');
-- Refreshes, after a preview that must have said the same; who is a member then must be whom plain SQL finds.
create function pg_temp.refreshed(segment text, as_of timestamptz, expected text) returns text language plpgsql as $$
declare
    would text[] := array(select p.record_key || ' ' || p.change from dist.preview_segment(segment, as_of) p order by 1);
    run dist.run := dist.refresh_segment(segment, as_of);
    did text[] := array(select c.record_key || ' ' || c.change from dist.segment_change c where c.run_id = run.id and c.segment = $1 and c.at = $2 order by 1);
    members text[] := array(select m.record_key from dist.segment_member m where m.segment = $1 order by 1);
    wanted text[];
begin
    execute format('select coalesce(array_agg(k::text order by k::text), ''{}'') from (%s) x(k)', expected) into wanted;
    return format('%s members, %s joined, %s left%s%s', cardinality(members),
        (select count(*) from unnest(did) d where d like '% joined'), (select count(*) from unnest(did) d where d like '% left'),
        case when would <> did then ', PREVIEW SAID ' || would::text end, case when members <> wanted then ', AND NOT ' || wanted::text end);
end $$;

-- By criteria over a related table, by a predicate as of an instant, and with neither.
insert into dist.segment (name, object, criteria, responsible_rep)
values ('won', 'seg.account', '{"related": "seg.deal", "on": {"account": "id"}, "where": {"field": "won", "op": "=", "value": true}}', 'seg.ada');
insert into dist.segment (name, object, predicate) values ('old', 'seg.account', 'r.since < dist.as_of() - interval ''20 days''');
insert into dist.segment (name, object) values ('all', 'seg.account');
select pg_temp.refreshed('won', '2031-02-01Z', 'select account from seg.deal where won');
select pg_temp.refreshed('won', '2031-02-02Z', 'select account from seg.deal where won');
select pg_temp.refreshed('old', '2031-01-25Z', $$select id from seg.account where since < '2031-01-05Z'$$);
select pg_temp.refreshed('old', '2031-02-05Z', $$select id from seg.account where since < '2031-01-16Z'$$);
select pg_temp.refreshed('all', '2031-02-01Z', 'select id from seg.account');
update seg.deal set won = not won where id <= 3;
delete from seg.account where id = 10;
select pg_temp.refreshed('won', '2031-02-03Z', 'select account from seg.deal where won and account in (select id from seg.account)');
-- Who stayed is a member since he joined.
select record_key, joined_at, run_id = (select min(run_id) from dist.segment_change where segment = 'won') as first_run
  from dist.segment_member where segment = 'won' order by record_key::integer;
select record_key, change, at from dist.segment_change where segment = 'won' and at = '2031-02-03Z' order by 1;
select status, trigger, object, transfer, candidates, assigned, as_of from dist.run where id = (select max(run_id) from dist.segment_change);
-- Nobody joined, nobody left: nothing is written.
create temp table before as select m.ctid as place, m.xmin::text as written from dist.segment_roll m where m.segment = 'won';
select pg_temp.refreshed('won', '2031-02-04Z', 'select account from seg.deal where won and account in (select id from seg.account)');
select count(*) from before b join dist.segment_roll m on (m.ctid, m.xmin::text) = (b.place, b.written);

-- Of parts: in all with member, in none without, each as it was last refreshed; and what it says itself.
insert into dist.segment (name, object, criteria) values ('mix', 'seg.account', '{"field": "region", "op": "=", "value": "north"}');
insert into dist.segment_part (segment, part, member) values ('mix', 'old', true), ('mix', 'won', false);
select pg_temp.refreshed('mix', '2031-02-05Z', $$
    select id from seg.account where region = 'north' and since < '2031-01-16Z' and id not in (select account from seg.deal where won)$$);
-- A deal of account 5 is won: it leaves mix once won has been refreshed, and not before.
update seg.deal set won = true where id = 5;
select pg_temp.refreshed('mix', '2031-02-05Z', $$
    select id from seg.account where region = 'north' and since < '2031-01-16Z' and id not in (select account from seg.deal where won and id <> 5)$$);
update seg.deal set won = false where id = 7;
update seg.deal set won = true where id = 7;
select count(*) from dist.refresh_segment('won', '2031-02-06Z');
select pg_temp.refreshed('mix', '2031-02-06Z', $$
    select id from seg.account where region = 'north' and since < '2031-01-16Z' and id not in (select account from seg.deal where won)$$);
-- Of members that leave, most and few: read through, or looked up.
update seg.account set region = 'west' where id > 2;
select pg_temp.refreshed('mix', '2031-02-07Z', $$
    select id from seg.account where region = 'north' and since < '2031-01-16Z' and id not in (select account from seg.deal where won)$$);
update seg.account set region = case id % 3 when 0 then 'south' else 'north' end;
delete from seg.account where id = 29;
select pg_temp.refreshed('all', '2031-02-07Z', 'select id from seg.account');

-- Transfers, automations and book segments that are limited to one.
insert into dist.transfer (name, object, to_rep, segment) values ('seg.won', 'seg.account', 'seg.ada', 'won');
select record_key, new_owner from dist.preview('seg.won', '2031-02-08Z') order by record_key::integer;
select stage, item, outcome, detail from dist.explain('seg.account', '3', 'seg.won', as_of => '2031-02-08Z') where stage = 'candidate' order by step;
select stage, item, outcome, detail from dist.explain('seg.account', '12', 'seg.won', as_of => '2031-02-08Z') where stage = 'candidate' order by step;
select candidates, assigned, reasons from dist.execute('seg.won', '2031-02-08Z');
select array_agg(id order by id) = (select array_agg(record_key::bigint order by record_key::bigint) from dist.segment_member where segment = 'won') from seg.account where rep = 'seg.ada';
-- Together with what it says itself, and cut at a limit: the first of the members.
insert into dist.transfer (name, object, to_rep, segment, predicate, row_limit, ranking) values ('seg.two', 'seg.account', 'seg.bob', 'all', 'r.id > 20', 2, 'r.size desc');
select assigned from dist.execute('seg.two', '2031-02-08Z');
select id from seg.account where rep = 'seg.bob' order by id;
update dist.transfer set segment = 'mix', row_limit = null, predicate = null where name = 'seg.two';
select candidates, assigned from dist.execute('seg.two', '2031-02-08Z');
-- A book of the members: its rule gives them, and no others.
update seg.account set rep = null;
insert into dist.book_segment (name, object, position, segment) values ('seg.book', 'seg.account', 1, 'won');
insert into dist.book (object, rep, segment, target) values ('seg.account', 'seg.ada', 'seg.book', 4), ('seg.account', 'seg.bob', 'seg.book', 1);
insert into dist.distribution_rule (name, strategy, segment) values ('seg.fill', 'top_off', 'seg.book');
insert into dist.transfer (name, object, to_distribution_rule) values ('seg.fills', 'seg.account', 'seg.fill');
select candidates, assigned, reasons from dist.execute('seg.fills', '2031-02-08Z');
select rep, count(*), bool_and(id::text in (select record_key from dist.segment_member where segment = 'won')) from seg.account where rep is not null group by rep order by rep;
\c - postgres
\pset tuples_only on
\pset format unaligned
-- What comes to an automation and is no member is told so.
update seg.account set rep = null;
alter table seg.account owner to test_manager;
\c - test_manager
\pset tuples_only on
\pset format unaligned
insert into dist.automation (name, object, on_insert, on_columns, to_rep, segment, mode) values ('seg.auto', 'seg.account', true, '{size}', 'seg.ada', 'won', 'in_transaction');
update seg.account set size = size + 1 where id in (3, 12, 14);
select id, rep from seg.account where id in (3, 12, 14) order by id;
select record_key, reason from dist.unassigned where run_id = (select max(id) from dist.run where trigger = 'automation') order by 1;
select item, outcome, detail from dist.explain('seg.account', '12') where stage in ('automation', 'candidate') order by step desc limit 3;
update dist.automation set active = false where name = 'seg.auto';

-- A new name takes the members along; what goes, goes with them.
update dist.segment set name = 'winners' where name = 'won';
select segment from dist.transfer where name = 'seg.won';
select count(*) from dist.segment_member where segment = 'winners';
select status from dist.refresh_segment('winners', '2031-02-09Z');
select count(*) from dist.segment_change where segment = 'winners';
delete from dist.segment_part where segment = 'mix';
update dist.transfer set segment = null where segment = 'mix';
delete from dist.segment where name = 'mix';
select count(*) from dist.segment_member where segment = 'mix';
select count(*) > 0 as history_stays from dist.segment_change where segment = 'mix';

-- Who may. The function that runs read members by is for them alone; a refresh is for the owner's members.
select test.refused($$select * from dist._in_segment('winners')$$);
select test.refused($$select dist.refresh_segment('winner')$$);
select test.refused($$select dist.refresh_segment(null)$$);
select test.refused($$select * from dist.preview_segment('winner')$$);
select test.refused($$insert into dist.segment_row values ('winners', '1', now(), 1)$$);
select test.refused($$delete from dist.segment_roll$$);
\c - test_reader
select test.refused($$select dist.refresh_segment('winners')$$);
\c - test_admin
select test.refused($$select dist.refresh_segment('winners')$$);

-- Keys of every type, not unique, null, and of a table in parts; all but texts packed.
\c - postgres
\pset tuples_only on
\pset format unaligned
create table seg.by_uuid (k uuid, v integer, owner text);
create table seg.by_text (k text, v integer, owner text);
create table seg.by_varchar (k varchar(20), v integer, owner text) partition by list (v);
create table seg.by_varchar_0 partition of seg.by_varchar for values in (0);
create table seg.by_varchar_1 partition of seg.by_varchar default;
create table seg.by_small (k smallint, v integer, owner text);
create table seg.by_integer (k integer, v integer, owner text);
insert into seg.by_uuid select md5(n::text)::uuid, n % 2 from generate_series(1, 20) n;
insert into seg.by_text select chr(96 + n) || E'''\\ "' , n % 2 from generate_series(1, 20) n;
insert into seg.by_varchar select 'k' || n, n % 2 from generate_series(1, 20) n;
insert into seg.by_small select n - 10, n % 2 from generate_series(1, 20) n;
insert into seg.by_integer select (n - 10) * 100000000, n % 2 from generate_series(1, 20) n;
-- A key that is there twice, and records without one.
insert into seg.by_integer values (300000000, 0), (300000000, 1), (null, 0);
insert into seg.by_text values (null, 0), ('', 0), ('a''\ "', 0);
grant all on all tables in schema seg to test_manager;
insert into dist.object (name, relation, key_column, owner_column)
select 'seg.' || t, ('seg.' || t)::regclass, 'k', 'owner' from unnest(array['by_uuid', 'by_text', 'by_varchar', 'by_small', 'by_integer']) t;
\c - test_manager
\pset tuples_only on
\pset format unaligned
create function pg_temp.keys(v integer) returns setof text language plpgsql as $$
declare
    t text; wrong bigint; joined bigint; gone bigint; run dist.run;
begin
    foreach t in array array['by_uuid', 'by_text', 'by_varchar', 'by_small', 'by_integer'] loop
        insert into dist.segment (name, object) values ('seg.' || t, 'seg.' || t) on conflict do nothing;
        update dist.segment set predicate = format('r.v = %s', v) where name = 'seg.' || t;
        run := dist.refresh_segment('seg.' || t, '2031-03-01Z');
        execute format('select count(*) from (select distinct k::text from seg.%I where v = %s and k is not null) x(k)
                          full join (select record_key from dist.segment_member where segment = %L) m on m.record_key = x.k
                         where m.record_key is null or x.k is null', t, v, 'seg.' || t) into wrong;
        select count(*) filter (where c.change = 'joined'), count(*) filter (where c.change = 'left') into joined, gone from dist.segment_change c where c.run_id = run.id;
        return next format('%s: %s joined, %s left, %s wrong, packed %s', t, joined, gone, wrong, exists (select from dist.segment_roll r where r.segment = 'seg.' || t));
    end loop;
end $$;
select pg_temp.keys(0);
select pg_temp.keys(1);
insert into dist.segment (name, object, predicate) values ('seg.not', 'seg.by_text', 'true');
insert into dist.segment_part (segment, part, member) values ('seg.not', 'seg.by_text', false);
select status from dist.refresh_segment('seg.not');
select count(*), bool_and(record_key not in (select k from seg.by_text where v = 1 and k is not null)) from dist.segment_member where segment = 'seg.not';
insert into dist.transfer (name, object, to_rep, segment)
select s.name, s.object, 'seg.ada', s.name from dist.segment s where s.name like 'seg.by%';
select name, (dist.execute(name, '2031-03-02Z')).assigned from dist.transfer where name like 'seg.by%' order by name;
\c - postgres
\pset tuples_only on
\pset format unaligned
-- Members in two forms, as after a change of the key's type, are one set, and in one form again after the next refresh.
delete from dist.segment_roll where segment = 'seg.by_small';
insert into dist.segment_row select 'seg.by_small', k, '2031-01-01Z', 1 from unnest(array['-9', '-7', '99']) k;
update dist.segment set owner = 'postgres', written_by = 'postgres' where name = 'seg.by_small';
set client_min_messages = error;
update dist.object set written_by = 'postgres';
reset client_min_messages;
\c - test_manager
select test.refused($$select dist.refresh_segment('seg.by_small')$$);
\c - postgres
\pset tuples_only on
\pset format unaligned
select record_key, change from dist.preview_segment('seg.by_small') order by 1;
select status from dist.refresh_segment('seg.by_small');
select record_key, change from dist.segment_change where run_id = (select max(run_id) from dist.segment_change) order by 1;
select count(*), count(*) filter (where record_key = '99') from dist.segment_member where segment = 'seg.by_small';
select count(*) from dist.segment_row where segment = 'seg.by_small';
select count(*) from dist.preview_segment('seg.by_small');
-- Packed members that pg_dist did not write are refused.
update dist.segment_roll set keys = '\x80' where segment = 'seg.by_small';
select test.refused($$select dist.refresh_segment('seg.by_small')$$);
select test.refused($$select * from dist.segment_member$$);
update dist.segment_roll set keys = '\x01', runs = '\x05' where segment = 'seg.by_small';
select test.refused($$select dist.refresh_segment('seg.by_small')$$);
delete from dist.segment_roll where segment = 'seg.by_small';
select status from dist.refresh_segment('seg.by_small');
-- Another table has other records.
update dist.object set relation = 'seg.by_integer' where name = 'seg.by_small';
select count(*) from dist.segment_member where segment = 'seg.by_small';

-- What somebody wrote whom the run's owner does not trust, it does not execute: the segment, and what it is made of.
\c - test_admin
update dist.segment set predicate = predicate where name = 'all';
update dist.segment_part set member = member where segment = 'seg.not';
\c - test_manager
select test.refused($$select dist.refresh_segment('all')$$);
select test.refused($$select * from dist.preview_segment('all')$$);
select test.refused($$select dist.refresh_segment('seg.not')$$);
update dist.transfer set segment = 'all' where name = 'seg.two';
select test.refused($$select dist.execute('seg.two')$$);
update dist.transfer set segment = 'seg.not' where name = 'seg.by_text';
select test.refused($$select dist.execute('seg.by_text')$$);
update dist.segment set predicate = predicate where name = 'all';
select status from dist.refresh_segment('all');
-- Whom a refresh groups depends on what who refreshes can see.
\c - postgres
alter table seg.account enable row level security, force row level security;
create policy south on seg.account to test_manager using (region = 'south');
\c - test_manager
\pset tuples_only on
\pset format unaligned
select count(*) from dist.preview_segment('all') where change = 'left';
select test.refused($$update dist.segment set predicate = '1 / (r.id - 3) > 0' where name = 'all'; select dist.refresh_segment('all')$$);
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema seg cascade;
