-- Somebody who runs another's schedule lends that person's code nothing: neither his rights nor his session (L2).
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role sec_owner login in role dist_manager;
create role sec_boss login in role sec_owner;
create schema sec;
grant usage on schema sec to public;
create table sec.seen (by name, through text);
grant insert, select on sec.seen to public;
create schema sec_own authorization sec_owner;

\c - sec_owner
grant usage on schema sec_own to public;
create table sec_own.lead (id integer primary key, owner text);
insert into sec_own.lead values (1);
create function sec_own.seen() returns trigger language plpgsql as $$
begin
    insert into sec.seen values (current_user, tg_name);
    return null;
end $$;
create function sec_own.become() returns boolean language plpgsql as $$
begin
    perform set_config('role', 'sec_boss', false);
    return true;
end $$;
create function sec_own.shadow() returns boolean language plpgsql as $$
begin
    create temp table seen (x integer);
    return true;
end $$;
\c - postgres
insert into dist.object (name, relation, key_column, owner_column) values ('sec lead', 'sec_own.lead', 'id', 'owner');
\c - sec_owner
insert into dist.rep (rep) values ('sec rep');
insert into dist.transfer (name, object, predicate, to_rep)
values ('sec plain', 'sec lead', null, 'sec rep'), ('sec role', 'sec lead', 'sec_own.become()', 'sec rep'),
       ('sec temp', 'sec lead', 'sec_own.shadow()', 'sec rep');
insert into dist.schedule (name, start_at) select name, localtimestamp + interval '1 hour' from dist.transfer where name like 'sec %';
insert into dist.step (schedule, position, target) select name, 1, name from dist.transfer where name like 'sec %';
create constraint trigger at_commit after update on sec_own.lead deferrable initially deferred
    for each row execute function sec_own.seen();

-- The owner's own session: what waits for the commit runs with the owner's rights
begin;
select status from dist.run_now('sec plain');
set constraints all immediate;
select * from sec.seen;
rollback;

-- Anybody else's: refused, whether they could become the owner or are superuser
\c - sec_boss
begin;
select status, message from dist.run_now('sec plain');
set constraints all immediate;
select * from sec.seen;
rollback;
begin;
select status, message from dist.run_now('sec role');
select status, message from dist.run_now('sec temp');
select current_user;
rollback;
\c - postgres
begin;
select dist.tick(now() + interval '2 hours');
select schedule, status, message from dist.run where schedule like 'sec %' order by schedule;
set constraints all immediate;
select * from sec.seen;
rollback;

-- Triggers that do not wait are the owner's code in the owner's name, and do no harm
\c - sec_owner
drop trigger at_commit on sec_own.lead;
create trigger at_once after update on sec_own.lead for each row execute function sec_own.seen();
\c - postgres
begin;
select status, message from dist.run_now('sec plain');
select * from sec.seen;
rollback;

set client_min_messages = warning;
delete from dist.schedule where name like 'sec %';
delete from dist.transfer where name like 'sec %';
delete from dist.object where name = 'sec lead';
delete from dist.rep where rep = 'sec rep';
drop schema sec, sec_own cascade;
drop role sec_boss, sec_owner;
