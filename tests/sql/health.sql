-- What is not upcoming is in dist.health: passive, unbound, ended, failed and quarantined schedules (G6), and those that keep
-- failing; what goes by plan is not.
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role ops_boss login in role dist_manager;
create role ops_gone login in role dist_manager;
grant ops_gone to ops_boss;
create schema ops;
grant usage on schema ops to public;
create table ops.lead (id integer primary key, owner text);
insert into ops.lead select generate_series(1, 3);
grant select, update on ops.lead to ops_boss;
insert into dist.object (name, relation, key_column, owner_column) values ('ops lead', 'ops.lead', 'id', 'owner');
\c - ops_boss
insert into dist.rep (rep) values ('ops rep');
insert into dist.transfer (name, object, source, predicate, to_rep, on_owned)
values ('ops quick', 'ops lead', 'any', null, 'ops rep', 'reassign'), ('ops broken', 'ops lead', 'any', '1 / (r.id - r.id) = 1', 'ops rep', 'reassign');
insert into dist.schedule (name, start_at, frequency, pause_after, owner)
values ('a goes by plan', '2099-01-01', 'daily', null, 'ops_boss'), ('b paused', '2099-01-01', 'daily', null, 'ops_boss'),
       ('c passive', '2099-02-01', 'once', null, 'ops_boss'), ('d unbound', '2099-02-01', 'once', null, 'ops_boss'),
       ('e ended', '2099-01-01', 'once', null, 'ops_boss'), ('f failed', '2099-01-01', 'daily', 1, 'ops_boss'),
       ('g failing', '2099-01-01', 'daily', null, 'ops_boss'), ('h cancelled', '2099-01-01', 'daily', null, 'ops_boss'),
       ('i gone', '2099-02-01', 'once', null, 'ops_gone');
insert into dist.step (schedule, target)
select name, case when name ~ '^[fg]' then 'ops broken' else 'ops quick' end from dist.schedule where name ~ '^[abcefghi] ';
update dist.schedule set enabled = false where name ~ '^[bc] ';
select dist.cancel('h cancelled');
select dist.tick('2099-01-01');
\c - postgres
drop role ops_gone;
\c - test_reader
select name, status, detail, since at time zone 'UTC' as since, database, role, pid from dist.health where kind = 'schedule' and name ~ '^[a-i] ' order by name;
select name, status from dist.upcoming where name ~ '^[a-i] ' order by name;
-- Everything else that is there has to do with this server; a reader sees it.
select kind, name, status, detail from dist.health where kind = 'check';

\c - postgres
set client_min_messages = warning;
select test.forget_intent();
drop schema ops cascade;
drop owned by ops_boss;
drop role ops_boss;
