-- What a schedule's turn goes by (F4) is kept with its state and follows whatever it is derived from; and the first of what is due
-- is the same as all of it, cut off, wherever that is.
\pset tuples_only on
\pset format unaligned
set client_min_messages = warning;
create schema trn;
create table trn.lead (id integer primary key, note text, owner text);
create table trn.contact (id integer primary key, lead integer);
create table trn.call (id integer primary key, lead integer);
insert into dist.object (name, relation, key_column, owner_column) values
    ('trn lead', 'trn.lead', 'id', 'owner'), ('trn lead too', 'trn.lead', 'id', 'owner');
insert into dist.rep (rep) values ('trn ben');
insert into dist.segment (name, object, predicate) values ('trn part', 'trn lead', 'r.id < 9'), ('trn whole', 'trn lead', 'r.id > 1');
insert into dist.segment_part (segment, part) values ('trn whole', 'trn part');
insert into dist.segment_related (segment, name, relation, key_column, join_on) values ('trn whole', 'trn contacts', 'trn.contact', 'id', '{"lead": "id"}');
insert into dist.transfer (name, object, to_rep) values ('trn give', 'trn lead', 'trn ben'), ('trn give too', 'trn lead too', 'trn ben');
insert into dist.schedule (name, start_at) values ('trn one', '2036-03-01 06:00');
create view trn.turn as
    select st.schedule, st.owner = current_user as mine, st.place, st.objects, st.segments, st.refreshes, st.precedes
      from dist.schedule_state st join dist.schedule s on s.id = st.schedule_id where s.name like 'trn one%';
-- Whatever is kept is what would be derived now.
create function trn.stale() returns setof text language sql as $$
    select s.name from dist.schedule_state st join dist.schedule s on s.id = st.schedule_id cross join lateral dist._turn_of(s.name) t
     where (st.schedule, st.owner, st.place, st.objects, st.segments, st.refreshes, st.precedes)
           is distinct from (s.name, s.owner, t.place, t.objects, t.segments, t.refreshes, t.precedes)
$$;
select * from trn.turn;

-- Steps: one, another, changed, passive, moved, deleted.
insert into dist.step (schedule, target) values ('trn one', 'trn give');
select * from trn.turn;
insert into dist.step (schedule, position, action, target) values ('trn one', 2, 'refresh_segment', 'trn whole');
select * from trn.turn;
update dist.step set target = 'trn give too' where schedule = 'trn one' and position = 1;
select * from trn.turn;
update dist.step set active = false where schedule = 'trn one' and position = 1;
select * from trn.turn;
update dist.step set active = true, segment = 'trn part', target = 'trn give' where schedule = 'trn one' and position = 1;
select * from trn.turn;
delete from dist.step where schedule = 'trn one' and position = 2;
select * from trn.turn;

-- The transfer: kind, segment, object.
update dist.step set segment = null where schedule = 'trn one';
update dist.transfer set kind = 'retrieval', to_rep = null where name = 'trn give';
select * from trn.turn;
update dist.transfer set segment = 'trn part' where name = 'trn give';
select * from trn.turn;
update dist.transfer set segment = null, object = 'trn lead too' where name = 'trn give';
select * from trn.turn;
update dist.transfer set object = 'trn lead' where name = 'trn give';

-- A related table that is, and is not, an object.
insert into dist.step (schedule, position, action, target, args)
values ('trn one', 3, 'mass_edit', 'trn whole', '{"related": "trn contacts", "fields": [{"field": "lead", "value": 1}]}');
select * from trn.turn;
insert into dist.object (name, relation, key_column, owner_column) values ('trn contact', 'trn.contact', 'id', 'lead');
select * from trn.turn;
update dist.segment_related set relation = 'trn.call' where name = 'trn contacts';
select * from trn.turn;
update dist.object set relation = 'trn.call' where name = 'trn contact';
select * from trn.turn;
delete from dist.object where name = 'trn contact';
select * from trn.turn;

-- Names: the object, a segment (of a step that is about it; the target of a step keeps its name), the schedule. The owner.
delete from dist.step where schedule = 'trn one' and position = 3;
update dist.step set segment = 'trn part' where schedule = 'trn one';
update dist.object set name = 'trn client' where name = 'trn lead';
update dist.segment set name = 'trn piece' where name = 'trn part';
update dist.schedule set name = 'trn one or so' where name = 'trn one';
select * from trn.turn;
create role trn_other role current_user;
grant dist_manager to trn_other;
update dist.schedule set owner = 'trn_other' where name = 'trn one or so';
select * from trn.turn;
select * from trn.stale();

-- With the triggers off nothing is derived; a copy does so when it is accepted.
begin;
set local session_replication_role = replica;
update dist.transfer set kind = 'distribution', to_rep = 'trn ben' where name = 'trn give';
update dist.schedule set owner = current_user where name = 'trn one or so';
update dist.home set database_oid = 0;
set local session_replication_role = origin;
select * from trn.stale();
select dist.resume_all();
select * from trn.stale();
rollback;

-- In a look only so many are seen: the first, whatever is refreshed, takes, gives or is about another object.
insert into dist.transfer (name, kind, object) values ('trn take', 'retrieval', 'trn client'), ('trn take too', 'retrieval', 'trn lead too');
insert into dist.schedule (name, start_at, owner)
select format('trn %s %s', chr(97 + (n * 7) % 26), n), '2036-03-02 06:00'::timestamp + interval '1 second' * (n % 4), case n % 5 when 0 then 'trn_other' else current_user end
  from generate_series(1, 60) n;
insert into dist.step (schedule, position, action, target, args)
select s.name, 1, case n.n % 6 when 4 then 'mass_edit' when 5 then 'function' else 'transfer' end,
       case n.n % 6 when 0 then 'trn give' when 1 then 'trn give too' when 2 then 'trn take' when 3 then 'trn take too' when 4 then 'trn whole' else 'pg_catalog.pg_backend_pid' end,
       case n.n % 6 when 4 then jsonb '{"fields": [{"field": "note", "value": "seen"}]}' end
  from dist.schedule s, lateral (select split_part(s.name, ' ', 3)::integer as n) n where s.name ~ '^trn . \d';
-- At two of the four instants something is refreshed, once by somebody else.
insert into dist.schedule (name, start_at, owner) values ('trn z refreshes', '2036-03-02 06:00:02', current_user), ('trn z also', '2036-03-02 06:00:01', 'trn_other');
insert into dist.step (schedule, action, target) values ('trn z refreshes', 'refresh_segment', 'trn whole'), ('trn z also', 'refresh_segment', 'trn piece');
select * from trn.stale();
create function trn.due(whose name, most integer) returns text[] language sql as $$
    select array_agg(d.name || case when d.waits then ' waits' else '' end) from dist._due('2036-03-02 06:00:04Z', whose, most) d where d.name like 'trn%'
$$;
select whose = 'trn_other', cardinality(trn.due(whose, null)) from unnest(array['trn_other', current_user]) whose order by 1;
select w.whose, most
  from (select whose, trn.due(whose, null) as due from unnest(array['trn_other', current_user]) whose offset 0) w, generate_series(1, 60) most, lateral trn.due(w.whose, most) seen
 where seen[1:most] is distinct from w.due[1:most] or seen is distinct from w.due[1:cardinality(seen)];
select max(cardinality(trn.due('trn_other', most)) - most) as beyond, count(*) filter (where cardinality(trn.due('trn_other', most)) = most) > 0 as cut
  from generate_series(1, 10) most;
-- A task that comes after what was seen of the schedules is not seen either.
insert into dist.task (kind, name, object, owner, due_at) values ('automation', 'trn task', 'trn client', 'trn_other', '2036-03-02 06:00:00Z');
select most, 'trn task' = any (trn.due('trn_other', most)) from generate_series(1, 5) most;
delete from dist.task where name = 'trn task';
select dist._next_due('2036-03-02 06:00:01Z', '2036-03-02 06:00:03Z', 'trn_other') at time zone 'UTC', dist._next_due('2036-03-02 06:00:03Z', '2036-03-02 06:00:04Z', 'trn_other');

select test.forget_intent();
drop schema trn cascade;
drop role trn_other;
