-- What has run at an instant of its plan does not run there again, whatever its plan becomes (X2, G8); and a fire that comes to a
-- later instant than any before does not ask the history, which grows with every run.
create schema once;
create table once.lead (id integer primary key, owner text);
insert into once.lead values (1), (2);
insert into dist.object (name, relation, key_column, owner_column) values ('once', 'once.lead', 'id', 'owner');
insert into dist.rep (rep) values ('once rep');
insert into dist.transfer (name, object, to_rep) values ('once all', 'once', 'once rep');
create view once.ledger as
    select r.schedule, r.due_at at time zone 'UTC' as due, r.step, r.status, r.cause from dist.run r where r.schedule like 'once%' order by r.id;
create view once.state as
    select s.name, st.next_run_at at time zone 'UTC' as next, st.ran_until at time zone 'UTC' as ran_until, st.runs
      from dist.schedule s join dist.schedule_state st on st.schedule_id = s.id where s.name like 'once%' order by s.name;
create function once.reads() returns bigint language sql as $$
    select coalesce(sum(seq_scan + idx_scan), 0)::bigint from pg_stat_xact_user_tables where relid = 'dist.run'::regclass $$;

-- A later instant each time: nothing is read.
insert into dist.schedule (name, start_at, frequency) values ('once daily', '2097-03-01 06:00', 'daily');
insert into dist.step (schedule, target) values ('once daily', 'once all');
begin;
select dist.tick('2097-03-01 06:00Z');
select dist.tick('2097-03-02 06:00Z');
select dist._fire(id, '2097-03-03 06:00Z', false), once.reads() from dist.schedule where name = 'once daily';
commit;
select * from once.state;

-- dist.tick has gone ahead of the clock, and the plan is edited to the same instants: they are asked for, and not run again.
update dist.schedule set every = 2 where name = 'once daily';
begin;
select dist.tick('2097-03-01 06:00Z');
select once.reads() > 0 as asked;
commit;
select * from once.state;
select dist.tick('2097-03-03 06:00Z'), dist.tick('2097-03-05 06:00Z');
select * from once.ledger;
select * from once.state;
delete from dist.schedule where name = 'once daily';

-- A failed run has not run.
insert into dist.transfer (name, object, predicate, to_rep) values ('once fails', 'once', '1 / (r.id - 1) >= 0', 'once rep');
update once.lead set owner = null;
insert into dist.schedule (name, start_at, frequency) values ('once failing', '2097-03-01 06:00', 'daily');
insert into dist.step (schedule, target) values ('once failing', 'once fails');
select dist.tick('2097-03-01 06:00Z');
select * from once.state;
update dist.transfer set predicate = null where name = 'once fails';
update dist.schedule set every = 2 where name = 'once failing';
select dist.tick('2097-03-01 06:00Z');
select schedule, due, status from once.ledger where schedule = 'once failing';
select * from once.state;
delete from dist.schedule where name = 'once failing';

-- Step by step: two have run, the third fails; then all of it becomes one run, and what has run at that instant stays so.
update dist.transfer set predicate = '1 / (r.id - 1) >= 0' where name = 'once fails';
create function once.free() returns void language sql as $$ update once.lead set owner = null $$;
insert into dist.schedule (name, start_at, frequency, transactions) values ('once steps', '2097-03-01 06:00', 'daily', 'step');
insert into dist.step (schedule, position, action, target)
values ('once steps', 1, 'transfer', 'once all'), ('once steps', 2, 'function', 'once.free()'), ('once steps', 3, 'transfer', 'once fails');
select dist.tick('2097-03-01 06:00Z');
select schedule, due, step, status from once.ledger where schedule = 'once steps';
select * from once.state;
update dist.schedule set transactions = 'run', every = 2 where name = 'once steps';
select dist.tick('2097-03-01 06:00Z');
select schedule, due, step, status from once.ledger where schedule = 'once steps';
select * from once.state;
delete from dist.schedule where name = 'once steps';
delete from dist.transfer where object = 'once';
delete from dist.object where name = 'once';
delete from dist.rep where rep = 'once rep';
drop schema once cascade;
