-- One transaction per step (F4, X2): each step is a run of its own, which commits by itself. After a failure the instant goes on
-- with the step that failed, and nothing that has been committed is done twice. What crashes do is tests/worker/step_transactions.sh's.
set client_min_messages = warning;
create schema stx;
create table stx.lead (id integer primary key, owner text);
insert into stx.lead select n, case when n > 2 then 'stx ann' end from generate_series(1, 4) n;
create table stx.done (what text, run bigint);
create table stx.broken (what text);
create function stx.does(what text) returns text language plpgsql as $$
begin
    insert into stx.done values (what, dist.run_id());
    if exists (select from stx.broken b where b.what = does.what) then
        raise exception 'broken: %', what using errcode = '22023';
    end if;
    return what;
end $$;
insert into dist.object (name, relation, key_column, owner_column) values ('stx lead', 'stx.lead', 'id', 'owner');
insert into dist.rep (rep) values ('stx ann'), ('stx ben');
insert into dist.team (team) values ('stx');
insert into dist.team_member (team, rep) values ('stx', 'stx ann'), ('stx', 'stx ben');
insert into dist.distribution_rule (name, strategy, team) values ('stx turns', 'round_robin', 'stx');
insert into dist.transfer (name, object, to_distribution_rule) values ('stx give', 'stx lead', 'stx turns');
insert into dist.transfer (name, kind, object) values ('stx take', 'retrieval', 'stx lead');
insert into dist.schedule (name, start_at, frequency, transactions, attempts, retry_after) values ('stx daily', '2035-01-01 06:00', 'daily', 'step', 2, '1 minute');
insert into dist.step (schedule, position, action, target, args) values
    ('stx daily', 1, 'function', 'stx.does', '["one"]'), ('stx daily', 2, 'function', 'stx.does', '["two"]'), ('stx daily', 3, 'function', 'stx.does', '["three"]');
create view stx.runs as
    select r.step, r.due_at at time zone 'UTC' as due, r.attempt, r.status, r.cause, r.message, (select string_agg(p.position || ' ' || p.result, ', ') from dist.run_step p where p.run_id = r.id) as steps
      from dist.run r where r.schedule = 'stx daily' order by r.id;
create view stx.state as
    select x.next_run_at at time zone 'UTC' as next, x.due_at at time zone 'UTC' as due, x.attempt, x.runs, x.failures
      from dist.schedule_state x join dist.schedule s on s.id = x.schedule_id where s.name = 'stx daily';

-- Each step a run.
select dist.tick('2035-01-01 06:00Z') as fired;
select * from stx.runs;
select * from stx.state;
select what, count(*), count(distinct run) as runs from stx.done group by 1 order by 1;

-- One that fails: those before it stay, and the retry goes on with it; its successor has attempts of its own.
insert into stx.broken values ('two');
select dist.tick('2035-01-02 06:00Z') as fired;
select * from stx.runs where due = '2035-01-02 06:00';
select attempt, next > due as waits, due from stx.state;
delete from stx.broken;
insert into stx.broken values ('three');
select dist.tick('2035-01-02 06:10Z') as fired;
select * from stx.runs where due = '2035-01-02 06:00';
select attempt, next > due as waits, due from stx.state;
delete from stx.broken;
select dist.tick('2035-01-02 06:20Z') as fired;
select step, attempt, status from stx.runs where due = '2035-01-02 06:00';
select * from stx.state;
-- A step that was committed twice would be here twice.
select what, count(*) from stx.done group by 1 order by 1;
-- Where the attempts are used up the rest is given up, and the next instant begins anew.
insert into stx.broken values ('two');
select dist.tick('2035-01-03 06:00Z') as fired;
select dist.tick('2035-01-03 06:30Z') as fired;
delete from stx.broken;
select dist.tick('2035-01-04 06:00Z') as fired;
select step, due, attempt, status from stx.runs where due >= '2035-01-03';
select * from stx.state;
select step, message from dist.failure where schedule = 'stx daily' order by run_id;
-- What passes between two steps does not become the instant of the rest (misfire = one would run the latest), as it would where
-- the server goes down between the two.
select dist._fire(s.id, '2035-01-05 06:00Z', false) from dist.schedule s where s.name = 'stx daily';
select step, due, attempt, status, cause from stx.runs where due >= '2035-01-05';
select * from stx.state;
select dist.tick('2035-01-08 12:00Z') as fired;
select step, due, attempt, status, cause from stx.runs where due >= '2035-01-05';
select * from stx.state;
-- Steps are known by their position: one that failed can be mended meanwhile, and a passive one is passed over.
insert into stx.broken values ('two');
select dist.tick('2035-01-09 06:00Z') as fired;
update dist.step set args = '["two, mended"]' where schedule = 'stx daily' and position = 2;
update dist.step set active = false where schedule = 'stx daily' and position = 3;
select dist.tick('2035-01-09 06:30Z') as fired;
select step, attempt, status, steps from stx.runs where due = '2035-01-09 06:00';
update dist.step set active = true where schedule = 'stx daily' and position = 3;
-- The ledger refuses a second success of the same step.
begin;
update dist.schedule_state x set next_run_at = '2035-01-09 06:00Z', due_at = '2035-01-09 06:00Z' from dist.schedule s where s.id = x.schedule_id and s.name = 'stx daily';
select dist.tick('2035-01-09 06:31Z') as fired;
select step, status from stx.runs where due = '2035-01-09 06:00' and status = 'succeeded' order by 1;
rollback;

-- By hand: a step that fails leaves those before it; the run that is returned says which it was.
delete from stx.broken;
insert into stx.broken values ('three');
select step, status, message, trigger from dist.run_now('stx daily');
select step, status from dist.run where schedule = 'stx daily' and trigger = 'manual' order by id;
delete from stx.broken;
select step, status from dist.run_now('stx daily');

-- What an earlier step took from a rep does not go back to him, though that was another run (G15); each is undone by itself (X5).
insert into dist.schedule (name, start_at, transactions) values ('stx books', '2035-02-01 06:00', 'step');
insert into dist.step (schedule, position, target) values ('stx books', 1, 'stx take'), ('stx books', 2, 'stx give');
select dist.tick('2035-02-01 06:00Z') >= 1 as fired;
select step, transfer, candidates, assigned from dist.run where schedule = 'stx books' order by id;
select p.position, p.action, p.target, p.assigned from dist.run_step p join dist.run r on r.id = p.run_id where r.schedule = 'stx books' order by 1;
select id, owner from stx.lead order by id;
select status, assigned from dist.undo((select max(id) from dist.run where schedule = 'stx books'));
select count(owner) from stx.lead;

-- Of an instant that has been begun nothing is done twice, also where all of it is to be one run now.
update dist.schedule set attempts = 1, transactions = 'run' where name = 'stx daily';
begin;
update dist.schedule_state x set next_run_at = '2035-01-09 06:00Z', due_at = '2035-01-09 06:00Z' from dist.schedule s where s.id = x.schedule_id and s.name = 'stx daily';
select dist.tick('2035-01-09 06:31Z') as fired;
select count(*) from stx.runs where due = '2035-01-09 06:00' and step is null;
rollback;
\pset tuples_only on
\pset format unaligned
select test.refused($$update dist.schedule set transactions = 'steps' where name = 'stx daily'$$);
select test.refused($$update dist.schedule set transactions = null where name = 'stx daily'$$);
select test.refused($$insert into dist.schedule (name, start_at, transactions) values ('stx x', '2035-01-01 06:00', 'each')$$);
select test.forget_intent();
drop schema stx cascade;
