-- Templates of schedules with their steps (G12): saved, listed, and made into schedules under other names with other arguments.
-- A template never runs, is not upcoming, and is in nobody's way.
set client_min_messages = warning;
create schema stp;
create table stp.lead (id integer primary key, note text, owner text);
insert into stp.lead (id) select generate_series(1, 4);
grant usage on schema stp to test_manager;
grant select, update on stp.lead to test_manager;
create function stp.greet(whom text, times integer default 1) returns text language sql as 'select repeat(''hello '' || whom, times)';
grant execute on function stp.greet to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('stp lead', 'stp.lead', 'id', 'owner');
\c - test_manager
set client_min_messages = warning;
insert into dist.rep (rep) values ('stp ann'), ('stp ben');
insert into dist.transfer (name, object, to_rep, predicate) values ('stp ann', 'stp lead', 'stp ann', 'r.id = 1'), ('stp ben', 'stp lead', 'stp ben', 'r.id = 2');
insert into dist.segment (name, object, predicate) values ('stp all', 'stp lead', 'true');
insert into dist.schedule (name, description, start_at, frequency, time_zone, attempts) values ('stp week', 'as it is', '2033-01-03 06:00', 'weekly', 'Europe/Berlin', 2);
insert into dist.step (schedule, position, action, target, args, active) values
    ('stp week', 1, 'transfer', 'stp ann', null, true),
    ('stp week', 2, 'function', 'stp.greet', '{"whom": "Ann", "times": 2}', true),
    ('stp week', 5, 'mass_edit', 'stp all', '{"fields": [{"field": "note", "value": "seen"}]}', false);
select dist.save_schedule_template('stp week', 'stp template');
select name, is_template, enabled, description, start_at, frequency, time_zone, attempts, owner from dist.schedule where name like 'stp%' order by name;
select position, action, target, args, active, written_by from dist.step where schedule = 'stp template' order by position;
-- It is not a schedule.
select name from dist.upcoming where name like 'stp%' group by 1;
select name, status from dist.schedule_status where name like 'stp%';
select name from dist.health where name like 'stp%';
select schedule, count(*) from dist.simulate('2033-01-01Z', '2033-01-31Z') where schedule like 'stp%' group by 1;
select count(*) from dist.schedule_state st join dist.schedule s on s.id = st.schedule_id where s.name = 'stp template';

-- Made into schedules: as it is, with another plan and other arguments, without a step.
select dist.make_schedule('stp template', 'stp first');
select dist.make_schedule('stp template', 'stp second', '{"start_at": "2033-02-01 07:30", "frequency": null, "description": "once", "attempts": 1}',
    '{"1": {"target": "stp ben"}, "2": {"args": ["Ben"]}, "5": null}');
select name, is_template, enabled, description, start_at, frequency, time_zone, attempts from dist.schedule where name in ('stp first', 'stp second') order by name;
select schedule, position, action, target, args, active from dist.step where schedule in ('stp first', 'stp second') order by 1, 2;
select name, status, next_run_at, step from dist.upcoming where name like 'stp%' order by 1, 4;
select dist.tick('2033-01-03 05:00Z') as fired;
select dist.tick('2033-02-01 06:30Z') as fired;
select schedule, status, count(*) from dist.run where schedule like 'stp%' group by 1, 2 order by 1;
select r.schedule, p.position, p.result from dist.run r join dist.run_step p on p.run_id = r.id where r.schedule like 'stp%' and p.action = 'function' and r.due_at in ('2033-01-03 05:00Z', '2033-02-01 06:30Z') order by 1, 2;
select id, owner from stp.lead where owner is not null order by id;
-- From any schedule; a template is edited as its rows are, and deleted with its steps.
select dist.make_schedule('stp second', 'stp third', '{"start_at": "2034-02-01 07:30"}');
update dist.step set active = true where schedule = 'stp template' and position = 5;
update dist.schedule set description = 'better', start_at = null, frequency = null where name = 'stp template';
select dist.make_schedule('stp template', 'stp fourth', '{"cron": "0 6 * * *", "enabled": false}');
select name, status from dist.schedule_status where name in ('stp third', 'stp fourth') order by 1;
-- Preview of what it would do.
select step, transfer, record_key, new_owner, reason from dist.preview_schedule('stp template');

-- Bad input (G12).
\pset tuples_only on
\pset format unaligned
select test.refused($$select dist.save_schedule_template('stp wek', 'x')$$);
select test.refused($$select dist.save_schedule_template(null, 'x')$$);
select test.refused($$select dist.save_schedule_template('stp week', null)$$);
select test.refused($$select dist.save_schedule_template('stp week', 'stp template')$$);
select test.refused($$select dist.make_schedule('stp templat', 'x')$$);
select test.refused($$select dist.make_schedule('stp template', 'stp week')$$);
select test.refused($$select dist.make_schedule('stp template', 'x')$$);
select test.refused($$select dist.make_schedule('stp second', 'x', '{"start_at": "2020-01-01 06:00"}')$$);
select test.refused($$select dist.make_schedule('stp second', 'x', '{"start": "2035-01-01 06:00"}')$$);
select test.refused($$select dist.make_schedule('stp second', 'x', '{"is_template": true}')$$);
select test.refused($$select dist.make_schedule('stp second', 'x', '[]')$$);
select test.refused($$select dist.make_schedule('stp second', 'x', null)$$);
select test.refused($$select dist.make_schedule('stp second', 'x', '{"time_zone": "Europe/Berln"}')$$);
select test.refused($$select dist.make_schedule('stp second', 'x', '{"owner": "postgres"}')$$);
select test.refused($$select dist.make_schedule('stp week', 'x', '{}', '{"3": {"target": "stp ben"}}')$$);
select test.refused($$select dist.make_schedule('stp week', 'x', '{}', '{"1": {"targt": "stp ben"}}')$$);
select test.refused($$select dist.make_schedule('stp week', 'x', '{}', '{"1": {"target": "stp bn"}}')$$);
select test.refused($$select dist.make_schedule('stp week', 'x', '{}', '{"1": "stp ben"}')$$);
select test.refused($$select dist.make_schedule('stp week', 'x', '{}', '[1]')$$);
select test.refused($$select dist.make_schedule('stp week', 'x', '{}', '{"2": {"args": {"who": "Ann"}}}')$$);
select test.refused($$update dist.schedule set is_template = false where name = 'stp template'$$);
select test.refused($$update dist.schedule set is_template = true where name = 'stp week'$$);
select test.refused($$update dist.schedule set enabled = true where name = 'stp template'$$);
select test.refused($$update dist.schedule set time_zone = 'Nowhere' where name = 'stp template'$$);
select test.refused($$update dist.schedule set cron = 'often' where name = 'stp template'$$);
select test.refused($$select dist.run_now('stp template')$$);
select test.refused($$select dist.pause('stp template')$$);
select test.refused($$select dist.resume('stp template')$$);
select test.refused($$select dist.cancel('stp template')$$);
select test.refused($$select dist.cancel_run('stp template')$$);
select test.refused($$delete from dist.transfer where name = 'stp ann'$$);
-- Nothing of what was refused is left.
select count(*) from dist.schedule where name = 'x';
\c - postgres
-- Every refusal is pg_dist's own, and has a HINT.
\pset tuples_only on
\pset format unaligned
select statement, message from test.refusal where statement ~ 'stp ' and (not own and sqlstate <> '23505' or hint = '' and sqlstate <> '23505');
select test.forget_intent();
set client_min_messages = warning;
drop schema stp cascade;
