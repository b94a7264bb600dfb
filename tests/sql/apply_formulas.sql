-- Formulas as steps: several in one statement, each over the record as it was, active or passive (F5); and the undo of edits:
-- what is still as it was set goes back, the rest is told (F3).
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role af_owner login in role dist_manager;
create schema af authorization af_owner;
\c - af_owner
set client_min_messages = warning;
create table af.account (id text primary key, owner text, employees integer, size text, score numeric(8, 2), seen date);
insert into af.account select 'a' || n, 'af 1', n * 100, 'small', 0 from generate_series(1, 6) n;
create table af.written (id text);
create function af.write() returns trigger language plpgsql as $$ begin insert into af.written values (new.id); return null; end $$;
create trigger written after update on af.account for each row execute function af.write();
\c - postgres
set client_min_messages = warning;
insert into dist.object (name, relation, key_column, owner_column) values ('af account', 'af.account', 'id', 'owner');
\c - af_owner
set client_min_messages = warning;
insert into dist.segment (name, object, predicate) values ('af some', 'af account', 'r.employees < 600');
-- Each looks at the record as it was: size by the employees before they are doubled (F5)
insert into dist.formula (name, object, field, expression, position) values
    ('af double', 'af account', 'employees', 'r.employees * 2', 1),
    ('af size', 'af account', 'size', $$case when r.employees > 300 then 'large' else 'small' end -- by size$$, 2),
    ('af score', 'af account', 'score', 'r.employees / 3.0', 3);
insert into dist.formula (name, object, field, expression, active) values ('af seen', 'af account', 'seen', 'dist.as_of()::date', false);
insert into dist.schedule (name, start_at, frequency) values ('af', '2031-03-02 06:00', 'daily');
insert into dist.step (schedule, position, action, target) values ('af', 1, 'refresh_segment', 'af some'), ('af', 2, 'apply_formulas', 'af some');

select position, record_key, effect, detail from dist.preview_steps('af') where action = 'apply_formulas' order by record_key limit 2;
select status from dist.run_now('af');
select position, action, rows, result from dist.run_step where run_id = (select max(id) from dist.run) order by position;
select id, employees, size, score, seen from af.account order by id;
select field, record_key, before, after from dist.field_edit where run_id = (select max(id) from dist.run) and record_key = 'a4' order by field;

-- The undo of a run that moved nothing: fields that are still as set go back, one that was changed since is left and told (F3)
update af.account set size = 'odd' where id = 'a4';
delete from af.account where id = 'a5';
select status, trigger, reasons from dist.undo((select max(id) from dist.run));
select id, employees, size, score from af.account order by id;
select object, record_key, reason from dist.unassigned where run_id = (select max(id) from dist.run) order by record_key;
select position, action, target, rows from dist.run_step where run_id = (select max(id) from dist.run);
select regexp_replace(said, '\d+ has|run \d+', 'N', 'g') as refused from test.refused($$select dist.undo((select max(undoes) from dist.run))$$) said;

-- Only rows whose value changes are written (F5); formulas that are named, and passive ones that are passed over
truncate af.written;
update dist.step set args = '{"formulas": ["af size", "af seen"]}' where schedule = 'af' and position = 2;
select status from dist.run_now('af');
select position, rows from dist.run_step where run_id = (select max(id) from dist.run) order by position;
select * from af.written order by id;
update dist.formula set active = false where name = 'af size';
select status from dist.run_now('af');
select position, rows, result from dist.run_step where run_id = (select max(id) from dist.run) and position = 2;

-- Two edits of one field in one run, undone together: the last first
insert into dist.step (schedule, position, action, target, args) values
    ('af', 3, 'mass_edit', 'af some', '{"fields": [{"field": "size", "value": "one"}]}'),
    ('af', 4, 'mass_edit', 'af some', '{"fields": [{"field": "size", "value": "two"}]}'),
    ('af', 5, 'mass_edit', 'af some', '{"fields": [{"field": "seen", "value": "2031-01-01"}], "keep_before": false}');
select id, size from af.account order by id;
select status, message, detail from dist.run_now('af');
select distinct size, seen from af.account where employees < 600;
-- Former values that were not kept cannot come back, and that is told
select status, reasons from dist.undo((select max(id) from dist.run));
select id, size, seen from af.account order by id;

-- An error of a formula names the step and the record (F3); nothing is half done
update dist.formula set active = true, expression = '10 / (r.employees - 200)' where name = 'af score';
update dist.step set active = position <= 2, args = case when position <> 2 then args end where schedule = 'af';
select status, sqlstate, message, detail from dist.run_now('af');
select count(*) from af.account where employees = 100;
-- Whose formula it is counts: the owner of the run trusts its author
\c - postgres
set client_min_messages = warning;
create role af_other login in role dist_manager;
grant usage on schema af to af_other;
\c - af_other
set client_min_messages = warning;
insert into dist.formula (name, object, field, expression) values ('af alien', 'af account', 'seen', '''2031-01-01''');
\c - af_owner
select status, sqlstate, message from dist.run_now('af');
delete from dist.schedule where name = 'af';
