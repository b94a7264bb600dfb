-- Functions about a segment (F8): called once, once for each of its records, or once with all of them as an array or a cursor,
-- with limits on how many there are and how long it takes; an error names step and record.
\pset format unaligned
\pset tuples_only on
set client_min_messages = warning;
create extension if not exists pg_dist;
create role se_owner login in role dist_manager;
create schema se authorization se_owner;
\c - se_owner
set client_min_messages = warning;
create table se.lead (id bigint primary key, mail text, size integer, owner text);
insert into se.lead select n, 'lead' || n || '@mail.example', n * 10, null from generate_series(1, 12) n;
create table se.log (n integer generated always as identity, what text);
create function se.note(key bigint, mail text, grown numeric default 1) returns text language sql as $$
    insert into se.log (what) values (concat_ws(' ', key, mail, grown)) returning what
$$;
create function se.nothing(key text) returns void language sql as $$ insert into se.log (what) values ('nothing of ' || key) $$;
create function se.pieces(key bigint) returns setof integer language sql as $$
    insert into se.log (what) values ('pieces of ' || key);
    select generate_series(1, 2)
$$;
-- Whether it is called is not PostgreSQL's to decide.
create function se.claims_to_be_stable() returns integer language plpgsql stable as $$
begin
    perform nextval('se.log_n_seq');
    return 1;
end $$;
create function se.any_type(x anyelement, y anyarray) returns text language sql as $$
    insert into se.log (what) values (concat(x, ' of ', pg_typeof(x), ' ', y)) returning what
$$;
create procedure se.do_it(key bigint, whole jsonb) language sql as $$ insert into se.log (what) values (key || ' done ' || whole) $$;
create function se.take(keys bigint[], segment text) returns bigint language sql as $$
    insert into se.log (what) values (segment || ': ' || array_to_string(keys, ','));
    select sum(k)::bigint from unnest(keys) k
$$;
create function se.read(records refcursor, per integer) returns integer language plpgsql as $$
declare
    r se.lead;
    n integer := 0;
begin
    loop
        fetch records into r;
        exit when not found;
        n := n + 1;
        insert into se.log (what) values ('read ' || r.id || ' ' || r.mail);
    end loop;
    return n / per;
end $$;
create function se.picky(key bigint) returns void language plpgsql as $$
begin
    if key = 9 then
        raise exception 'not this one' using errcode = 'P0XYZ', detail = 'It is nine.', hint = 'Leave it out.';
    end if;
end $$;
create function se.slow(key bigint) returns void language sql as $$ select pg_sleep(30) $$;
\c - postgres
insert into dist.object (name, relation, key_column, owner_column) values ('se lead', 'se.lead', 'id', 'owner');
\c - se_owner
set client_min_messages = warning;
insert into dist.segment (name, object, criteria) values ('se big', 'se lead', '{"field": "size", "op": ">", "value": 80}');
insert into dist.variable (name, type, value) values ('se growth', 'numeric', '1.5');
insert into dist.schedule (name, start_at, frequency) values ('se', '2999-01-01 06:00', 'daily');
insert into dist.step (schedule, position, action, target) values ('se', 1, 'refresh_segment', 'se big');
insert into dist.step (schedule, position, action, target, segment, per, args)
values ('se', 2, 'function', 'se.note', 'se big', 'record', '{"key": {"key": true}, "mail": {"field": "mail"}, "grown": {"var": "se growth"}}'),
       ('se', 3, 'function', 'se.nothing', 'se big', 'record', '[{"key": true}]'),
       ('se', 4, 'function', 'se.pieces', 'se big', 'record', '[{"key": true}]'),
       ('se', 5, 'function', 'se.claims_to_be_stable', 'se big', 'record', null),
       ('se', 6, 'function', 'se.any_type', 'se big', 'record', '[{"field": "size"}, [1, 2]]'),
       ('se', 7, 'function', 'se.do_it', 'se big', 'record', '{"key": {"key": true}, "whole": {"literal": {"key": true}}}'),
       ('se', 8, 'function', 'se.take', 'se big', 'set', '{"keys": {"keys": true}, "segment": {"segment": true}}'),
       ('se', 9, 'function', 'se.read', 'se big', 'set', '{"records": {"cursor": true}, "per": 2}'),
       ('se', 10, 'function', 'se.note', 'se big', 'segment', '{"key": 0, "mail": {"segment": true}}'),
       ('se', 11, 'function', 'se.note', 'se big', null, '{"key": 1, "mail": "once"}');
-- A preview calls none, and says what it would be called with; the segment is refreshed in it.
select "position", effect, detail from dist.preview_steps('se') where action = 'function' order by 1;
select count(*) from se.log;
select nextval('se.log_n_seq') as n \gset
select dist.tick('2999-01-01 06:00Z');
select status, message, detail from dist.run where schedule = 'se';
select "position", target, rows, result from dist.run_step s join dist.run r on r.id = s.run_id where r.schedule = 'se' order by 1;
select what from se.log order by n;
-- Each of the records it was called for, in the order of the keys; also what says that it changes nothing.
select max(n) - :n - count(*) from se.log;
select count(*) from pg_cursors;

-- An empty segment: nothing is called for no record, a set of none is.
update dist.segment set criteria = '{"field": "size", "op": ">", "value": 8000}' where name = 'se big';
truncate se.log;
select dist.tick('2999-01-02 06:00Z');
select r.status, s."position", s.rows, s.result from dist.run_step s join dist.run r on r.id = s.run_id where r.due_at = '2999-01-02 06:00Z' and r.schedule = 'se' order by 2;
select what from se.log order by n;
update dist.segment set criteria = '{"field": "size", "op": ">", "value": 80}' where name = 'se big';

-- An error says which step and which record, and nothing is left of the step.
delete from dist.step where schedule = 'se' and position > 2;
truncate se.log;
insert into dist.step (schedule, position, action, target, segment, per, args) values ('se', 3, 'function', 'se.picky', 'se big', 'record', '[{"key": true}]');
select dist.tick('2999-01-03 06:00Z');
select status, sqlstate, message, detail, hint, context like '%dist.step ''se/3''%' from dist.run where schedule = 'se' order by due_at;
select count(*) from se.log;
-- Too many records: not one is called for.
update dist.step set max_rows = 3, target = 'se.nothing' where schedule = 'se' and position = 3;
select dist.tick('2999-01-04 06:00Z');
select sqlstate, message, hint from dist.run where schedule = 'se' and due_at = '2999-01-04 06:00Z';
update dist.step set max_rows = 4 where schedule = 'se' and position = 3;
select dist.tick('2999-01-05 06:00Z');
select what from se.log where what like 'nothing%' order by n;
-- Too long.
update dist.step set target = 'se.slow', timeout = '50 ms' where schedule = 'se' and position = 3;
select dist.tick('2999-01-06 06:00Z');
select status, sqlstate, message, hint from dist.run where schedule = 'se' and due_at = '2999-01-06 06:00Z';
-- The next step's time is its own.
update dist.step set target = 'se.nothing', timeout = null where schedule = 'se' and position = 3;
update dist.step set timeout = '1 minute' where schedule = 'se' and position = 2;
select dist.tick('2999-01-07 06:00Z');
select status from dist.run where schedule = 'se' and due_at = '2999-01-07 06:00Z';

-- A step that fails about no record names none, whatever the one before it was called for; and nothing is left open in the caller's
-- transaction.
create function se.broken() returns void language plpgsql as $$ begin raise exception 'broken'; end $$;
insert into dist.step (schedule, position, action, target) values ('se', 4, 'function', 'se.broken');
select status, message, detail from dist.run_now('se');
delete from dist.step where schedule = 'se' and position = 4;
update dist.step set target = 'se.read', per = 'set', args = '{"records": {"cursor": true}, "per": 2}' where schedule = 'se' and position = 3;
begin;
select status from dist.run_now('se');
select count(*) from pg_cursors where name ~ '^pg_dist';
commit;
-- How far it is can be watched, record by record.
create function se.far(key bigint) returns void language sql as $$
    insert into se.log (what) select concat_ws(' ', key, r.phase, r.transfer, r.step, r.steps, r.moved) from dist.running r where r.pid = pg_backend_pid()
$$;
truncate se.log;
update dist.step set target = 'se.far', per = 'record', args = '[{"key": true}]' where schedule = 'se' and position = 3;
select status from dist.run_now('se');
select what from se.log order by n;

\c - postgres
set client_min_messages = warning;
select test.forget_intent();
drop schema se cascade;
drop role se_owner;
