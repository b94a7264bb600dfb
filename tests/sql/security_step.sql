-- A step's function has the rights of the schedule's owner, whoever runs it and whatever it tries; it leaves nothing behind
-- in the session (invariants 6 and 7, L2). A step's values are converted in nobody's session but its author's.
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role sec_owner login in role dist_manager;
create role sec_boss login in role sec_owner;
create role sec_other login in role dist_manager;
create schema sec;
grant usage on schema sec to public;
create table sec.seen (by name, what text);
grant insert, select on sec.seen to public;
create schema sec_own authorization sec_owner;
create table sec.secret (x integer);

\c - sec_owner
set client_min_messages = warning;
grant usage on schema sec_own to public;
create function sec_own.who(what text) returns name language plpgsql as $$
begin
    insert into sec.seen values (current_user, what);
    return current_user;
end $$;
create function sec_own.tries(command text) returns text language plpgsql as $$
begin
    execute command;
    insert into sec.seen values (current_user, command);
    return 'done';
exception when others then
    return sqlstate || ' ' || sqlerrm;
end $$;
create function sec_own.pathless() returns text language sql set search_path = 'sec_own' return current_setting('search_path');
create function sec_own.pathful() returns text language sql return current_setting('search_path');
insert into dist.schedule (name, start_at) values ('sec', '2999-01-01 06:00');
insert into dist.step (schedule, action, target) values ('sec', 'function', 'sec_own.pathful');
create function sec_own.inside(target text, args jsonb) returns text language plpgsql as $$
declare
    made dist.run;
begin
    update dist.step s set target = inside.target, args = inside.args where s.schedule = 'sec';
    made := dist.run_now('sec');
    return coalesce(made.message, (select s.result from dist.run_step s where s.run_id = made.id));
end $$;

-- Of all sessions, one's own: the owner's, then the boss's, then the superuser's
\c - sec_owner
set search_path = sec_own, public;
select sec_own.inside('sec_own.who', '["owner"]');
select sec_own.inside('sec_own.pathful', null); -- the path the session began with, not the one it has
select sec_own.inside('sec_own.pathless', null);
\c - sec_boss
select sec_own.inside('sec_own.who', '["boss"]');
\c - postgres
select sec_own.inside('sec_own.who', '["superuser"]');
select sec_own.inside('sec_own.tries', jsonb_build_array(c)) as outcome, c from (values
    ('select * from sec.secret'), ('reset role'), ('set role postgres'), ('set session authorization postgres'),
    ('reset session authorization'), ('select set_config(''role'', ''postgres'', false)'),
    ('create temp table left_behind (x integer)'), ('prepare left_behind as select 1'), ('listen left_behind'),
    ('declare left_behind cursor with hold for select 1'), ('discard all'),
    ('set local session_replication_role = replica'),
    ('set search_path = sec_own'), ('set work_mem = ''1GB'''), ('set datestyle = ''German''')) v(c);
select distinct by from sec.seen;
show search_path;
show work_mem;
show datestyle;
select current_user, session_user;

-- What one step sets, the next does not find
\c - sec_owner
insert into dist.step (schedule, position, action, target) values ('sec', 2, 'function', 'sec_own.pathful');
update dist.step set target = 'sec_own.tries', args = '["set search_path = sec_own"]' where schedule = 'sec' and position = 1;
select status from dist.run_now('sec');
select position, result from dist.run_step where run_id = (select max(id) from dist.run) order by 1;
delete from dist.step where position = 2 and schedule = 'sec';

-- Who may not run the schedule cannot have its function called; nor does a run call what was written by others
update dist.step set target = 'sec_own.who', args = '["written by others"]' where schedule = 'sec';
\c - sec_other
select dist.run_now('sec');
update dist.step set args = '["theirs"]' where schedule = 'sec';
\c - postgres
update dist.step set args = '["written by others"]', written_by = 'sec_other' where schedule = 'sec';
\c - sec_owner
select status, sqlstate, message from dist.run_now('sec');
select * from sec.seen where what in ('theirs', 'written by others');
-- A superuser's step runs with the owner's rights all the same
\c - postgres
update dist.step set target = 'pg_catalog.pg_read_file', args = '["PG_VERSION"]' where schedule = 'sec';
\c - sec_owner
select status, sqlstate, message from dist.run_now('sec');

-- Values: a domain's check is its author's code
set client_min_messages = warning;
create function sec_own.note() returns boolean language plpgsql as $$
begin
    raise warning 'evaluated as %', current_user;
    return true;
end $$;
create domain sec_own.noted as integer check (sec_own.note());
create function sec_own.takes(x sec_own.noted) returns integer language sql return x;
update dist.step set target = 'sec_own.takes', args = '[1]' where schedule = 'sec';
\c - postgres
begin;
update dist.step set active = false where schedule = 'sec';
update dist.step set active = true, position = 7 where schedule = 'sec';
select status from dist.run_now('sec');
rollback;

\c - postgres
set client_min_messages = warning;
delete from dist.schedule where name = 'sec';
drop schema sec, sec_own cascade;
drop role sec_boss, sec_owner, sec_other;
