-- A database with intent of every kind, state that is in the middle of things, and history of every kind, some of it
-- gone bad since. Its worker is off: only these statements run anything.
\set QUIET on
set client_min_messages = warning;
create extension pg_dist;
create role ops login;
create role boss nologin;
grant dist_manager, boss to ops;
create schema crm authorization ops;
grant usage on schema crm to boss;

create table crm.lead (id bigint primary key, region text not null, budget numeric, stale boolean, owner text);
create table crm.visit (lead bigint, at timestamptz);
create table crm."Old Deal" (id uuid primary key, owner text);
alter table crm.lead owner to ops;
alter table crm."Old Deal" owner to ops;
insert into crm.lead select n, case when n % 3 = 0 then 'south' else 'north' end, n * 10, false from generate_series(1, 400) n;
insert into crm."Old Deal" values ('00000000-0000-0000-0000-000000000001');
insert into dist.object (name, relation, key_column, owner_column, description)
values ('lead', 'crm.lead', 'id', 'owner', 'leads of the example'),
       ('old deal', 'crm."Old Deal"', 'id', 'owner', null);
insert into dist.policy (name, value) values ('unassigned_rows', 50);
insert into dist.public_domain values ('mail.example', true, 'of the example'), ('gmail.com', false, null);

set session authorization ops;
insert into dist.rep (rep, name, time_zone, active)
values ('ada', 'Ada Example', 'Europe/Berlin', true), ('bob', 'Bob Example', 'America/New_York', true),
       ('cyd', 'Cyd Example', 'UTC', true), ('dee', 'Dee Example', 'UTC', false);
insert into dist.calendar (name) values ('office');
insert into dist.shift values ('office', 1, '09:00', '17:00'), ('office', 7, '22:00', '06:00');
insert into dist.holiday values ('office', '2999-12-25', 'Christmas');
update dist.rep set calendar = 'office' where rep = 'dee';
insert into dist.absence (rep, starts, ends, stand_in, reason) values ('ada', '2999-06-02', 'infinity', 'bob', 'leave');
insert into dist.team (team) values ('field');
insert into dist.team_member (team, rep, weight, position)
values ('field', 'ada', 3, 1), ('field', 'bob', 2.5, 2), ('field', 'cyd', 1.000001, 3), ('field', 'dee', 7, 4);
insert into dist.distribution_rule (name, strategy, team, rep)
values ('by weight', 'weighted', 'field', null), ('in turn', 'round_robin', 'field', null), ('always cyd', 'rep', null, 'cyd');
insert into dist.book_segment (name, object, position, predicate) values ('south', 'lead', 1, 'r.region = ''south'''), ('stale', 'lead', 2, 'r.stale');
insert into dist.book (object, team, rep, segment, target)
values ('lead', 'field', null, 'stale', 20), ('lead', null, 'bob', 'stale', 30), ('lead', null, 'ada', null, 90);
insert into dist.distribution_rule (name, strategy, team, segment) values ('fill stale', 'top_off', 'field', 'stale'), ('by load', 'load', 'field', null);
insert into dist.measure (distribution_rule, measure, object, criteria, value)
values ('by load', 'load', 'lead', '{"field": "stale", "op": "=", "value": false}', 'r.budget');
insert into dist.hopper (name, object, ranking, claim_limit, cool_off, expires_after, expire_to_distribution_rule)
values ('fresh', 'lead', 'r.budget desc', 20, '1 day', '90 years', 'in turn');
insert into dist.ruleset (name, object, default_to_distribution_rule) values ('leads', 'lead', 'in turn'), ('south', 'lead', null);
insert into dist.assignment_rule (ruleset, position, criteria, predicate, to_rep, to_distribution_rule, to_ruleset)
values ('leads', 1, '{"field": "region", "op": "=", "value": "south"}', null, null, null, 'south'),
       ('leads', 2, null, 'r.budget > 3000', null, 'by weight', null),
       ('south', 1, '{"field": "budget", "op": "<", "value": 500}', null, null, 'always cyd', null),
       ('south', 2, null, null, null, 'by weight', null);
insert into dist.transfer (name, object, to_ruleset, row_limit, ranking, set_fields)
values ('some', 'lead', 'leads', 70, 'r.budget desc', '{"stale": true}'),
       ('plenty', 'lead', 'leads', null, null, null);
insert into dist.transfer (name, object, kind, predicate) values ('back', 'lead', 'retrieval', 'r.owner = ''ada'' and dist.as_of() > ''2020-01-01''');
-- One is used, one has been changed, one is gone.
insert into dist.variable (name, type, value, description) values ('most', 'numeric', '1e4', 'budget'), ('since', 'timestamptz', '2026-01-15 12:00+02', null),
       ('gone', 'text[]', '{a,"b c"}', null);
update dist.variable set value = '2026-01-16' where name = 'since';
delete from dist.variable where name = 'gone';
insert into dist.transfer (name, object, to_rep, criteria, predicate)
values ('by variable', 'lead', 'bob', '{"field": "budget", "op": ">", "value": {"var": "most"}}', 'dist.as_of() > dist.var(''since'', null::timestamptz)');
insert into dist.transfer (name, object, kind, to_rep, is_template) values ('template', 'lead', 'retrieval', 'bob', true);
insert into dist.transfer (name, object, to_rep, predicate) values ('fails', 'lead', 'bob', '1 / (r.id - r.id) = 1');
-- These go bad below.
insert into dist.transfer (name, object, to_rep, criteria) values ('bad column', 'lead', 'bob', '{"field": "budget", "op": ">", "value": 1}');
insert into dist.transfer (name, object, to_rep) values ('bad table', 'old deal', 'bob');

insert into dist.schedule (name, start_at, time_zone, frequency, every)
values ('nightly', '2999-01-01 06:00', 'Europe/Berlin', 'daily', 1), ('paused', '2999-01-01 06:00', 'UTC', 'weekly', 2),
       ('cancelled', '2999-01-01 06:00', 'UTC', 'daily', 1), ('unbound', '2999-01-01 06:00', 'UTC', 'daily', 1),
       ('once', '2999-01-01 06:00', 'UTC', null, null), ('failing', '2998-01-01 06:00', 'UTC', 'yearly', 1);
insert into dist.step (schedule, position, target)
values ('nightly', 1, 'back'), ('nightly', 2, 'some'), ('paused', 1, 'some'), ('cancelled', 1, 'some'), ('once', 1, 'some'), ('failing', 1, 'fails');
create function crm.note(what text, at date default '2031-01-01') returns text language sql return what || ' ' || at;
create function crm.gone(list integer[]) returns void language sql begin atomic select 1; end;
insert into dist.step (schedule, position, action, target, args)
values ('once', 2, 'function', 'crm.note', '{"what": "moved"}'), ('paused', 2, 'function', 'crm.gone(integer[])', '[[1, 2]]');
-- One is the group's: it runs as boss, who has no rights on the table.
insert into dist.schedule (name, start_at, owner) values ('of boss', '2998-06-01 06:00', 'boss');
insert into dist.step (schedule, position, target) values ('of boss', 1, 'some');
select dist.save_schedule_template('once', 'template');
select dist.pause('paused');
select dist.cancel('cancelled');

insert into dist.match (name, object, position, kind, own, other_object, other_column) values ('region', 'lead', 1, 'key', 'r.region', 'lead', 'region');
-- Names a match before that is there, were the rows restored in order.
insert into dist.distribution_rule (name, strategy, team, match) values ('a matched one', 'round_robin', 'field', 'region');
insert into dist.transfer (name, object, to_distribution_rule, row_limit, predicate) values ('matched', 'lead', 'a matched one', 5, 'r.owner is null');
insert into dist.eligibility (name, object, rep, criteria) values ('cyd small', 'lead', 'cyd', '{"field": "budget", "op": "<", "value": 100000}');
insert into dist.protection (name, object, predicate) values ('first', 'lead', 'r.id = 1');
-- Named before it is there, were the rows restored in order.
insert into dist.distribution_rule (name, strategy, rep) values ('a last resort', 'rep', 'ada');
insert into dist.distribution_rule (name, strategy, if_unavailable, fallback_to_distribution_rule)
values ('anybody', 'round_robin', 'fall_back', 'a last resort');
update dist.distribution_rule set name = 'z last resort' where name = 'a last resort';
insert into dist.cap (name, per, most) values ('a month', 'month', 1000);
insert into dist.cap (name, per, most, rolling, counts) values ('together', 'day', 1000, true, 'together');

-- A service level, whose clocks run or are over.
insert into dist.sla (name, object, distribution_rule, within, touched_predicate) values ('four hours', 'lead', 'by weight', '4 hours', 'r.stale and c.started_at > ''2000-01-01''');

-- Two consumers of the outbox, one of whom has read a part of it when the dump is made.
insert into dist.consumer (name, kinds, objects, channel) values ('push', '{assigned,failed}', '{lead}', 'push'), ('mirror', null, null, null);

-- Automations, one of them with records that wait, one with records that are held.
grant trigger on crm.lead to ops;
insert into dist.automation (name, object, on_insert, on_columns, to_rep, wait, predicate)
values ('late', 'lead', true, '{budget}', 'ada', '9 years', 'r.budget > 1'), ('never', 'lead', true, null, 'ada', '9 years', null);
update dist.automation set active = false where name = 'never';
insert into dist.exclusion (name, object, predicate) values ('none', 'lead', 'r.budget < 0');
insert into dist.exclusion (name, automation, predicate, active) values ('all', 'late', 'true', false);
insert into dist.exclusion (name, ruleset, predicate) values ('south none', 'south', 'r.budget < 0');

-- Segments, one of them made of others, and what is limited to them.
insert into dist.segment (name, object, criteria, responsible_rep)
values ('cheap', 'lead', '{"field": "budget", "op": "<", "value": 50}', 'ada'), ('any', 'lead', null, null);
insert into dist.segment_part (segment, part, member) values ('any', 'cheap', false);
insert into dist.segment_related (segment, name, relation, key_column, join_on) values ('any', 'same region', 'crm.lead', 'id', '{"region": "region"}');
-- Named before it is there, were the rows restored in order.
update dist.segment set name = 'z any' where name = 'any';
insert into dist.activity_plan (segment, name, subject, duration, assign, reps, into_relation, column_map, open_predicate)
values ('cheap', 'call', 'Call {region}', '45 minutes', 'owner', null, null, null, null),
       ('cheap', 'visit', 'Visit', '2 hours', 'reps', '{ada,bob}', 'crm.visit', '{"lead": "key", "at": "starts_at"}', 'r.at > ''2031-01-01''');
insert into dist.transfer (name, object, segment, to_rep) values ('of a segment', 'lead', 'z any', 'ada');
update dist.step set segment = 'cheap' where schedule = 'paused' and position = 2;
-- A formula, and steps that edit.
insert into dist.formula (name, object, field, expression) values ('stale', 'lead', 'stale', 'r.budget < 0');
insert into dist.step (schedule, position, action, target, args)
values ('paused', 3, 'apply_formulas', 'cheap', '{"formulas": ["stale"]}'), ('paused', 4, 'mass_edit', 'cheap', '{"fields": [{"field": "stale", "value": false}]}');

-- History: moves in several months, records left, an undo, failures, a run of a schedule that runs once.
select dist.execute('some', '2026-01-15 12:00Z');
select dist.execute('some', '2026-02-28 23:59Z');
select dist.undo((select min(id) from dist.run));
select dist.execute('back', '2026-03-01 00:00Z');
select dist.tick('2998-06-01 06:00Z');
update dist.schedule set start_at = '2997-01-01 06:00' where name = 'once';
select dist.tick('2997-01-01 06:00Z');
update dist.rep set active = true where rep = 'dee';
select dist.execute('some', '2026-03-31 12:00Z');
update dist.rep set active = false where rep = 'bob';
select dist.execute('some', '2026-03-31 13:00Z');
update dist.transfer set source = 'any', criteria = '{"field": "stale", "op": "=", "value": true}' where name = 'plenty';
select dist.execute('plenty', '2026-04-01 13:00Z');
update dist.transfer set source = null, criteria = null where name = 'plenty';
-- Some of it waits.
update crm.lead set budget = budget + 0.01 where id <= 3;
select count(*) from dist.read_events('push', 3);
reset session authorization;
insert into dist.emit_state values ('nightly', 1, 'none', 5, 1, '2026-04-01 13:00Z');
insert into dist.emit_told values ('nightly', 1, '400', '2026-04-01 13:00Z');
insert into dist.hopper_record (object, record_key, hopper, since, run_id) values ('lead', '400', 'fresh', '2026-04-01 13:00Z', 1);
insert into dist.transfer (name, object, from_hopper, to_distribution_rule) values ('from fresh', 'lead', 'fresh', 'in turn');
insert into dist.release (name, transfer, per_hour, active) values ('drip', 'from fresh', 6, false);
insert into dist.release_state (release, at, credit) values ('drip', '2026-04-01 13:00Z', 0.5);
insert into dist.segment_row (segment, record_key, joined_at, run_id) values ('cheap', '1', '2026-04-01 13:00Z', 1);
insert into dist.segment_roll (segment, kind, keys, runs, run_ids, run_times) values ('z any', 'integer', '\x8180808080808080800101', '\x0000', '{1}', '{2026-04-01 13:00Z}');
insert into dist.activity (run_id, position, segment, plan, object, record_key, rep, subject, starts_at, ends_at)
values (1, 1, 'cheap', 'call', 'lead', '1', 'ada', 'Call north', '2026-04-01 13:00Z', '2026-04-01 13:45Z');
insert into dist.activity (rep, subject, starts_at, ends_at, status) values ('ada', 'Dentist', '2026-04-01 15:00Z', '2026-04-01 15:45Z', 'done');
insert into dist.activity_left (run_id, position, segment, plan, record_key, rep, reason) values (1, 1, 'cheap', 'call', '2', 'ada', 'full');
insert into dist.field_edit_chunk (run_id, position, chunk, relation, key_column, field, rows, keys, before, after_all)
    values (1, 2, 0, 'crm.lead', 'id', 'stale', 2, '{1,2}', '{f,NULL}', 't');
insert into dist.segment_change (run_id, segment, record_key, change, at) values (1, 'cheap', '1', 'joined', '2026-04-01 13:00Z');
insert into dist.claim_use (hopper, rep, day, used) values ('fresh', 'ada', '2026-04-01', 1);
insert into dist.rep (rep, active) values ('eve', false);
update dist.rep set rep = 'evelyn' where rep = 'eve';
insert into dist.cool_off (object, record_key, rep, until) values ('lead', '400', 'ada', '2999-04-01 13:00Z');

-- Gone bad: a column and a table that intent names are dropped, and a row of intent has an author who left.
create role former;
grant dist_manager, ops to former;
set session authorization former;
insert into dist.assignment_rule (ruleset, position, predicate, to_rep, active) values ('south', 9, 'true', 'ada', false);
reset session authorization;
drop role former;
alter table crm.lead add column size numeric;
update dist.transfer set criteria = '{"field": "size", "op": ">", "value": 1}' where name = 'bad column';
alter table crm.lead drop column size;
drop table crm."Old Deal";
drop function crm.gone;
