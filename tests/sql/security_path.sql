-- Invariant 6: what pg_dist does to its own tables is done with the rights of the extension's owner, and no setting of
-- the session, nor one that users' code changes in the middle of a run, may bring users' code into that.
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role sec_writer login in role dist_manager;
create role sec_reader login in role dist_reader;
create schema sec;
grant usage on schema sec to public;
create table sec.lead (id integer primary key, owner text);
insert into sec.lead select generate_series(1, 3);
grant select, update on sec.lead to sec_writer;
-- Whoever gets here with other rights than his own has broken in.
create table sec.seen (by name, through text);
grant insert, select on sec.seen to public;
insert into dist.object (name, relation, key_column, owner_column) values ('sec lead', 'sec.lead', 'id', 'owner');
insert into dist.rep (rep) values ('sec rep');
create schema sec_own authorization sec_writer;

\c - sec_writer
set client_min_messages = warning;
grant usage on schema sec_own to public;
-- Names that statements of pg_dist use, closer to hand than PostgreSQL's own.
create function sec_own.clock_timestamp() returns timestamptz language plpgsql as $$
begin
    insert into sec.seen values (current_user, 'a function');
    return pg_catalog.clock_timestamp();
end $$;
create function sec_own.plus(a integer, b integer) returns integer language plpgsql as $$
begin
    insert into sec.seen values (current_user, 'an operator');
    return a operator(pg_catalog.+) b;
end $$;
create operator sec_own.+ (leftarg = integer, rightarg = integer, function = sec_own.plus);
create function sec_own.collect(state jsonb, item text) returns jsonb language plpgsql as $$
begin
    raise exception 'called by %', current_user;
end $$;
create aggregate sec_own.jsonb_agg(text) (sfunc = sec_own.collect, stype = jsonb);
create function sec_own.moves_path() returns boolean language plpgsql as $$
begin
    perform set_config('search_path', 'sec_own, pg_catalog', false);
    return true;
end $$;
insert into dist.transfer (name, object, to_rep) values ('sec plain', 'sec lead', 'sec rep');
insert into dist.transfer (name, object, predicate, to_rep) values ('sec moves', 'sec lead', 'sec_own.moves_path()', 'sec rep');
insert into dist.schedule (name, start_at) values ('sec moves', localtimestamp + interval '1 hour');
insert into dist.step (schedule, position, target) values ('sec moves', 1, 'sec moves');

-- The search_path of whoever calls, around the public functions
begin;
set search_path = sec_own, pg_catalog;
select dist._execute('sec plain', now()) > 0 as ran;
select by, through from sec.seen where by <> 'sec_writer';
rollback;

-- The search_path as a predicate leaves it, while the run goes on
begin;
select (dist.execute('sec moves')).assigned;
select by, through from sec.seen where by <> 'sec_writer';
rollback;
begin;
select dist.tick(now() + interval '2 hours');
select status, message from dist.run where schedule = 'sec moves';
select by, through from sec.seen where by <> 'sec_writer';
rollback;

-- A reader's
\c - sec_reader
set search_path = sec_own, pg_catalog;
select * from dist._preview('no such', now());
select * from dist._explain('no such', '1', null, null, now());

-- What the code of a schedule's owner sets does not stay in the session of whoever runs the schedule
\c - postgres
begin;
select status, assigned from dist.run_now('sec moves');
show search_path;
rollback;

set client_min_messages = warning;
delete from dist.schedule where name = 'sec moves';
delete from dist.transfer where name in ('sec plain', 'sec moves');
delete from dist.object where name = 'sec lead';
delete from dist.rep where rep = 'sec rep';
drop schema sec, sec_own cascade;
drop role sec_writer, sec_reader;
