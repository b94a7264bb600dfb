-- The outbox (Z10): what happened, for processes outside that read it, each event once and in order.
-- What nobody wants to be told of is not written. (Transactions that end in another order, and NOTIFY: tests/specs/events.spec.)
set client_min_messages = warning;
create extension if not exists pg_dist;
create role evt_ops login in role dist_manager;
create role evt_push login in role dist_reader;
grant evt_push to evt_ops;
create schema evt authorization evt_ops;
create table evt.lead (id integer primary key, region text, rep text);
create table evt.deal (id uuid primary key, rep text);
alter table evt.lead owner to evt_ops;
alter table evt.deal owner to evt_ops;
insert into evt.lead select n, case when n % 2 = 0 then 'north' else 'south' end from generate_series(1, 6) n;
insert into evt.deal values ('00000000-0000-0000-0000-00000000000d');
insert into dist.object (name, relation, key_column, owner_column) values ('evt lead', 'evt.lead', 'id', 'rep'), ('evt deal', 'evt.deal', 'id', 'rep');
set session authorization evt_ops;
insert into dist.rep (rep) values ('evt ada'), ('evt bob');
insert into dist.team (team) values ('evt');
insert into dist.team_member (team, rep, position) values ('evt', 'evt ada', 1), ('evt', 'evt bob', 2);
insert into dist.distribution_rule (name, strategy, team) values ('evt turns', 'round_robin', 'evt');
insert into dist.transfer (name, object, to_distribution_rule, predicate, ranking)
values ('evt north', 'evt lead', 'evt turns', 'r.region = ''north''', 'r.id'), ('evt rest', 'evt lead', 'evt turns', null, 'r.id');
insert into dist.transfer (name, object, to_rep) values ('evt deals', 'evt deal', 'evt ada');
insert into dist.transfer (name, object, kind, predicate, ranking) values ('evt back', 'evt lead', 'retrieval', 'r.id < 4', 'r.id');

-- Refused when written
\pset tuples_only on
select test.refused($$insert into dist.consumer (name) values (' ')$$);
select test.refused($$insert into dist.consumer (name, kinds) values ('evt bad', '{asigned}')$$);
select test.refused($$insert into dist.consumer (name, kinds) values ('evt bad', '{}')$$);
select test.refused($$insert into dist.consumer (name, objects) values ('evt bad', '{evt led}')$$);
select test.refused($$insert into dist.consumer (name, objects) values ('evt bad', '{evt lead,NULL}')$$);
select test.refused($$insert into dist.consumer (name, channel) values ('evt bad', '')$$);
select test.refused($$insert into dist.consumer (name, owner) values ('evt bad', 'evt nobody')$$);
select test.refused($$insert into dist.consumer (name, owner) values ('evt bad', 'test_admin')$$);

-- Nobody wants to be told: nothing is written
select assigned from dist.execute('evt north', '2031-03-01 09:00Z');
select count(*) from dist.event where object = 'evt lead';

-- A consumer is told of what is committed from then on
insert into dist.consumer (name, kinds, objects, channel, owner)
values ('evt leads', '{assigned,unowned}', '{evt lead}', 'evt_leads', 'evt_push'), ('evt all', null, null, null, 'evt_ops');
select test.refused($$select * from dist.read_events('evt lead')$$);
select test.refused($$select * from dist.read_events('evt leads', 0)$$);
select count(*) from dist.read_events('evt leads');
begin;
select assigned from dist.execute('evt rest', '2031-03-02 09:00Z');
select assigned from dist.execute('evt deals', '2031-03-02 10:00Z');
-- What is not committed is told nobody, nor its own transaction
select count(*) from dist.read_events('evt all');
commit;
\pset tuples_only off
-- As a role that can read and nothing else; another one does not take its events from it
set session authorization evt_push;
select kind, object, record_key, rep, old_owner, cause, at from dist.read_events('evt leads', 2);
\pset tuples_only on
select test.refused($$select * from dist.read_events('evt all')$$);
select test.refused($$select * from dist._take_events('evt all', 1, 'evt_ops')$$);
select test.refused($$delete from dist.event$$);
select test.refused($$insert into dist.consumer (name) values ('evt bad')$$);
\pset tuples_only off
-- Reading is undone with the transaction it was done in, and taken up where it stood
begin;
select record_key, rep from dist.read_events('evt leads', 2);
rollback;
begin;
savepoint s;
select record_key, rep from dist.read_events('evt leads', 2);
rollback to s;
select record_key, rep from dist.read_events('evt leads', 1);
commit;
select record_key, rep from dist.read_events('evt leads');

-- Moves back and forth: a retrieval, a return, an undo; each event leads to its row of the audit
set session authorization evt_ops;
select assigned from dist.execute('evt back', '2031-03-03 09:00Z');
select assigned from dist.return_record('evt lead', '5', 'not mine');
select assigned from dist.undo((select max(id) from dist.run where transfer = 'evt back'));
select e.kind, e.record_key, e.rep, e.old_owner, e.cause, a.record_key = e.record_key and a.object = e.object and a.at = e.at as in_audit
  from dist.read_events('evt leads') e
  left join dist.assignment a on a.run_id = e.run_id and a.seq = e.seq;
select kind, object, record_key, rep from dist.read_events('evt all');

-- A schedule that fails
create function evt.fail() returns void language plpgsql as 'begin raise exception using errcode = ''P0EVT'', message = ''evt: no''; end';
insert into dist.schedule (name, start_at, attempts) values ('evt fails', '2999-01-01 06:00', 1);
insert into dist.step (schedule, position, action, target) values ('evt fails', 1, 'function', 'evt.fail');
select status, sqlstate from dist.run_now('evt fails');
select e.kind, e.object, e.cause, payload ->> 'trigger' as trigger, payload ->> 'sqlstate' as sqlstate, payload ->> 'message' as message, r.status
  from dist.read_events('evt all') e join dist.run r on r.id = e.run_id;

-- A preview tells nobody
select count(*) from dist.preview('evt back', '2031-03-05 09:00Z');
insert into dist.schedule (name, start_at) values ('evt backs', '2999-01-01 06:00');
insert into dist.step (schedule, position, target) values ('evt backs', 1, 'evt back');
select count(*) from dist.preview_schedule('evt backs');
select count(*) from dist.read_events('evt all');

-- Idle records, and records to be brought elsewhere (Z10): put there by a schedule's step, with its owner's rights and as of its
-- instant; nothing is read where nobody wants to be told
\pset tuples_only on
select test.refused($$select dist.publish('evt led')$$);
select test.refused($$select dist.publish('evt lead', 'assigned')$$);
select test.refused($$select dist.publish('evt lead', 'idle', null, 'r.id > 1); drop table evt.lead; --')$$);
select test.refused($$select dist.publish('evt lead', 'idle', '{"field": "nothing", "op": "=", "value": 1}')$$);
select test.refused($$select dist.publish('evt lead', 'idle', 'null')$$);
\pset tuples_only off
select dist.publish('evt lead', 'idle', '{"field": "region", "op": "=", "value": "north"}', 'r.rep is not null');
update dist.consumer set kinds = '{assigned}' where name = 'evt all';
select dist.publish('evt lead', 'idle', null, '1 / (r.id - r.id) = 1');
update dist.consumer set kinds = null where name = 'evt all';
insert into dist.schedule (name, start_at) values ('evt alerts', '2998-01-01 06:00');
insert into dist.step (schedule, position, action, target, args)
values ('evt alerts', 1, 'function', 'dist.publish', '{"object": "evt lead", "kind": "record", "predicate": "r.id < 3 and dist.as_of() = ''2998-01-01 06:00''"}');
select dist.tick('2998-01-01 06:00Z') > 0 as ran;
select e.kind, e.object, record_key, rep, r.schedule, e.at = r.as_of as at_its_instant from dist.read_events('evt all') e left join dist.run r on r.id = e.run_id
 where e.kind in ('idle', 'record') order by e.id;
select status, message from dist.run where schedule = 'evt alerts';

-- A passive consumer: nothing is written for it, and switched on it begins anew
update dist.consumer set active = false where name = 'evt all';
update dist.consumer set kinds = '{failed}' where name = 'evt leads';
select count(*) as before from dist.event \gset
select assigned from dist.execute('evt back', '2031-03-06 09:00Z');
select count(*) - :before as written from dist.event;
\pset tuples_only on
select test.refused($$select * from dist.read_events('evt all')$$);
\pset tuples_only off
update dist.consumer set active = true where name = 'evt all';
update dist.consumer set kinds = null where name = 'evt leads';
select assigned from dist.execute('evt rest', '2031-03-07 09:00Z');
select record_key from dist.read_events('evt all');

-- dist.health: who has not read what for how long
reset session authorization;
select count(*) as unread from dist.read_events('evt leads');
set session authorization evt_ops;
select assigned from dist.execute('evt back', '2031-03-08 09:00Z');
select name, status, detail, role from dist.health where kind = 'consumer' and name like 'evt%' order by name;
reset session authorization;
update dist.event set written_at = now() - interval '1 hour 1 minute';
select name, status, detail from dist.health where kind = 'consumer' and name like 'evt%' order by name;

-- Retention: what has been read goes after event_days; what an active consumer has yet to read stays, until the
-- policy event_unread_days says otherwise
select count(*) from dist.read_events('evt all', 2);
update dist.event set written_at = now() - interval '9 days';
insert into dist.policy (name, value) values ('event_days', 10);
select dist._forget_events(1000);
update dist.policy set value = 8 where name = 'event_days';
select dist._forget_events(1000) > 0 as forgotten;
select count(*) as kept from dist.event;
delete from dist.consumer where name = 'evt leads';
select dist._forget_events(2);
select record_key from dist.event order by id;
insert into dist.policy (name, value) values ('event_unread_days', 8);
select events > 0 as forgotten from dist.purge();
select count(*) as kept from dist.event;
select count(*) from dist.read_events('evt all');

-- Restored into another cluster, whose transactions have lower numbers: nothing that was unread is lost, nothing is read
-- twice, and what is written there comes after it.
delete from dist.policy where name = 'event_unread_days';
set session authorization evt_ops;
select assigned from dist.execute('evt rest', '2031-03-09 09:00Z');
select record_key from dist.read_events('evt all', 1);
reset session authorization;
update dist.event_base set system_identifier = 'another cluster';
update dist.event set tx = tx + 1000000000;
update dist.event_cursor set seen_most = seen_most + 1000000000, upto_most = upto_most + 1000000000,
       seen_open = array(select x + 1000000000 from unnest(seen_open) x), upto_open = array(select x + 1000000000 from unnest(upto_open) x);
select dist._is_paused_copy() is null as at_home;
begin;
update dist.home set system_identifier = 'another cluster';
\pset tuples_only on
select test.refused($$select * from dist.read_events('evt all')$$);
\pset tuples_only off
rollback;
set session authorization evt_ops;
select assigned from dist.execute('evt back', '2031-03-10 09:00Z');
select kind, record_key from dist.read_events('evt all');
select count(*) from dist.read_events('evt all');
select assigned from dist.execute('evt rest', '2031-03-11 09:00Z');
select kind, record_key from dist.read_events('evt all');
select added > 1000000000 as goes_on, system_identifier = (select system_identifier::text from pg_control_system()) as here from dist.event_base;

-- Names: a consumer goes on with an object that is renamed, and keeps it from being deleted; its own new name
reset session authorization;
insert into dist.consumer (name, objects) values ('evt deals', '{evt deal}');
update dist.object set name = 'evt offer' where name = 'evt deal';
select objects from dist.consumer where name = 'evt deals';
\pset tuples_only on
delete from dist.transfer where name = 'evt deals';
select test.refused($$delete from dist.object where name = 'evt offer'$$);
\pset tuples_only off
update dist.consumer set name = 'evt offers' where name = 'evt deals';
select count(*) from dist.read_events('evt offers');
select test.forget_intent();
drop schema evt cascade;
drop role evt_ops, evt_push;
