-- Mistakes in steps that tell other systems of a segment (Z10): SQLSTATE, the value, the row and a HINT for each.
\pset format unaligned
\pset tuples_only on
set client_min_messages = warning;
create extension if not exists pg_dist;
create role be_owner login in role dist_manager;
create schema be authorization be_owner;
create table be.deal (id integer primary key, owner text);
insert into dist.object (name, relation, key_column, owner_column) values ('be deal', 'be.deal', 'id', 'owner');
\c - be_owner
set client_min_messages = warning;
insert into dist.segment (name, object) values ('be idle', 'be deal');
insert into dist.schedule (name, start_at) values ('be', '2999-01-01 06:00');
insert into dist.step (schedule, action, target) values ('be', 'emit', 'be idle');
create function pg_temp.args(args text) returns setof text language sql as $$
    select test.refused(format('update dist.step set args = %L where schedule = ''be''', $1))
$$;
select pg_temp.args('[]');
select pg_temp.args('"all"');
select pg_temp.args('{"waht": "all"}');
select pg_temp.args('{"what": "chnages"}');
select pg_temp.args('{"what": 1}');
select pg_temp.args('{"kind": "joined"}');
select pg_temp.args('{"kind": "assigned"}');
select pg_temp.args('{"chunk": 0}');
select pg_temp.args('{"chunk": 2.5}');
select pg_temp.args('{"chunk": 10000000}');
select pg_temp.args('{"again_after": "soon"}');
select pg_temp.args('{"again_after": "-1 day"}');
select pg_temp.args('{"again_after": 7}');
select pg_temp.args('{"again_after": {"var": "be nothing"}}');
insert into dist.variable (name, value) values ('be word', 'soon');
select pg_temp.args('{"again_after": {"var": "be word"}}');
select pg_temp.args('{"what": "changes", "again_after": "7 days"}');
select test.refused($$update dist.step set target = 'be idel' where schedule = 'be'$$);
select test.refused($$update dist.step set segment = 'be idle' where schedule = 'be'$$);
select test.refused($$delete from dist.segment where name = 'be idle'$$);
-- Nor can state and events be written by hand.
select test.refused($$insert into dist.emit_state values ('be', 1, 'be idle', 0, 0, now())$$);
select test.refused($$delete from dist.emit_told$$);
select test.refused($$select dist.publish('be deal', 'joined')$$);

\c - postgres
set client_min_messages = warning;
select test.forget_intent();
drop schema be cascade;
drop role be_owner;
