-- Due work that is no schedule (dist.task), on the virtual clock: order among schedules, calls, failures that wait longer and
-- longer and stop nobody else (L4). The kind made up here writes down what it is asked.
\set SHOW_CONTEXT never
create schema tasks;
create table tasks.done (n serial, name text, as_of timestamptz);
create table tasks.fault (name text, sqlstate text);
create function dist._serve_madeup(name text, as_of timestamptz, live boolean) returns timestamptz language plpgsql as $$
begin
    insert into tasks.done (name, as_of) values (name, as_of);
    if exists (select from tasks.fault f where f.name = $1) then
        raise exception 'out of order' using errcode = (select f.sqlstate from tasks.fault f where f.name = $1);
    end if;
    return case name when 'each hour' then as_of + interval '1 hour' end;
end $$;
create function tasks.seen() returns setof text language sql as $$
    with gone as (delete from tasks.done returning *)
    select format('%s %s', to_char(as_of at time zone 'UTC', 'MM-DD HH24:MI:SS'), name) from gone order by n
$$;
create table tasks.lead (id integer primary key, owner text);
insert into dist.object (name, relation, key_column, owner_column) values ('tasks', 'tasks.lead', 'id', 'owner');
insert into dist.rep (rep) values ('tasks');
insert into dist.transfer (name, object, to_rep) values ('tasks', 'tasks', 'tasks');
create function tasks.note() returns void language sql as $$ insert into tasks.done (name, as_of) values ('schedule', dist.as_of()) $$;
set pg_dist.clock = '2098-01-01 00:00+00';
insert into dist.schedule (name, start_at) values ('tasks', '2098-01-01 06:00');
insert into dist.step (schedule, position, target) values ('tasks', 1, 'tasks');
insert into dist.step (schedule, position, action, target) values ('tasks', 2, 'function', 'tasks.note');

-- The earliest of all calls counts, and each instant is served once; in order of instants, among the schedules.
select dist._set_task('madeup', 'a', 'postgres', '2098-01-01 08:00+00', 'tasks');
select dist._set_task('madeup', 'a', 'postgres', '2098-01-01 07:00+00', 'tasks');
select dist._set_task('madeup', 'a', 'postgres', '2098-01-01 09:00+00', 'tasks');
select dist._set_task('madeup', 'b', 'postgres', '2098-01-01 05:00+00');
select dist._set_task('madeup', 'never', 'postgres', null);
select kind, name, object, owner, failures from dist.task order by name;
select dist.tick('2098-01-01 04:59+00') as fired;
select dist.tick('2098-01-01 07:30+00') as fired;
select * from tasks.seen();
select name, due_at from dist.task where kind = 'madeup' order by 1;
select dist.tick('2098-01-01 10:00+00') as fired;
select * from tasks.seen();
select count(*) as calls_left from dist.task_call;
-- One that says when it is due next is served at each of its instants.
select dist._set_task('madeup', 'each hour', 'postgres', '2098-01-01 11:00+00');
select dist.tick('2098-01-01 13:10+00') as fired;
select * from tasks.seen();
-- What comes up earlier than that is served then.
select dist._set_task('madeup', 'each hour', 'postgres', '2098-01-01 13:20+00');
select dist.tick('2098-01-01 13:30+00') as fired;
select * from tasks.seen();

-- An error takes back what was done; it waits twice as long each time, whoever calls, and all others go on.
insert into tasks.fault values ('a', '22023');
select dist._set_task('madeup', 'a', 'postgres', '2098-01-02 00:00+00');
select dist._set_task('madeup', 'b', 'postgres', '2098-01-02 00:00+00');
select dist.tick('2098-01-02 00:00+00') as fired;
select * from tasks.seen() where seen not like '%each hour';
select name, due_at, failures, note from dist.task where name = 'a';
select dist._set_task('madeup', 'a', 'postgres', '2098-01-02 00:00:00.5+00');
select dist.tick('2098-01-02 00:00:00.9+00') as fired;
select dist.tick('2098-01-02 00:00:03+00') as fired;
select name, due_at, failures, note from dist.task where name = 'a';
select kind, name, status, detail from dist.health where kind = 'madeup';
delete from tasks.fault;
select dist.tick('2098-01-02 00:00:10+00') as fired;
select * from tasks.seen();
select name, due_at, failures, note from dist.task where name = 'a';
-- A role that is gone: noted, and nothing is done in its name.
create role tasks_former;
select dist._set_task('madeup', 'former', 'tasks_former', '2098-01-03 00:00+00');
drop role tasks_former;
select dist._drop_task('madeup', 'each hour');
select dist.tick('2098-01-03 00:00+00') as fired;
select * from tasks.seen();
select name, failures, note from dist.task where name = 'former';
select kind, name, status, detail from dist.health where kind = 'madeup';

-- Whoever may not run in an owner's name does not do his work.
\c - test_manager
select dist.tick('2098-01-04 00:00+00') as fired;
\c - postgres
-- A task goes with its calls, and with the object that it is about.
select dist._set_task('madeup', 'b', 'postgres', '2098-01-05 00:00+00');
select dist._drop_task('madeup', 'b');
select dist._drop_task('madeup', 'former');
delete from dist.schedule where name = 'tasks';
delete from dist.transfer where name = 'tasks';
delete from dist.object where name = 'tasks';
select name from dist.task order by 1;
select dist._drop_task('madeup', name) from dist.task;
select count(*) from dist.task_call;
select test.forget_intent();
drop function dist._serve_madeup;
