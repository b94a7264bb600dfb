-- What happens to a schedule between two attempts at the same instant, on the virtual clock: no instant vanishes without a row
-- that says why (G8, G11).
create schema edits;
\set SHOW_CONTEXT never
create table edits.lead (id integer primary key, owner text);
insert into edits.lead values (1);
create function edits.rain() returns boolean language plpgsql as $$ begin raise exception 'it rains' using errcode = 'RAIN0'; end $$;
insert into dist.object (name, relation, key_column, owner_column) values ('edits', 'edits.lead', 'id', 'owner');
insert into dist.rep (rep) values ('ann') on conflict do nothing;
insert into dist.transfer (name, object, predicate, to_rep) values ('in the rain', 'edits', 'edits.rain()', 'ann');
create view edits.ledger as
    select r.schedule, to_char(r.due_at at time zone 'UTC', 'HH24:MI') as due, to_char(r.due_to at time zone 'UTC', 'HH24:MI') as until,
           r.attempt, r.status, r.cause
      from dist.run r where r.schedule like 'rainy%' order by r.schedule, r.id;

-- An hour's wait for the second attempt, while a quarter of an hour's instants pass.
set pg_dist.clock = '2098-01-01 00:00+00';
insert into dist.schedule (name, cron, attempts, retry_after)
select 'rainy ' || what, '*/15 * * * *', 2, '1 hour' from unnest(array['edited', 'unbound', 'cancelled', 'paused']) what;
insert into dist.step (schedule, target) select name, 'in the rain' from dist.schedule where name like 'rainy%';
select dist.tick('2098-01-01 00:15+00');
select name, attempt, next_run_at > '2098-01-01 01:00+00' as an_hour from dist.schedule_status where name like 'rainy%' order by name;
set pg_dist.clock = '2098-01-01 00:40+00';
update dist.schedule set cron = '*/20 * * * *' where name = 'rainy edited';
delete from dist.step where schedule = 'rainy unbound';
select dist.cancel('rainy cancelled');
-- What waits goes on waiting when it is resumed before its time.
select dist.pause('rainy paused'), dist.resume('rainy paused');
select * from edits.ledger;
select name, status, to_char(next_run_at at time zone 'UTC', 'HH24:MI') as next, attempt from dist.schedule_status
 where name like 'rainy%' and name <> 'rainy paused' order by name;
select attempt, next_run_at > '2098-01-01 01:00+00' as an_hour from dist.schedule_status where name = 'rainy paused';

-- One that has stopped after failures says so also when it is cancelled.
set pg_dist.clock = '2098-01-02 00:00+00';
insert into dist.schedule (name, cron, pause_after) values ('rainy stopped', '*/15 * * * *', 1);
insert into dist.step (schedule, target) values ('rainy stopped', 'in the rain');
select count(dist.tick('2098-01-02 00:15+00'));
set pg_dist.clock = '2098-01-02 01:10+00';
select dist.cancel('rainy stopped');
select * from edits.ledger where schedule = 'rainy stopped';

reset pg_dist.clock;
set client_min_messages = warning;
delete from dist.schedule where name like 'rainy%';
delete from dist.transfer where name = 'in the rain';
delete from dist.object where name = 'edits';
drop schema edits cascade;
