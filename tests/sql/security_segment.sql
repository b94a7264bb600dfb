-- No step acts on a segment that somebody had a hand in whom the run's owner does not trust (Z7): whoever wrote the segment, what
-- it is made of, however deep, its object or its related tables, says what is done to whose records. For each action.
\pset tuples_only on
\pset format unaligned
set client_min_messages = warning;
create extension if not exists pg_dist;
create role sgt_owner login in role dist_manager;
create role sgt_other login in role dist_manager;
create schema sgt authorization sgt_owner;
\c - sgt_owner
set client_min_messages = warning;
create table sgt.account (id integer primary key, size integer, owner text);
create table sgt.contact (id integer primary key, account integer, note text);
insert into sgt.account select n, n from generate_series(1, 4) n;
insert into sgt.contact select n, n from generate_series(1, 4) n;
create function sgt.call(key integer) returns integer language sql as 'select key';
\c - postgres
set client_min_messages = warning;
insert into dist.object (name, relation, key_column, owner_column, written_by) values ('sgt', 'sgt.account', 'id', 'owner', 'sgt_owner');
\c - sgt_owner
set client_min_messages = warning;
insert into dist.rep (rep) values ('sgt ada');
insert into dist.segment (name, object, responsible_rep, predicate)
values ('sgt top', 'sgt', 'sgt ada', null), ('sgt part', 'sgt', null, 'r.size > 0'), ('sgt deep', 'sgt', null, 'r.size > 1');
insert into dist.segment_part (segment, part) values ('sgt top', 'sgt part'), ('sgt part', 'sgt deep');
insert into dist.segment_related (segment, name, relation, key_column, join_on) values ('sgt top', 'contacts', 'sgt.contact', 'id', '{"account": "id"}');
insert into dist.activity_plan (segment, name, subject, duration) values ('sgt top', 'sgt plan', 'Call', '1 hour');
insert into dist.formula (name, object, field, expression) values ('sgt formula', 'sgt', 'size', 'r.size + 1');
insert into dist.transfer (name, object, to_rep) values ('sgt give', 'sgt', 'sgt ada');
insert into dist.consumer (name, kinds) values ('sgt', '{record}');
insert into dist.schedule (name, start_at) values ('sgt', '2999-01-01 06:00');
insert into dist.step (schedule) values ('sgt');
\c - postgres
set client_min_messages = warning;
\pset tuples_only on
\pset format unaligned
-- Each action, tried while a row is sgt_other's: which actions were run after all.
create function pg_temp.run_with(row_of regclass, which text) returns text language plpgsql as $$
declare
    action record; made dist.run; went text[] := '{}'; refused text[] := '{}';
begin
    execute format('update %s x set written_by = ''sgt_other'' where %s', row_of, which);
    for action in select * from (values
        ('refresh_segment', 'sgt top', null, null, null), ('apply_formulas', 'sgt top', '{"formulas": ["sgt formula"]}', null, null),
        ('create_activities', 'sgt top', null, null, null), ('mass_edit', 'sgt top', '{"fields": [{"field": "size", "value": 3}]}', null, null),
        ('mass_edit', 'sgt top', '{"fields": [{"field": "note", "value": "x"}], "related": "contacts"}', null, null), ('emit', 'sgt top', null, null, null),
        ('transfer', 'sgt give', null, 'sgt top', null), ('function', 'sgt.call(integer)', '[{"key": true}]', 'sgt top', 'record')) v(action, target, args, segment, per)
    loop
        set local check_function_bodies = off;
        update dist.step s set action = action.action, target = action.target, args = action.args::jsonb, segment = action.segment, per = action.per, written_by = 'sgt_owner'
         where s.schedule = 'sgt';
        set local check_function_bodies = on;
        made := dist.run_now('sgt');
        if made.status = 'succeeded' then
            went := went || action.action;
        elsif made.sqlstate <> '42501' then
            refused := refused || concat_ws(': ', action.action, made.sqlstate, made.message);
        elsif made.message <> all (refused) then
            refused := refused || made.message;
        end if;
    end loop;
    execute format('update %s x set written_by = ''sgt_owner'' where %s', row_of, which);
    return format('went: %s; refused: %s', array_to_string(went, ' '), array_to_string(refused, ' | '));
end $$;
select pg_temp.run_with('dist.segment', 'false');
select pg_temp.run_with('dist.segment', 'name = ''sgt top''');
select pg_temp.run_with('dist.segment', 'name = ''sgt deep''');
select pg_temp.run_with('dist.segment_part', 'part = ''sgt part''');
select pg_temp.run_with('dist.segment_part', 'part = ''sgt deep''');
select pg_temp.run_with('dist.segment_related', 'segment = ''sgt top''');
select pg_temp.run_with('dist.object', 'name = ''sgt''');
select test.forget_intent();
drop schema sgt cascade;
drop role sgt_owner, sgt_other;
