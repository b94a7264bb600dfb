-- Service levels (X10): from an assignment on a clock runs in the rep's working time; at its end the record has been touched, or
-- that is told, or it goes back to a hopper, or to somebody who has not held it. All on the virtual clock.
set client_min_messages = warning;
create extension if not exists pg_dist;
create role sla_ops login in role dist_manager;
create schema sla authorization sla_ops;
create table sla.lead (id integer primary key, region text, called_at timestamptz, rep text);
create table sla.call (lead integer, at timestamptz);
alter table sla.lead owner to sla_ops;
alter table sla.call owner to sla_ops;
insert into dist.object (name, relation, key_column, owner_column) values ('sla lead', 'sla.lead', 'id', 'rep');
set session authorization sla_ops;
insert into sla.lead select n, 'all' from generate_series(1, 9) n;
insert into dist.calendar (name) values ('sla office');
insert into dist.shift select 'sla office', d, '09:00', '17:00' from generate_series(1, 5) d;
insert into dist.holiday values ('sla office', '2031-03-12', 'Made-up day');
insert into dist.rep (rep, time_zone, calendar) values ('sla ada', 'UTC', 'sla office'), ('sla bob', 'America/New_York', 'sla office'), ('sla cyd', 'UTC', null);
insert into dist.team (team) values ('sla'), ('sla one');
insert into dist.team_member (team, rep, position) values ('sla', 'sla ada', 1), ('sla', 'sla bob', 2), ('sla', 'sla cyd', 3), ('sla one', 'sla bob', 1);
insert into dist.distribution_rule (name, strategy, team, if_unavailable) values ('sla turns', 'round_robin', 'sla', 'assign_anyway');
insert into dist.distribution_rule (name, strategy, rep) values ('sla to bob', 'rep', 'sla bob');
insert into dist.ruleset (name, object, default_to_rep) values ('sla rules', 'sla lead', 'sla cyd');
insert into dist.hopper (name, object) values ('sla tank', 'sla lead');
insert into dist.consumer (name, kinds, objects) values ('sla watch', '{sla_met,sla_breached}', '{sla lead}');
insert into dist.transfer (name, object, to_rep) values ('sla to ada', 'sla lead', 'sla ada'), ('sla to bob', 'sla lead', 'sla bob'), ('sla to cyd', 'sla lead', 'sla cyd');
insert into dist.transfer (name, object, to_ruleset) values ('sla by rules', 'sla lead', 'sla rules');
insert into dist.transfer (name, object, kind) values ('sla back', 'sla lead', 'retrieval');

-- Refused when written
\pset tuples_only on
select test.refused($$insert into dist.sla (name, object, within, touched_predicate) values ('', 'sla lead', '4 hours', 'true')$$);
select test.refused($$insert into dist.sla (name, object, within, touched_predicate) values ('sla bad', 'sla led', '4 hours', 'true')$$);
select test.refused($$insert into dist.sla (name, object, within, touched_predicate) values ('sla bad', 'sla lead', '0', 'true')$$);
select test.refused($$insert into dist.sla (name, object, within, touched_predicate) values ('sla bad', 'sla lead', '2 days', 'true')$$);
select test.refused($$insert into dist.sla (name, object, within) values ('sla bad', 'sla lead', '4 hours')$$);
select test.refused($$insert into dist.sla (name, object, within, touched_predicate) values ('sla bad', 'sla lead', '4 hours', 'r.called')$$);
select test.refused($$insert into dist.sla (name, object, within, touched_predicate) values ('sla bad', 'sla lead', '4 hours', 'r.called_at > c.began')$$);
select test.refused($$insert into dist.sla (name, object, within, touched_predicate) values ('sla bad', 'sla lead', '4 hours', 'r.called_at > now()')$$);
select test.refused($$insert into dist.sla (name, object, within, touched_criteria) values ('sla bad', 'sla lead', '4 hours', '{"field": "caled_at", "op": "is not null"}')$$);
select test.refused($$insert into dist.sla (name, object, within, touched_predicate, team, ruleset) values ('sla bad', 'sla lead', '4 hours', 'true', 'sla', 'sla rules')$$);
select test.refused($$insert into dist.sla (name, object, within, touched_predicate, on_breach) values ('sla bad', 'sla lead', '4 hours', 'true', 'reasign')$$);
select test.refused($$insert into dist.sla (name, object, within, touched_predicate, on_breach) values ('sla bad', 'sla lead', '4 hours', 'true', 'reassign')$$);
select test.refused($$insert into dist.sla (name, object, within, touched_predicate, to_hopper) values ('sla bad', 'sla lead', '4 hours', 'true', 'sla tank')$$);
select test.refused($$insert into dist.sla (name, object, within, touched_predicate, max_attempts) values ('sla bad', 'sla lead', '4 hours', 'true', 0)$$);
select test.refused($$insert into dist.sla (name, object, within, touched_predicate, owner) values ('sla bad', 'sla lead', '4 hours', 'true', 'test_admin')$$);
\pset tuples_only off

-- Working time: two hours on Friday and two on Monday; New York, whose clocks go forward in between; a holiday; round the clock
insert into dist.sla (name, object, within, touched_predicate) values ('sla four', 'sla lead', '4 hours', 'r.called_at > c.started_at');
update dist.transfer set row_limit = 1;
select assigned from dist.execute('sla to ada', '2031-03-07 15:00Z');
select assigned from dist.execute('sla to bob', '2031-03-07 20:00Z');
select assigned from dist.execute('sla to cyd', '2031-03-07 20:00Z');
select assigned from dist.execute('sla to ada', '2031-03-11 16:30Z');
select record_key, rep, started_at, due_at, attempt, ended_at, outcome from dist.sla_clock where sla = 'sla four' order by record_key;
select kind, name, object, owner from dist.task where kind = 'sla';

-- Touched in time, breached, taken by another tool, deleted: the outcome of each, and who is told
update sla.lead set called_at = '2031-03-07 16:00Z' where id = 1;
update sla.lead set rep = 'sla cyd' where id = 2;
delete from sla.lead where id = 4;
select dist.tick('2031-03-07 23:59Z');
select record_key, outcome, ended_at from dist.sla_clock where sla = 'sla four' order by record_key;
select dist.tick('2031-03-08 00:00Z');
select record_key, outcome, ended_at from dist.sla_clock where sla = 'sla four' order by record_key;
select dist.tick('2031-03-31 00:00Z');
select record_key, outcome, ended_at from dist.sla_clock where sla = 'sla four' order by record_key;
select kind, record_key, rep, cause, at, payload from dist.read_events('sla watch');
-- A call before the assignment does not count; a run that takes the record away ends the clock, and so does an undo
update sla.lead set called_at = '2031-03-07 16:00Z' where id = 5;
select assigned from dist.execute('sla to cyd', '2031-04-01 09:00Z');
select dist.tick('2031-04-01 13:00Z');
select assigned from dist.execute('sla to cyd', '2031-04-01 14:00Z');
select assigned from dist.return_record('sla lead', '6', 'wrong number');
select assigned from dist.execute('sla to cyd', '2031-04-01 15:00Z');
select assigned from dist.undo((select max(id) from dist.run where transfer = 'sla to cyd'));
select record_key, rep, outcome from dist.sla_clock where sla = 'sla four' and started_at > '2031-04-01' order by run_id, record_key;
select kind, record_key from dist.read_events('sla watch');
-- Passive: none runs any more
select assigned from dist.execute('sla to cyd', '2031-04-01 16:00Z');
update dist.sla set active = false where name = 'sla four';
select assigned from dist.execute('sla to ada', '2031-04-01 16:00Z');
select record_key, outcome from dist.sla_clock where sla = 'sla four' and started_at >= '2031-04-01 16:00Z' order by record_key, run_id;
select count(*) from dist.task where kind = 'sla';
delete from dist.sla;

-- Which assignments: by a distribution rule, by a ruleset, to a team
insert into dist.sla (name, object, distribution_rule, ruleset, team, within, touched_criteria)
values ('sla rule', 'sla lead', 'sla to bob', null, null, '1 hour', '{"field": "called_at", "op": "is not null"}'),
       ('sla set', 'sla lead', null, 'sla rules', null, '1 hour', '{"field": "called_at", "op": "is not null"}'),
       ('sla team', 'sla lead', null, null, 'sla one', '1 hour', '{"field": "called_at", "op": "is not null"}');
delete from sla.lead;
insert into sla.lead select n, 'all' from generate_series(11, 14) n;
insert into dist.transfer (name, object, to_distribution_rule, row_limit) values ('sla by bob', 'sla lead', 'sla to bob', 1);
select assigned from dist.execute('sla to ada', '2031-04-02 14:00Z');
select assigned from dist.execute('sla to bob', '2031-04-02 14:00Z');
select assigned from dist.execute('sla by bob', '2031-04-02 14:00Z');
select assigned from dist.execute('sla by rules', '2031-04-02 14:00Z');
select record_key, sla, rep from dist.sla_clock order by record_key, sla;
delete from dist.sla;

-- What a service level has passed on it stays with, though that was not by the rule that it is about
insert into dist.sla (name, object, distribution_rule, within, touched_predicate, on_breach, to_distribution_rule)
values ('sla stays', 'sla lead', 'sla to bob', '1 hour', 'false', 'reassign', 'sla turns');
delete from sla.lead;
insert into sla.lead values (15, 'all');
select assigned from dist.execute('sla by bob', '2031-04-03 14:00Z');
select dist.tick('2031-04-05 14:00Z');
select attempt, outcome, rep <> 'sla bob' as another from dist.sla_clock order by attempt;
delete from dist.sla;

-- Reassigned to somebody who has not held it, up to max_attempts; each attempt has a clock of its own. The sets of a tick.
delete from sla.lead;
insert into sla.lead select n, 'all' from generate_series(21, 23) n;
insert into dist.sla (name, object, within, touched_predicate, on_breach, to_distribution_rule, max_attempts)
values ('sla pass on', 'sla lead', '1 hour', 'exists (select from sla.call k where k.lead = r.id and k.at >= c.started_at)', 'reassign', 'sla turns', 3);
update dist.transfer set row_limit = null;
update dist.rep set calendar = null, time_zone = 'UTC' where rep like 'sla %';
select assigned from dist.execute('sla to ada', '2031-05-05 09:00Z');
insert into sla.call values (21, '2031-05-05 09:30Z');
select dist.tick('2031-05-05 10:00Z');
select id, rep from sla.lead order by id;
select trigger, cause_name, transfer, object, assigned, unassigned, as_of, run_by from dist.run where trigger = 'sla' order by id;
-- The next time 22 is worked on, and 23 is not; it has come to its last rep
insert into sla.call select id, '2031-05-05 10:30Z' from sla.lead where id = 22;
select dist.tick('2031-05-05 23:00Z');
select record_key, rep, attempt, holders, started_at, ended_at, outcome, next_run_id is not null as passed_on
  from dist.sla_clock order by record_key, attempt;
select count(distinct h) = count(*) as never_twice from dist.sla_clock c, unnest(c.holders) h where c.record_key = '23' and c.attempt = 3;
select kind, record_key, rep, payload ->> 'attempt' as attempt from dist.read_events('sla watch');
-- Nobody is left who has not held it: it stays, and the run says why
update dist.sla set max_attempts = 9;
delete from dist.team_member where team = 'sla' and rep = 'sla cyd';
insert into sla.lead values (24, 'all');
select assigned from dist.execute('sla to ada', '2031-05-06 09:00Z');
select dist.tick('2031-05-06 23:00Z');
select rep, attempt, outcome, next_run_id is not null as passed_on from dist.sla_clock where record_key = '24' order by attempt;
select trigger, assigned, unassigned, reasons from dist.run where trigger = 'sla' order by id desc limit 1;
-- An undo of what it has done
select assigned from dist.undo((select max(id) from dist.run where trigger = 'sla' and assigned > 0));
select rep from sla.lead where id = 24;
-- Turns that it took are in the pool: fairness says so, and a replay agrees
select agrees from dist.replay((select max(id) from dist.run where trigger = 'sla' and assigned > 0));

-- Back to the hopper, unowned; whoever has it from there goes on with the count
delete from dist.sla;
delete from sla.lead;
insert into sla.lead values (31, 'all');
insert into dist.sla (name, object, within, touched_predicate, on_breach, to_hopper, max_attempts)
values ('sla shark', 'sla lead', '1 hour', 'r.called_at is not null', 'hopper', 'sla tank', 2);
update dist.consumer set kinds = '{assigned,unowned,in_hopper,claimed,sla_breached}' where name = 'sla watch';
select assigned from dist.execute('sla to ada', '2031-06-02 09:00Z');
select dist.tick('2031-06-02 10:00Z');
select id, rep from sla.lead;
select record_key, hopper, rep, since from dist.hopper_record where object = 'sla lead';
update dist.sla set max_attempts = 3;
insert into dist.transfer (name, object, from_hopper, to_rep) values ('sla out', 'sla lead', 'sla tank', 'sla bob');
select assigned from dist.execute('sla out', '2031-06-02 11:00Z');
select dist.tick('2031-06-02 12:00Z');
select kind, record_key, rep, old_owner, cause from dist.read_events('sla watch');
reset session authorization;
set pg_dist.clock = '2031-06-02 13:00Z';
set session authorization sla_ops;
select dist.claim('sla tank', 'sla cyd');
reset session authorization;
reset pg_dist.clock;
set session authorization sla_ops;
select kind, record_key, rep, old_owner, cause from dist.read_events('sla watch');
select dist.tick('2031-06-02 14:00Z');
select record_key, rep, attempt, due_at - started_at as within, outcome, next_run_id is not null as passed_on from dist.sla_clock order by attempt;
select id, rep from sla.lead;

-- It runs as its owner, and refuses what somebody wrote whom he does not trust; what is mended is served
reset session authorization;
create role sla_other login in role dist_manager;
grant usage on schema sla to sla_other;
grant select on sla.lead to sla_other;
set session authorization sla_other;
\pset tuples_only on
select test.refused($$update dist.sla set owner = 'sla_other'$$);
\pset tuples_only off
update dist.sla set touched_predicate = 'r.called_at is null';
reset session authorization;
update dist.sla set touched_predicate = 'r.called_at is not null and r.id > 0', written_by = 'sla_other';
set session authorization sla_ops;
insert into sla.lead values (32, 'all');
select assigned from dist.execute('sla to ada', '2031-06-03 09:00Z');
reset session authorization;
select dist.tick('2031-06-03 10:00Z');
select failures, note from dist.task where kind = 'sla';
select outcome from dist.sla_clock where record_key = '32';
set session authorization sla_ops;
update dist.sla set touched_predicate = 'r.called_at is not null and r.id > 0';
reset session authorization;
select dist.tick('2031-06-04 10:00Z');
select outcome from dist.sla_clock where record_key = '32' order by run_id;
select failures, note from dist.task where kind = 'sla';
select sla, rep, running, met, breached, without_verdict, met_share from dist.sla_report order by rep;

-- Forgotten with the history
select dist._forget_clocks('2031-06-02 10:00Z', 1000);
select dist._forget_clocks('2031-06-02 10:00:00.1Z', 1000);

-- Names go along, and what is named is not deleted
update dist.sla set name = 'sla renamed';
select count(*) > 0 as with_it from dist.sla_clock where sla = 'sla renamed';
select name from dist.task where kind = 'sla';
\pset tuples_only on
select test.refused($$delete from dist.hopper where name = 'sla tank'$$);
\pset tuples_only off
delete from dist.hopper_record where object = 'sla lead';
select test.forget_intent();
delete from dist.event where object = 'sla lead';
drop schema sla cascade;
drop role sla_ops, sla_other;
