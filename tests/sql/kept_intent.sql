-- A session keeps what it has compiled from intent (src/router/kept.rs). Whatever changes, its next run goes by it: rows of
-- every intent table, by every statement, rolled back or not; the table that is routed; roles and rights (G7, A1).
create schema kept;
grant usage on schema kept to public;
create table kept.lead (id integer primary key, region text, rep text);
insert into kept.lead select n, case when n % 2 = 1 then 'north' else 'south' end from generate_series(1, 4) n;
create table kept.note (lead integer, closed boolean);
insert into kept.note values (1, false), (2, true);
grant select, update on kept.lead to test_manager;
grant select on kept.note to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('kept', 'kept.lead', 'id', 'rep');
insert into dist.rep (rep) values ('ada'), ('bob'), ('cyd');
insert into dist.team (team) values ('kept');
insert into dist.team_member (team, rep, position) values ('kept', 'ada', 1), ('kept', 'bob', 2);
insert into dist.distribution_rule (name, strategy, team) values ('kept', 'round_robin', 'kept');
insert into dist.distribution_rule (name, strategy, rep) values ('kept cyd', 'rep', 'cyd');
insert into dist.ruleset (name, object) values ('kept', 'kept');
insert into dist.assignment_rule (ruleset, position, name, criteria, to_distribution_rule)
values ('kept', 10, 'north', '{"field": "region", "op": "=", "value": "north"}', 'kept');
insert into dist.transfer (name, object, to_ruleset) values ('kept', 'kept', 'kept');

-- Who has what after a run from the same start, or what is wrong; the turns begin anew.
create function kept.run(transfer text default 'kept') returns text language plpgsql as $$
declare
    made bigint;
    left_ones text;
begin
    update kept.lead set rep = null where rep is not null;
    delete from dist.pool where distribution_rule in ('kept', 'kept cyd');
    select x.id into made from dist.execute(transfer) x;
    select string_agg(u.record_key || ' ' || u.reason, ', ' order by u.record_key) into left_ones
      from dist.unassigned u where u.run_id = made;
    return concat_ws('; ', (select string_agg(l.id || ' ' || l.rep, ', ' order by l.id) from kept.lead l where l.rep is not null), left_ones);
exception when others then
    return sqlstate || ' ' || sqlerrm;
end $$;
select kept.run();
select kept.run();

-- Each table of intent, in the same session and each in a transaction that is then rolled back: seen, and gone again.
create function kept.try(edit text) returns table (edited text, taken_back text) language plpgsql as $$
begin
    begin
        execute edit;
        edited := kept.run();
        raise exception 'back';
    exception when raise_exception then
        taken_back := kept.run();
    end;
    return next;
end $$;
select * from kept.try('update dist.assignment_rule set to_distribution_rule = ''kept cyd'' where ruleset = ''kept''');
select * from kept.try('insert into dist.assignment_rule (ruleset, position, predicate, to_rep) values (''kept'', 5, ''r.id = 1'', ''cyd'')');
select * from kept.try('delete from dist.assignment_rule where ruleset = ''kept''');
select * from kept.try('truncate dist.assignment_rule');
select * from kept.try('update dist.ruleset set default_to_rep = ''cyd'' where name = ''kept''');
select * from kept.try('update dist.transfer set to_ruleset = null, to_rep = ''cyd'', predicate = ''r.id < 3'' where name = ''kept''');
select * from kept.try('update dist.transfer set row_limit = 1, ranking = ''r.id desc'' where name = ''kept''');
select * from kept.try('update dist.rep set active = false where rep = ''ada''');
select * from kept.try('update dist.rep set rep = ''eve'' where rep = ''ada''');
select * from kept.try('update dist.team_member set active = false where rep = ''ada''');
select * from kept.try('delete from dist.team_member where team = ''kept''');
select * from kept.try('insert into dist.team_member (team, rep, position) values (''kept'', ''cyd'', 0)');
select * from kept.try('update dist.distribution_rule set strategy = ''rep'', team = null, rep = ''cyd'' where name = ''kept''');
select * from kept.try('insert into dist.policy (name, value) values (''unassigned_rows'', 0)');
create table kept.other (like kept.lead including all);
select * from kept.try('update dist.object set relation = ''kept.other'' where name = ''kept''');

-- Without its other triggers, too: neither a restore nor a subscription passes by.
begin;
set local session_replication_role = replica;
update dist.assignment_rule set to_distribution_rule = 'kept cyd' where ruleset = 'kept';
select kept.run();
rollback;
select kept.run();
-- In a subtransaction that is rolled back, and one that is kept.
begin;
savepoint a;
update dist.assignment_rule set to_distribution_rule = 'kept cyd' where ruleset = 'kept';
select kept.run();
rollback to a;
select kept.run();
savepoint b;
update dist.rep set active = false where rep = 'ada';
release b;
select kept.run();
commit;
select kept.run();
update dist.rep set active = true where rep = 'ada';
-- By COPY.
copy dist.team_member (team, rep, position) from stdin;
kept	cyd	3
\.
insert into kept.lead select n, 'north' from generate_series(5, 7, 2) n;
select kept.run();
delete from dist.team_member where team = 'kept' and rep = 'cyd';
delete from kept.lead where id > 4;

-- The table itself: a column renamed, one of another type, a table that is gone and comes again, a schema renamed.
select kept.run();
alter table kept.lead rename column region to area;
select kept.run();
alter table kept.lead rename column area to region;
select kept.run();
create type kept.region as enum ('north', 'south');
alter table kept.lead alter column region type kept.region using region::kept.region;
select kept.run();
alter type kept.region rename to area;
select kept.run();
alter type kept.area rename value 'north' to 'nord';
select kept.run();
alter table kept.lead alter column region type text using region::text;
update kept.lead set region = 'north' where region = 'nord';
select kept.run();
-- A table that becomes one of several.
create table kept.more () inherits (kept.lead);
insert into kept.more values (9, 'north');
select kept.run();
drop table kept.more;
select kept.run();
-- A table that is only asked about.
insert into dist.transfer (name, object, criteria, to_rep)
values ('kept asked', 'kept', '{"related": "kept.note", "on": {"lead": "id"}, "where": {"field": "closed", "op": "=", "value": true}}', 'ada');
select kept.run('kept asked');
alter table kept.note rename to was;
create table kept.note (lead integer, closed boolean);
select kept.run('kept asked');
insert into kept.note values (3, true);
select kept.run('kept asked');
alter table kept.note rename column closed to done;
select kept.run('kept asked');
delete from dist.transfer where name = 'kept asked';
alter schema kept rename to keep;
alter function keep.run(text) set search_path = keep;
update keep.lead set rep = null;
select assigned from dist.execute('kept');
alter schema keep rename to kept;
alter function kept.run(text) reset search_path;
alter table kept.lead rename to gone;
create table kept.lead (id integer primary key, region text, rep text);
insert into kept.lead values (1, 'north');
grant select, update on kept.lead to test_manager;
-- It is the table that is meant, under whatever name.
update kept.gone set rep = null;
select assigned from dist.execute('kept');
drop table kept.gone;
select kept.run();
update dist.object set relation = 'kept.lead' where name = 'kept';
select kept.run();

-- Rights: of the role that runs, and its trust in who wrote the rules, are asked anew by every run.
create role kept_ops;
grant dist_manager to kept_ops;
grant usage on schema kept to kept_ops;
grant select, update on kept.lead to kept_ops;
grant all on dist.pool, dist.unassigned to kept_ops;
set role kept_ops;
update kept.lead set rep = null;
select assigned from dist.execute('kept');
reset role;
revoke update on kept.lead from kept_ops;
set role kept_ops;
select status from dist.execute('kept');
reset role;
update kept.lead set rep = null;
set role kept_ops;
select status from dist.execute('kept');
reset role;
grant update on kept.lead to kept_ops;
create role kept_writer;
grant dist_manager to kept_writer;
grant kept_ops to kept_writer;
grant usage on schema kept to kept_writer;
update dist.assignment_rule set written_by = 'kept_ops' where ruleset = 'kept';
set role kept_writer;
update dist.assignment_rule set predicate = 'r.id > 0', criteria = null where ruleset = 'kept';
set role kept_ops;
select assigned from dist.execute('kept');
reset role;
revoke kept_ops from kept_writer;
set role kept_ops;
select assigned from dist.execute('kept');
reset role;
alter role kept_writer superuser;
set role kept_ops;
select assigned from dist.execute('kept');
reset role;
alter role kept_writer nosuperuser;
grant kept_ops to kept_writer;
-- Row security that comes, changes and goes.
update kept.lead set rep = null;
alter table kept.lead enable row level security;
set role kept_ops;
select candidates from dist.execute('kept');
reset role;
create policy all_of_them on kept.lead using (true);
set role kept_ops;
select candidates from dist.execute('kept');
reset role;
update kept.lead set rep = null;
alter policy all_of_them on kept.lead using (id > 1);
set role kept_ops;
select candidates from dist.execute('kept');
reset role;
alter table kept.lead disable row level security;
set role kept_ops;
select candidates from dist.execute('kept');
reset role;

-- A prepared statement's plan outlives an instant: as_of is the run's own.
create table kept.dated (id integer primary key, at timestamptz, rep text);
insert into kept.dated values (1, '2030-01-10 00:00Z'), (2, '2030-03-10 00:00Z');
insert into dist.object (name, relation, key_column, owner_column) values ('kept dated', 'kept.dated', 'id', 'rep');
insert into dist.transfer (name, object, criteria, to_rep) values ('kept dated', 'kept dated', '{"field": "at", "op": "older than", "value": "30 days"}', 'ada');
select d, (dist.execute('kept dated', d)).assigned
  from unnest(array['2030-01-15 00:00Z', '2030-02-15 00:00Z', '2030-02-16 00:00Z', '2030-05-01 00:00Z', '2030-05-02 00:00Z']::timestamptz[]) d;

drop owned by kept_ops, kept_writer;
delete from dist.transfer where name like 'kept%';
delete from dist.ruleset where name = 'kept';
delete from dist.distribution_rule where name like 'kept%';
delete from dist.team where team = 'kept';
delete from dist.rep where rep in ('ada', 'bob', 'cyd');
delete from dist.object where name like 'kept%';
drop role kept_ops;
drop role kept_writer;
set client_min_messages = warning;
drop schema kept cascade;
