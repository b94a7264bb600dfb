-- What each function that people call does in each role's hands (Z7): what team A has made is run, seen, paused and undone by its
-- members and by admins, is not there for team B, and is read by readers. tests/sql/roles_matrix.sql has who is let in at all.
\pset tuples_only on
\pset format unaligned
set client_min_messages = warning;
create schema roles;
grant usage on schema roles to public;
create role roles_team_a in role dist_manager;
create role roles_team_b in role dist_manager;
create role roles_public;
create role roles_reader in role dist_reader;
create role roles_a in role roles_team_a;
create role roles_b in role roles_team_b;
create role roles_b_reads in role roles_team_b, dist_reader;
create role roles_admin in role dist_admin;
create table roles.role (place integer, role name, title text);
grant select on roles.role to public;
insert into roles.role values
    (1, 'roles_public', 'public'), (2, 'roles_reader', 'reader'), (3, 'roles_team_a', 'team A'), (4, 'roles_a', 'a member'),
    (5, 'roles_b', 'B'), (6, 'roles_b_reads', 'B who reads'), (7, 'roles_admin', 'admin');
create table roles.lead (id integer primary key, name text, owner text);
insert into roles.lead values (1, 'Acme Sample', null), (2, 'Bolt Sample', null), (3, 'Cole Sample', 'roles ann'), (4, 'Dorn Sample', null);
grant select, update on roles.lead to roles_team_a, roles_team_b;
grant select on roles.lead to roles_reader, roles_admin;
insert into dist.object (name, relation, key_column, owner_column) values ('roles lead', 'roles.lead', 'id', 'owner');

-- Team A's members work in the team's name, so that what one of them makes is everybody's of the team.
grant roles_team_a to current_user;
set role roles_team_a;
insert into dist.rep (rep) values ('roles ann'), ('roles ben');
insert into dist.hopper (name, object, blind) values ('roles a hopper', 'roles lead', false);
insert into dist.transfer (name, object, to_rep, predicate) values ('roles a give', 'roles lead', 'roles ben', 'r.id = 1');
insert into dist.transfer (name, object, to_rep, is_template) values ('roles a template', 'roles lead', 'roles ben', true);
insert into dist.transfer (name, object, to_hopper, predicate) values ('roles a queue', 'roles lead', 'roles a hopper', 'r.id = 4');
insert into dist.schedule (name, start_at, frequency) values ('roles a week', '2099-01-05 06:00', 'weekly');
insert into dist.step (schedule, position, target) values ('roles a week', 1, 'roles a give');
insert into dist.schedule (name, start_at) values ('roles a once', '2031-01-05 06:00');
insert into dist.step (schedule, position, target) values ('roles a once', 1, 'roles a give');
insert into dist.segment (name, object, predicate) values ('roles a all', 'roles lead', 'true');
insert into dist.consumer (name) values ('roles a reads');
insert into dist.variable (name, type, value) values ('roles a limit', 'integer', '5');
insert into dist.automation (name, object, to_rep, active) values ('roles a intake', 'roles lead', 'roles ben', false);
reset role;
create table roles.done (run bigint);
grant select on roles.done to public;
set role roles_team_a;
select assigned from dist.execute('roles a queue');
select id as run from dist.execute('roles a give') \gset
reset role;
insert into roles.done values (:run);

-- How a call ends in the hands of a role: done (and what it answers), or the SQLSTATE. It is taken back. A member of the team sees
-- and edits what is the team's; what he executes in his own name has to be written by somebody whom he trusts (invariant 7).
create function roles.ends(role name, call text) returns text language plpgsql as $$
declare
    answer text;
begin
    execute format('set local role %I', role);
    execute call into answer;
    raise exception using errcode = 'P0TST', message = coalesce('done ' || nullif(answer, ''), 'done');
exception when others then
    return case when sqlstate = 'P0TST' then sqlerrm else sqlstate end;
end $$;

create table roles.call (function text, call text);
insert into roles.call values
    ('as_of', 'select dist.as_of() = now()'),
    ('availability_at', 'select count(*) from dist.availability_at(now())'),
    ('cancel', $$select dist.cancel('roles a week')$$),
    ('cancel_run', $$select dist.cancel_run('roles a week')$$),
    ('claim', $$select count(*) from dist.claim('roles a hopper', 'roles ann')$$),
    ('claimable', $$select count(*) from dist.claimable('roles a hopper', 'roles ann')$$),
    ('company_name', $$select dist.company_name('Sample Inc')$$),
    ('execute', $$select assigned from dist.execute('roles a give')$$),
    ('explain', $$select count(*) > 0 from dist.explain('roles lead', '1', transfer => 'roles a give')$$),
    ('fairness_between', 'select count(*) >= 0 from dist.fairness_between(now() - interval ''1 day'', now())'),
    ('fairness_by_segment', 'select count(*) >= 0 from dist.fairness_by_segment(now() - interval ''1 day'', now())'),
    ('icalendar', $$select dist.icalendar('2099-01-01+00', '2099-02-01+00', 'roles a week') is not null$$),
    ('leave_hopper', $$select dist.leave_hopper('roles lead', '4')$$),
    ('make_schedule', $$select dist.make_schedule('roles a week', 'roles new')$$),
    ('mail_domain', $$select dist.mail_domain('a@sample.example')$$),
    ('make_transfer', $$select dist.make_transfer('roles a template', 'roles new')$$),
    ('next_runs', $$select count(*) from dist.next_runs('roles a week')$$),
    ('next_runs_of', $$select count(*) from dist.next_runs_of(cron => '0 6 * * *')$$),
    ('overtaken', $$select count(*) from dist.overtaken('roles a intake', now())$$),
    ('pause', $$select dist.pause('roles a week')$$),
    ('preview', $$select count(*) from dist.preview('roles a give')$$),
    ('preview_schedule', $$select count(*) from dist.preview_schedule('roles a week')$$),
    ('preview_schedule_totals', $$select count(*) > 0 from dist.preview_schedule_totals('roles a week')$$),
    ('preview_segment', $$select count(*) from dist.preview_segment('roles a all')$$),
    ('preview_steps', $$select count(*) from dist.preview_steps('roles a week')$$),
    ('preview_totals', $$select count(*) > 0 from dist.preview_totals('roles a give')$$),
    ('publish', $$select dist.publish('roles lead', 'record')$$),
    ('purge', 'select dist.purge()'),
    ('read_events', $$select count(*) >= 0 from dist.read_events('roles a reads')$$),
    ('refresh_segment', $$select assigned from dist.refresh_segment('roles a all')$$),
    ('release_record', $$select assigned from dist.release_record('roles lead', '3', 'made up', 'roles a hopper')$$),
    ('replay', 'select count(*) from roles.done d, dist.replay(d.run)'),
    ('resume', $$select dist.resume('roles a week')$$),
    ('resume_all', 'select dist.resume_all()'),
    ('return_record', $$select assigned from dist.return_record('roles lead', '3', 'made up')$$),
    ('run_id', 'select dist.run_id()'),
    ('run_now', $$select assigned from dist.run_now('roles a week')$$),
    ('save_schedule_template', $$select dist.save_schedule_template('roles a week', 'roles new')$$),
    ('save_template', $$select dist.save_template('roles a give', 'roles new')$$),
    ('simulate', $$select count(*) from dist.simulate('2099-01-05+00', '2099-01-06+00', 'roles a week')$$),
    ('tick', $$select dist.tick('2031-01-06 06:00+00')$$),
    ('undo', 'select (dist.undo(d.run)).assigned from roles.done d'),
    ('use_preset', $$select dist.use_preset('unlimited')$$),
    ('var', $$select dist.var('roles a limit')$$),
    ('who_would_get', $$select count(*) from dist.who_would_get('roles lead', '{"id": 1}', transfer => 'roles a give')$$);
-- Nothing that people call is left out.
select 'not called: ' || p.proname from pg_proc p
 where p.pronamespace = 'dist'::regnamespace and p.proname not like '\_%' and p.proname not in (select c.function from roles.call c) order by 1;
select c.function || ': ' || string_agg(r.title || ' ' || roles.ends(r.role, c.call), ', ' order by r.place)
  from roles.call c, roles.role r
 where exists (select from pg_proc p where p.pronamespace = 'dist'::regnamespace and p.proname = c.function)
 group by c.function order by c.function;

-- What nobody has shown him he cannot probe for: what is not there and what is somebody else's are told alike, and no HINT names it.
set role roles_b;
select test.refused($$select dist.pause('roles a week')$$);
select test.refused($$select dist.pause('roles a weak')$$);
select test.refused($$select dist.run_now('roles a week')$$);
select test.refused($$select dist.cancel_run('roles a week')$$);
select test.refused($$select dist.next_runs('roles a weak')$$);
select test.refused($$select dist.save_template('roles a give', 'roles mine')$$);
select test.refused($$select dist.execute('roles a giv')$$);
select test.refused($$insert into dist.step (schedule, position, target) values ('roles a week', 2, 'roles a give')$$);
select test.refused($$insert into dist.transfer (name, object, to_hopper) values ('roles b give', 'roles lead', 'roles a hopper')$$);
select test.refused($$insert into dist.segment_part (segment, part) values ('roles a all', 'roles a all')$$);
-- A name is taken, whoever has taken it; and what he writes over is not his.
select test.refused($$insert into dist.schedule (name, start_at) values ('roles a week', '2031-01-05 06:00')$$);
select test.refused($$insert into dist.transfer (name, object, to_rep) values ('roles a give', 'roles lead', 'roles ann') on conflict (name) do update set row_limit = 1$$);
insert into dist.transfer (name, object, to_rep) values ('roles a give', 'roles lead', 'roles ann') on conflict do nothing;
-- Nor does he get at it by a copy of rows, which would pass by its policies.
\copy dist.transfer from /dev/null
-- What others name he cannot delete, and is not told who they are.
select test.refused($$delete from dist.rep where rep = 'roles ben'$$);
select test.refused($$update dist.schedule set owner = 'roles_team_a'$$);
insert into dist.schedule (name, start_at) values ('roles b week', '2031-01-05 06:00');
select test.refused($$update dist.schedule set owner = 'roles_team_a'$$);
-- What is to lead back to itself he cannot hide behind rules that others do not see (nor they behind his).
reset role;
insert into dist.ruleset (name, object) values ('roles one', 'roles lead'), ('roles two', 'roles lead');
grant roles_team_b to current_user;
set role roles_team_a;
insert into dist.assignment_rule (ruleset, position, predicate, to_ruleset) values ('roles one', 1, 'true', 'roles two');
set role roles_team_b;
select count(*) from dist.assignment_rule;
select test.refused($$insert into dist.assignment_rule (ruleset, position, predicate, to_ruleset) values ('roles two', 1, 'true', 'roles one')$$);
select test.refused($$update dist.ruleset set object = 'other' where name = 'roles two'$$);
reset role;
insert into dist.object (name, relation, key_column, owner_column) values ('roles other', 'roles.lead', 'id', 'owner');
set role roles_team_b;
select test.refused($$update dist.ruleset set object = 'roles other' where name = 'roles two'$$);
-- Who sees everything is told whose it is.
set role roles_b_reads;
select test.refused($$select dist.pause('roles a week')$$);
select test.refused($$select dist.run_now('roles a week')$$);
-- Views show each his own, and all to whom reading has been granted apart.
create temp table seen as select r.title, null::text as upcoming, null::text as status, null::text as health from roles.role r where false;
grant insert on seen to public;
reset role;
-- Something about each that dist.health tells, on every version of PostgreSQL.
update dist.schedule_state t set failures = 1 from dist.schedule s where s.id = t.schedule_id and s.name like 'roles a%';
do $$
declare
    r record;
begin
    for r in select * from roles.role where place > 1 order by place loop
        execute format('set local role %I', r.role);
        insert into pg_temp.seen
        select r.title, (select string_agg(u.name, ', ' order by u.name) from dist.upcoming u where u.name like 'roles%'),
               (select string_agg(s.name, ', ' order by s.name) from dist.schedule_status s where s.name like 'roles%'),
               (select string_agg(h.name, ', ' order by h.name) from dist.health h where h.name like 'roles%' and h.kind = 'schedule');
    end loop;
end $$;
select title || ': upcoming ' || coalesce(upcoming, 'nothing') || '; status ' || coalesce(status, 'nothing') || '; health ' || coalesce(health, 'nothing') from seen;
-- An owner's role that is gone leaves its rows to admins: they take them over.
create role roles_gone in role dist_manager;
insert into dist.schedule (name, start_at, owner) values ('roles orphan', '2031-01-05 06:00', 'roles_gone');
drop role roles_gone;
set role roles_a;
select count(*) from dist.schedule where name = 'roles orphan';
set role roles_admin;
update dist.schedule set owner = 'roles_admin', start_at = '2031-01-06 06:00' where name = 'roles orphan';
update dist.schedule set description = 'an admin edits everybody''s', start_at = '2031-01-06 06:00' where name = 'roles a once';
select name || ' of ' || owner || ' at ' || start_at from dist.schedule where name in ('roles orphan', 'roles a once') order by 1;
select status || ' as ' || run_by from dist.run_now('roles a once');
reset role;

drop table seen;
select test.forget_intent();
drop schema roles cascade;
revoke roles_team_a, roles_team_b from current_user;
drop role roles_public, roles_reader, roles_a, roles_b, roles_b_reads, roles_admin, roles_team_a, roles_team_b;
