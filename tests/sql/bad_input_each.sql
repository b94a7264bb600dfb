-- Mistakes in steps that call a function about a segment (F8): SQLSTATE, the value, the row and a HINT for each.
\pset format unaligned
\pset tuples_only on
set client_min_messages = warning;
create extension if not exists pg_dist;
create role bs_owner login in role dist_manager;
create schema bs authorization bs_owner;
create table bs.lead (id integer primary key, mail text, owner text);
alter table bs.lead owner to bs_owner;
insert into dist.object (name, relation, key_column, owner_column) values ('bs lead', 'bs.lead', 'id', 'owner');
\c - bs_owner
set client_min_messages = warning;
create function bs.one(key integer, mail text default '') returns void language sql begin atomic select 1; end;
create function bs.whole(whole jsonb) returns void language sql begin atomic select 1; end;
create function bs.all(keys integer[]) returns void language sql begin atomic select 1; end;
create function bs.read(records refcursor) returns void language sql begin atomic select 1; end;
create procedure bs.hands_back(key integer, out n integer) language plpgsql as $$ begin n := key; end $$;
insert into dist.segment (name, object) values ('bs all', 'bs lead');
insert into dist.schedule (name, start_at) values ('bs', '2999-01-01 06:00');
insert into dist.step (schedule, action, target, segment, per, args) values ('bs', 'function', 'bs.one', 'bs all', 'record', '[{"key": true}]');
create function pg_temp.step(changes text) returns setof text language sql as $$
    select test.refused(format('update dist.step set %s where schedule = ''bs''', $1))
$$;
select pg_temp.step($$per = 'recrod'$$);
select pg_temp.step($$per = 'each'$$);
select pg_temp.step($$segment = 'bs al'$$);
select pg_temp.step($$segment = null$$);
select pg_temp.step($$segment = null, per = null, args = '[1]', max_rows = 10$$);
select pg_temp.step($$max_rows = 0$$);
select pg_temp.step($$timeout = '0'$$);
select pg_temp.step($$timeout = '1 year'$$);
select pg_temp.step($$action = 'emit', target = 'bs all', segment = null, args = null$$);
select pg_temp.step($$action = 'emit', target = 'bs all', segment = null, args = null, per = null, max_rows = 5$$);
select pg_temp.step($$action = 'refresh_segment', target = 'bs all', segment = null, args = null, per = null, timeout = '1 min'$$);
select pg_temp.step($$args = '[{"field": "mial"}]'$$);
select pg_temp.step($$args = '[{"field": 1}]'$$);
select pg_temp.step($$args = '[{"key": false}]'$$);
select pg_temp.step($$args = '[{"key": "id"}]'$$);
select pg_temp.step($$args = '[{"keys": true}]'$$);
select pg_temp.step($$args = '[{"cursor": true}]'$$);
select pg_temp.step($$args = '{"kye": {"key": true}}'$$);
select pg_temp.step($$args = '[{"key": true}, {"field": "mail"}, {"field": "mail"}]'$$);
select pg_temp.step($$per = 'set'$$);
select pg_temp.step($$per = null$$);
select pg_temp.step($$target = 'bs.all', per = 'set', args = '[{"cursor": true}]'$$);
select pg_temp.step($$target = 'bs.read', per = 'set', args = '[{"keys": true}]'$$);
select pg_temp.step($$target = 'bs.all', per = 'set', args = '[{"field": "mail"}]'$$);
select pg_temp.step($$target = 'bs.hands_back', args = '{"key": {"key": true}}'$$);
-- Without a segment, and as a literal, it is a value like any other.
update dist.step set target = 'bs.whole', segment = null, per = null, args = '[{"key": true}]' where schedule = 'bs';
update dist.step set target = 'bs.whole', segment = 'bs all', per = 'record', args = '[{"literal": {"keys": true}}]' where schedule = 'bs';
update dist.step set target = 'bs.whole', segment = 'bs all', per = 'set', args = '[{"literal": {"literal": 1}}]' where schedule = 'bs';
-- What was there when it was written can be gone when it runs.
update dist.step set target = 'bs.one', per = 'record', args = '[{"key": true}, {"field": "mail"}]' where schedule = 'bs';
alter table bs.lead drop column mail;
select dist.tick('2999-01-01 06:00Z');
select status, sqlstate, message, hint from dist.run where schedule = 'bs';
-- Who is to be called for each record is nobody's to say but the run's.
select test.refused($$select dist._at_record('1')$$);
select test.refused($$delete from dist.segment where name = 'bs all'$$);

\c - postgres
set client_min_messages = warning;
select test.forget_intent();
drop schema bs cascade;
drop role bs_owner;
