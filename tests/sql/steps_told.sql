-- What is told of each step of a run, and of its preview: how many its transfer looked at and moved, which step it was that failed,
-- and that a preview is about its instant and inside of a run as the run is (F2, F3, L6).
\pset tuples_only on
\pset format unaligned
set client_min_messages = warning;
create extension if not exists pg_dist;
create schema stt;
create table stt.lead (id integer primary key, size integer, seen timestamptz, inside boolean, owner text);
insert into stt.lead select n, n from generate_series(1, 6) n;
insert into dist.object (name, relation, key_column, owner_column) values ('stt', 'stt.lead', 'id', 'owner');
insert into dist.rep (rep) values ('stt ada');
insert into dist.segment (name, object) values ('stt ''all''', 'stt');
insert into dist.transfer (name, object, predicate, to_rep) values
    ('stt two', 'stt', 'r.id in (1, 2)', 'stt ada'), ('stt more', 'stt', 'r.id in (3, 4, 5)', 'stt ada'), ('stt it''s broken', 'stt', '1 / (r.id - r.id) > 0', 'stt ada');
insert into dist.schedule (name, start_at) values ('stt', '2999-06-01 06:00');
insert into dist.step (schedule, position, target) values ('stt', 1, 'stt two'), ('stt', 2, 'stt two'), ('stt', 3, 'stt more');
-- Each step's own numbers, whatever those before it have done.
select status, candidates, assigned from dist.run_now('stt');
select position, target, candidates, assigned from dist.run_step where run_id = (select max(id) from dist.run where schedule = 'stt') order by 1;
-- One of several that fails is named, its name quoted.
update stt.lead set owner = null;
update dist.step set target = 'stt it''s broken' where schedule = 'stt' and position = 2;
select status, sqlstate, message, detail from dist.run_now('stt');
delete from dist.step where schedule = 'stt';
insert into dist.step (schedule, position, action, target) values ('stt', 1, 'refresh_segment', 'stt ''all''');
update dist.segment set predicate = '1 / (r.id - r.id) > 0' where name like 'stt%';
select status, sqlstate, message, detail from dist.run_now('stt');
update dist.segment set predicate = null where name like 'stt%';
-- A preview is about its instant, and what asks for the run finds one; it keeps what it overwrites, to tell of it, though the run does not.
insert into dist.formula (name, object, field, expression) values ('stt seen', 'stt', 'seen', 'dist.as_of()'), ('stt inside', 'stt', 'inside', 'dist.run_id() is not null');
insert into dist.step (schedule, position, action, target, args) values
    ('stt', 2, 'apply_formulas', 'stt ''all''', '{"formulas": ["stt seen", "stt inside"]}'),
    ('stt', 3, 'mass_edit', 'stt ''all''', '{"fields": [{"field": "size", "value": 9}], "keep_before": false}');
select position, record_key, effect, detail from dist.preview_steps('stt', '2999-06-05 07:00Z') where record_key in ('2') order by position;
select count(*), count(seen) from stt.lead;
-- What a restored dump may have is refused when it is run.
set check_function_bodies = off;
update dist.step set args = '{"full": true}' where schedule = 'stt' and position = 1;
reset check_function_bodies;
select status, sqlstate, message, detail from dist.run_now('stt');
-- Whose turn it is is asked again behind a step that may have set off a run of its own: a function, or an edit with a trigger behind it.
delete from dist.step where schedule = 'stt';
update stt.lead set owner = null;
insert into dist.rep (rep) values ('stt bob');
insert into dist.team (team) values ('stt');
insert into dist.team_member (team, rep, position) values ('stt', 'stt ada', 1), ('stt', 'stt bob', 2);
insert into dist.distribution_rule (name, strategy, team) values ('stt turns', 'round_robin', 'stt');
create table stt.side (id integer primary key, owner text);
insert into stt.side values (1);
insert into dist.object (name, relation, key_column, owner_column) values ('stt side', 'stt.side', 'id', 'owner');
insert into dist.transfer (name, object, to_distribution_rule) values ('stt side', 'stt side', 'stt turns');
insert into dist.transfer (name, object, predicate, to_distribution_rule) values ('stt one', 'stt', 'r.id = 1', 'stt turns');
create function stt.sets_off() returns trigger language plpgsql as $$ begin perform dist.execute('stt side'); return null; end $$;
create trigger sets_off after update of size on stt.lead for each statement execute function stt.sets_off();
create function stt.calls() returns void language sql as $$ select dist.execute('stt side') $$;
insert into dist.step (schedule, position, action, target, args) values
    ('stt', 1, 'function', 'stt.calls', null), ('stt', 2, 'transfer', 'stt one', null);
select status, message, assigned from dist.run_now('stt');
select (select owner from stt.side), (select owner from stt.lead where id = 1), (select turns from dist.pool where distribution_rule = 'stt turns');
update stt.lead set owner = null where id = 1;
update stt.side set owner = null;
update dist.step set action = 'mass_edit', target = 'stt ''all''', args = '{"fields": [{"field": "size", "value": 1}]}' where schedule = 'stt' and position = 1;
select status, message, assigned from dist.run_now('stt');
select (select owner from stt.side), (select owner from stt.lead where id = 1), (select turns from dist.pool where distribution_rule = 'stt turns');
select test.forget_intent();
drop schema stt cascade;
