-- Steps that tell other systems of a segment, or of what changed in it since they last told (Z10, F2): each change once, also over
-- failures; nothing while nobody listens, and then all that was missed; records again only after a time.
\pset format unaligned
\pset tuples_only on
set client_min_messages = warning;
create extension if not exists pg_dist;
create role em_owner login in role dist_manager;
create schema em authorization em_owner;
\c - em_owner
set client_min_messages = warning;
create table em.deal (id integer primary key, idle integer, owner text);
insert into em.deal select n, n, case when n % 2 = 0 then 'em ann' end from generate_series(1, 6) n;
create function em.fail() returns integer language sql as 'select 1 / 0';
\c - postgres
set client_min_messages = warning;
insert into dist.object (name, relation, key_column, owner_column) values ('em deal', 'em.deal', 'id', 'owner');
create function em.told() returns setof text language sql as $$
    select concat_ws(' ', e.kind, string_agg(concat_ws('/', e.record_key, e.rep), ' ' order by e.id))
      from dist.event e join dist.run r on r.id = e.run_id and r.id = (select max(id) from dist.run where schedule like 'em %')
     group by e.kind order by min(e.id)
$$;
grant execute on function em.told() to em_owner;
\c - em_owner
set client_min_messages = warning;
insert into dist.rep (rep) values ('em ann');
insert into dist.segment (name, object, criteria) values ('em idle', 'em deal', '{"field": "idle", "op": ">", "value": 2}');
insert into dist.schedule (name, start_at, frequency) values ('em sync', '2999-01-01 06:00', 'daily');
insert into dist.step (schedule, action, target, args) values ('em sync', 'emit', 'em idle', '{"what": "changes", "chunk": 2}');
create function pg_temp.day(n integer) returns setof text language plpgsql as $$
begin
    perform dist.tick(timestamptz '2999-01-01 06:00Z' + (n - 1) * interval '1 day');
    return query select concat_ws(' ', r.status, s.rows, s.result) from dist.run r left join dist.run_step s on s.run_id = r.id
                  where r.id = (select max(id) from dist.run where schedule like 'em %');
    return query select * from em.told();
end $$;

-- Nobody listens: nothing is told. Then all that there is, then what changed, then nothing.
select (dist.refresh_segment('em idle')).status;
select pg_temp.day(1);
insert into dist.consumer (name, kinds) values ('em push', '{joined,left,record,idle}');
select pg_temp.day(2);
update em.deal set idle = 0 where id in (3, 4);
update em.deal set idle = 9 where id = 1;
select (dist.refresh_segment('em idle')).status;
-- Came and went, went and came: no change.
update em.deal set idle = 9 where id = 2;
update em.deal set idle = 0 where id = 6;
select (dist.refresh_segment('em idle')).status;
update em.deal set idle = 0 where id = 2;
update em.deal set idle = 9 where id = 6;
select (dist.refresh_segment('em idle')).status;
select "position", action, relation, record_key, effect, detail from dist.preview_steps('em sync');
select pg_temp.day(3);
select pg_temp.day(4);
-- A run that fails after it has told has told nothing; the next one tells it, with what came since. One who is gone from the table
-- is told as well.
insert into dist.step (schedule, position, action, target) values ('em sync', 2, 'function', 'em.fail');
delete from em.deal where id = 5;
select (dist.refresh_segment('em idle')).status;
select pg_temp.day(5);
select count(*) from dist.event where cause = 'em sync' and run_id = (select max(id) from dist.run where schedule = 'em sync');
update dist.step set active = false where schedule = 'em sync' and position = 2;
update em.deal set idle = 9 where id = 3;
select (dist.refresh_segment('em idle')).status;
select pg_temp.day(6);
-- Each once to who reads them.
select kind, record_key, rep, cause, payload from dist.read_events('em push', 100);
-- Nobody listens for a while: it is told later, not lost.
update dist.consumer set active = false where name = 'em push';
update em.deal set idle = 9 where id = 4;
select (dist.refresh_segment('em idle')).status;
select pg_temp.day(7);
update dist.consumer set active = true where name = 'em push';
select pg_temp.day(8);
-- Under another name and in another place it goes on; about something else it begins anew.
update dist.step set position = 7 where schedule = 'em sync' and position = 1;
update dist.schedule set name = 'em synced' where name = 'em sync';
select schedule, "position", segment from dist.emit_state;
select pg_temp.day(9);
-- What changes in a run after it has told is told by the next one.
create function em.wake() returns void language sql as $$ update em.deal set idle = 0 where id = 6 $$;
insert into dist.schedule (name, start_at, frequency) values ('em late', '2999-01-01 07:00', 'daily');
insert into dist.step (schedule, position, action, target, args)
values ('em late', 0, 'refresh_segment', 'em idle', null), ('em late', 1, 'emit', 'em idle', '{"what": "changes"}'), ('em late', 2, 'function', 'em.wake', null), ('em late', 3, 'refresh_segment', 'em idle', null);
select status from dist.run_now('em late');
select * from em.told();
select status from dist.run_now('em late');
select * from em.told();
update em.deal set idle = 9 where id = 2;
select status from dist.run_now('em late');
select * from em.told();
select status from dist.run_now('em late');
select * from em.told();
update em.deal set idle = 0 where id = 2;
delete from dist.schedule where name = 'em late';
update em.deal set idle = 9 where id = 6;
select (dist.refresh_segment('em idle')).status;

-- Everything, every time; as alerts, and not again before three days are over, at the same time of day.
update dist.step set active = true, action = 'emit', target = 'em idle', args = '{"kind": "idle", "again_after": "3 days"}'
 where schedule = 'em synced' and position = 2;
delete from dist.step where schedule = 'em synced' and position = 7;
select count(*) from dist.emit_state;
select pg_temp.day(10);
update em.deal set idle = 9 where id = 2;
select (dist.refresh_segment('em idle')).status;
select pg_temp.day(11);
select pg_temp.day(12);
select "position", action, record_key, effect, detail from dist.preview_steps('em synced', '2999-01-13 06:00Z');
select pg_temp.day(13);
select pg_temp.day(14);
update dist.step set args = '{"what": "all"}' where schedule = 'em synced';
select pg_temp.day(15);
select record_key, at from dist.emit_told order by record_key collate "C";
delete from dist.schedule where name = 'em synced';
select count(*) from dist.emit_told;

-- About another segment it begins anew, once; who wants to know only of those who left is told of them, and is owed nothing of the others.
update dist.segment set criteria = null where name = 'em idle';
insert into dist.segment (name, object, criteria) values ('em few', 'em deal', '{"field": "id", "op": "<", "value": 3}');
insert into dist.schedule (name, start_at, frequency) values ('em other', '2999-02-01 06:00', 'daily');
insert into dist.step (schedule, position, action, target) values ('em other', 1, 'refresh_segment', 'em idle'), ('em other', 2, 'refresh_segment', 'em few');
insert into dist.step (schedule, position, action, target, args) values ('em other', 3, 'emit', 'em idle', '{"what": "changes"}');
create function pg_temp.now_told() returns setof text language plpgsql as $$
begin
    return next (dist.run_now('em other')).status;
    return query select * from em.told();
end $$;
select pg_temp.now_told();
update dist.step set target = 'em few' where schedule = 'em other' and action = 'emit';
select pg_temp.now_told();
select pg_temp.now_told();
update dist.consumer set kinds = '{left}' where name = 'em push';
update em.deal set id = 1001 where id = 1;
insert into em.deal values (0, 9, null);
select pg_temp.now_told();
update dist.consumer set kinds = '{joined,left,record,idle}' where name = 'em push';
select pg_temp.now_told();
-- Whom a step has told of is forgotten where its records become others: the object's table, or the segment of another object.
update dist.step set args = '{"again_after": "30 days"}' where schedule = 'em other' and action = 'emit';
select pg_temp.now_told();
select pg_temp.now_told();
create table em.case (id integer primary key, owner text);
insert into em.case values (2, null);
\c - postgres
set client_min_messages = warning;
insert into dist.object (name, relation, key_column, owner_column, written_by) values ('em case', 'em.case', 'id', 'owner', 'em_owner');
update dist.object set relation = 'em.case', written_by = 'em_owner' where name = 'em deal';
\c - em_owner
set client_min_messages = warning;
create function pg_temp.now_told() returns setof text language plpgsql as $$
begin
    return next (dist.run_now('em other')).status;
    return query select * from em.told();
end $$;
select pg_temp.now_told();
select pg_temp.now_told();
insert into dist.segment (name, object) values ('em case', 'em case');
select (dist.refresh_segment('em case')).candidates;
update dist.step set target = 'em case' where schedule = 'em other' and action = 'emit';
select pg_temp.now_told();
select pg_temp.now_told();

\c - postgres
set client_min_messages = warning;
select test.forget_intent();
drop schema em cascade;
drop role em_owner;
