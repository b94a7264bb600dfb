-- Automations on the virtual clock: what comes in is routed in the transaction that brings it or by the worker, at once or after
-- a wait, and is told where it is left (L1, C2, C3); errors hold records and never the application (L1).
\set SHOW_CONTEXT never
create schema auto;
grant usage on schema auto to public;
create table auto.lead (id bigint primary key, region text, score integer, note text, owner text);
grant all on auto.lead to test_manager;
grant insert, update, select on auto.lead to test_outsider;
create table auto.visit (lead_id bigint, page text);
grant select on auto.visit to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('auto', 'auto.lead', 'id', 'owner');
create function auto.now_is(at timestamptz) returns void language sql as $$ select set_config('pg_dist.clock', at::text, false) $$;
create function auto.leads() returns table (id bigint, owner text) language sql as $$ select id, owner from auto.lead order by id $$;
create function auto.runs(name text) returns table (trigger text, status text, due text, candidates bigint, assigned bigint, reasons jsonb, sqlstate text, run_by name) language sql as $$
    select r.trigger, r.status, to_char(r.due_at at time zone 'UTC', 'MM-DD HH24:MI:SS'), r.candidates, r.assigned, r.reasons, r.sqlstate, r.run_by
      from dist.run r where r.cause_name = $1 order by r.id
$$;
create function auto.triggers() returns setof text language sql as $$
    select tgname::text from pg_trigger where tgrelid = 'auto.lead'::regclass order by 1
$$;
\c - test_manager
insert into dist.rep (rep) values ('au ann'), ('au ben'), ('au cyd');
insert into dist.team (team) values ('au');
insert into dist.team_member (team, rep, position) values ('au', 'au ann', 1), ('au', 'au ben', 2);
insert into dist.distribution_rule (name, strategy, team) values ('au turns', 'round_robin', 'au');
\c - postgres
select auto.now_is('2097-01-01 08:00+00');

-- In the transaction that brings them. Whoever inserts has no right on dist.
insert into dist.automation (name, object, criteria, to_distribution_rule, mode, owner)
values ('au now', 'auto', '{"field": "region", "op": "=", "value": "north"}', 'au turns', 'in_transaction', 'test_manager');
select * from auto.triggers();
set session authorization test_outsider;
insert into auto.lead (id, region) values (1, 'north'), (2, 'north'), (3, 'south');
insert into auto.lead (id, region, owner) values (4, 'north', 'au cyd');
insert into auto.lead (id, region) select 5, 'north' where false;
select auto.leads();
reset session authorization;
select * from auto.runs('au now');
select u.record_key, u.reason, u.rule from dist.unassigned u join dist.run r on r.id = u.run_id where r.cause_name = 'au now' order by 1, 2;
-- Rolled back, it never was.
begin;
insert into auto.lead (id, region) values (5, 'north');
select owner from auto.lead where id = 5;
rollback;
select count(*) from auto.runs('au now');
-- Undo, replay and the audit know such runs as any other.
select a.record_key, a.new_owner, a.reason, a.distribution_rule from dist.assignment a join dist.run r on r.id = a.run_id where r.cause_name = 'au now' order by 1;
select (dist.undo(min(id))).assigned from dist.run where cause_name = 'au now';
select auto.leads();
select turns from dist.pool where distribution_rule = 'au turns';

insert into dist.consumer (name, kinds) values ('au told', '{held}');
-- An error holds the records; the statement that brings them succeeds. Where it says so, it fails.
alter table auto.lead add constraint no_ann check (owner <> 'au ann' or score is distinct from 13);
set session authorization test_outsider;
insert into auto.lead (id, region, score) values (10, 'north', 13), (11, 'north', 1);
select auto.leads();
reset session authorization;
select automation, record_key, attempts, sqlstate, left(message, 60) as message, due_at - since as backoff from dist.waiting order by 2;
select kind, name, due_at is null as by_call from dist.task;
select kind, object, record_key, cause, payload ->> 'sqlstate' as sqlstate from dist.read_events('au told', 10);
delete from dist.consumer;
delete from dist.event;
update dist.automation set on_error = 'raise' where name = 'au now';
set session authorization test_outsider;
insert into auto.lead (id, region, score) values (12, 'north', 13), (13, 'north', 1);
reset session authorization;
select count(*) from auto.lead where id in (12, 13);
update dist.automation set on_error = 'hold' where name = 'au now';
-- Tried again: a record that cannot be routed does not hold up the others.
select dist.tick('2097-01-01 08:30+00') > 0 as fired;
select auto.leads();
select record_key, attempts, sqlstate from dist.waiting;
alter table auto.lead drop constraint no_ann;
select dist.tick('2097-01-01 09:30+00') > 0 as fired;
select auto.leads();
select count(*) as waiting from dist.waiting;
select status, candidates, assigned, sqlstate from auto.runs('au now') offset 2;
update dist.automation set active = false where name = 'au now';
select * from auto.triggers();
insert into auto.lead (id, region) values (20, 'north');
select owner from auto.lead where id = 20;

-- Queued, after a wait: everything is evaluated afresh when it is over.
delete from auto.lead;
select auto.now_is('2097-02-01 08:00+00');
insert into dist.automation (name, object, on_insert, on_columns, criteria, to_distribution_rule, wait, owner)
values ('au later', 'auto', true, '{score, region}', '{"related": "auto.visit", "on": {"lead_id": "id"}, "where": {"field": "page", "op": "=", "value": "pricing"}}',
        'au turns', '10 minutes', 'test_manager');
select * from auto.triggers();
insert into auto.lead (id, region) select n, 'east' from generate_series(1, 6) n;
select record_key, to_char(since at time zone 'UTC', 'HH24:MI') as since, to_char(due_at at time zone 'UTC', 'HH24:MI') as due, attempts from dist.waiting order by 1;
select dist.tick('2097-02-01 08:09:59+00') as fired;
insert into auto.visit values (1, 'pricing'), (2, 'pricing'), (3, 'pricing'), (4, 'pricing');
delete from auto.lead where id = 3;
update auto.lead set owner = 'au cyd' where id = 4;
select dist.tick('2097-02-01 08:10+00') as fired;
select auto.leads();
select * from auto.runs('au later');
select u.record_key, u.reason from dist.unassigned u join dist.run r on r.id = u.run_id where r.cause_name = 'au later' order by 1;
select count(*) as waiting from dist.waiting;
-- A change of a named column brings a record in as well; of another one, or to the same value, it does not. What pg_dist itself
-- moves does not either.
select auto.now_is('2097-02-02 08:00+00');
insert into auto.visit values (5, 'pricing'), (6, 'pricing');
update auto.lead set note = 'called' where id = 5;
update auto.lead set score = null, region = 'east' where id = 5;
select count(*) as waiting from dist.waiting;
update auto.lead set score = id where id in (1, 5, 6);
update auto.lead set score = 7 where id = 6;
-- A column that is dropped stops nobody's update.
alter table auto.lead drop column region;
update auto.lead set note = 'again' where id = 6;
alter table auto.lead add column region text;
select record_key, count(*) from dist.waiting group by 1 order by 1;
select dist.tick('2097-02-02 09:00+00') as fired;
select auto.leads();
select trigger, status, candidates, assigned, reasons from auto.runs('au later') offset 1;
select count(*) as waiting from dist.waiting;

-- What came in and what became of it (C5); and whom another tool gave records to that an automation had given away.
select automation, came_in, assigned, excluded, owned, no_match, gone, other, failed_runs, waiting, held from dist.intake order by 1;
insert into auto.lead (id) values (7);
select name, status, detail from dist.health where kind = 'automation' order by 1;
update auto.lead set owner = 'au cyd' where id in (1, 4);
select record_key, given_to, owned_by from dist.overtaken('au later');
select test.refused($$select dist.overtaken('au late')$$);
delete from dist.waiting;

-- Passive: what waits goes on waiting. Renamed and made active again, it is routed. Deleted, nothing is left of it.
select auto.now_is('2097-03-01 08:00+00');
insert into auto.visit select n, 'pricing' from generate_series(30, 40) n;
insert into auto.lead (id) values (30);
update dist.automation set active = false where name = 'au later';
select * from auto.triggers();
select dist.tick('2097-03-02 08:00+00') as fired;
select automation, record_key from dist.waiting;
update dist.automation set active = true, name = 'au after' where name = 'au later';
select automation, record_key from dist.waiting;
select dist.tick('2097-03-02 08:00+00') as fired;
select owner from auto.lead where id = 30;
insert into auto.lead (id) values (31);
delete from dist.automation where name = 'au after';
select count(*) as waiting, (select count(*) from dist.task) as tasks from dist.waiting;

-- Two of one object: in order of their position. What a trigger of the user's inserts while a run moves records is queued.
select auto.now_is('2097-04-01 08:00+00');
create function auto.twin() returns trigger language plpgsql as $$
begin
    if new.owner is not null and new.id < 1000 then insert into auto.lead (id, region) values (new.id + 1000, new.region); end if;
    return new;
end $$;
create trigger twin after update on auto.lead for each row execute function auto.twin();
insert into dist.automation (name, object, criteria, to_rep, mode, position, owner)
values ('au a second', 'auto', null, 'au cyd', 'in_transaction', 2, 'test_manager'),
       ('au b first', 'auto', '{"field": "region", "op": "=", "value": "west"}', 'au ben', 'in_transaction', 1, 'test_manager');
insert into auto.lead (id, region) values (50, 'west'), (51, 'east');
select id, owner from auto.lead where id in (50, 51, 1050, 1051) order by 1;
select automation, record_key, attempts from dist.waiting order by id;
select dist.tick('2097-04-01 08:00+00') as fired;
select id, owner from auto.lead where id in (50, 51, 1050, 1051) order by 1;
drop trigger twin on auto.lead;

-- A new owner that pg_dist gives sets off nothing; one that somebody else gives does.
delete from dist.automation;
insert into dist.automation (name, object, on_insert, on_columns, to_rep) values ('au owner', 'auto', false, '{owner}', 'au ben');
insert into dist.transfer (name, object, to_rep) values ('au give', 'auto', 'au ann');
insert into auto.lead (id) values (60), (61);
select assigned from dist.execute('au give');
select count(*) as waiting from dist.waiting;
update auto.lead set owner = null where id = 60;
select record_key from dist.waiting;
select dist.tick('2097-04-02 08:00+00') as fired;
select id, owner from auto.lead where id in (60, 61) order by 1;
select count(*) as waiting from dist.waiting;

-- What is wrong is refused when it is written.
select test.refused($$insert into dist.automation (name, object, to_rep) values ('', 'auto', 'au ann')$$);
select test.refused($$insert into dist.automation (name, object, to_rep) values ('x', 'autos', 'au ann')$$);
select test.refused($$insert into dist.automation (name, object) values ('x', 'auto')$$);
select test.refused($$insert into dist.automation (name, object, to_rep, to_distribution_rule) values ('x', 'auto', 'au ann', 'au turns')$$);
select test.refused($$insert into dist.automation (name, object, to_rep, mode) values ('x', 'auto', 'au ann', 'que')$$);
select test.refused($$insert into dist.automation (name, object, to_rep, mode, wait) values ('x', 'auto', 'au ann', 'in_transaction', '1 hour')$$);
select test.refused($$insert into dist.automation (name, object, to_rep, wait) values ('x', 'auto', 'au ann', '-1 hour')$$);
select test.refused($$insert into dist.automation (name, object, to_rep, on_error) values ('x', 'auto', 'au ann', 'raise')$$);
select test.refused($$insert into dist.automation (name, object, to_rep, on_insert) values ('x', 'auto', 'au ann', false)$$);
select test.refused($$insert into dist.automation (name, object, to_rep, on_columns) values ('x', 'auto', 'au ann', '{scores}')$$);
select test.refused($$insert into dist.automation (name, object, to_rep, on_columns) values ('x', 'auto', 'au ann', '{}')$$);
select test.refused($$insert into dist.automation (name, object, to_rep, predicate) values ('x', 'auto', 'au ann', 'r.scores > 1')$$);
select test.refused($$insert into dist.automation (name, object, to_rep, owner) values ('x', 'auto', 'au ann', 'nobody at all')$$);
revoke trigger on auto.lead from test_manager;
\c - test_manager
select test.refused($$insert into dist.automation (name, object, to_rep) values ('x', 'auto', 'au ann')$$);
select test.refused($$insert into dist.automation (name, object, to_rep, active, owner) values ('x', 'auto', 'au ann', false, 'postgres')$$);
\c - postgres
delete from dist.automation;
select * from auto.triggers();

-- The triggers follow the object to another table, also a partitioned one, and a composite or text key is none the worse.
create table auto.part (id text not null, region text, owner text, made date not null) partition by range (made);
create table auto.part_1 partition of auto.part for values from ('2097-01-01') to ('2098-01-01');
create table auto.part_2 partition of auto.part for values from ('2098-01-01') to ('2099-01-01');
insert into dist.automation (name, object, to_distribution_rule, mode, on_columns) values ('au parts', 'auto', 'au turns', 'in_transaction', '{region}');
set session authorization test_admin;
select test.refused($$update dist.object set relation = 'auto.part' where name = 'auto'$$);
reset session authorization;
update dist.object set relation = 'auto.part' where name = 'auto';
select tgrelid::regclass, tgname from pg_trigger where tgname like 'pg_dist%' and tgparentid = 0 order by 1, 2;
insert into auto.part values ('o''ne', 'x', null, '2097-05-05'), ('{two}', 'x', null, '2098-05-05'), ('three', 'x', 'au cyd', '2098-05-06');
select id, owner from auto.part order by id collate "C";
update auto.part set owner = null;
update auto.part set region = 'y' where made > '2098-01-01';
select id, owner from auto.part order by id collate "C";
select test.forget_intent();
select count(*) from pg_trigger where tgname like 'pg_dist%';
