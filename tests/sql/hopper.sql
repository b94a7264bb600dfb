-- Hoppers and queues: L5 (a destination, with or without an owner), L8 (kept for later, released by a transfer), L9 (the default of a
-- ruleset), G18 (what is retrieved goes to a hopper). A move into or out of one is in the audit and is undone; what lies in one
-- is no candidate of others.
create schema hop;
grant usage on schema hop to public;
create table hop.lead (id integer primary key, region text, score integer, owner text);
grant select, insert, update, delete on hop.lead to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('hop lead', 'hop.lead', 'id', 'owner');
insert into hop.lead select n, (array['north', 'south', 'east'])[1 + n % 3], n * 7 % 10, null from generate_series(1, 12) n;
\c - test_manager
insert into dist.rep (rep) values ('hana'), ('hugo');
insert into dist.team (team) values ('hop team');
insert into dist.team_member (team, rep, position) values ('hop team', 'hana', 1), ('hop team', 'hugo', 2);
insert into dist.distribution_rule (name, team, strategy) values ('hop turns', 'hop team', 'round_robin');
insert into dist.hopper (name, object, ranking, claimable) values ('hop fresh', 'hop lead', 'r.score desc', true), ('hop later', 'hop lead', null, false);
select name, claimable, blind, others_may_claim, owner, written_by from dist.hopper where object = 'hop lead' order by 1;

-- Into a hopper, alone and with an owner (L5), and the default of a ruleset (L9).
insert into dist.ruleset (name, object, default_to_hopper) values ('hop rules', 'hop lead', 'hop later');
insert into dist.assignment_rule (ruleset, position, name, criteria, to_rep, to_hopper)
values ('hop rules', 1, 'north', '{"field": "region", "op": "=", "value": "north"}', null, 'hop fresh'),
       ('hop rules', 2, 'south', '{"field": "region", "op": "=", "value": "south"}', 'hana', 'hop fresh');
insert into dist.transfer (name, object, to_ruleset) values ('hop in', 'hop lead', 'hop rules');
select record_key, old_owner, new_owner, rule, reason from dist.preview('hop in', '2033-01-05 10:00Z') where record_key in ('1', '2', '3');
select stage, item, outcome from dist.explain('hop lead', '3', transfer => 'hop in') where stage in ('candidate', 'outcome');
select item, outcome from dist.explain('hop lead', '1', transfer => 'hop in') where stage = 'outcome';
select item, outcome from dist.explain('hop lead', '2', transfer => 'hop in') where stage in ('rule', 'outcome') order by stage desc;
select status, candidates, assigned, unassigned from dist.execute('hop in', '2033-01-05 10:00Z');
select a.record_key::integer, a.old_owner, a.new_owner, a.reason, a.rule, a.hopper, a.from_hopper
  from dist.assignment a where a.object = 'hop lead' order by 1 limit 3;
select hopper, rep, since, count(*), array_agg(record_key order by record_key::integer) from dist.hopper_record where object = 'hop lead' group by 1, 2, 3 order by 1, 2;
select owner, count(*) from hop.lead group by 1 order by 1;
-- A replay agrees.
select count(*) filter (where agrees) as agree, count(*) from dist.replay((select max(id) from dist.run where transfer = 'hop in'));
-- What lies in a hopper is no candidate of others, owned or not, and explain says so.
insert into dist.transfer (name, object, source, on_owned, to_rep) values ('hop all', 'hop lead', 'any', 'reassign', 'hugo');
select count(*) from dist.preview('hop all');
select item, outcome from dist.explain('hop lead', '3', transfer => 'hop all') where stage = 'candidate' and outcome = 'does not hold' or stage = 'outcome';
-- Who gives it to somebody past its hopper has taken it out.
update hop.lead set owner = 'hugo' where id = 3;
select record_key, old_owner, reason from dist.preview('hop all');
update hop.lead set owner = null where id = 3;

-- Out of it, by the hopper's ranking, then age, then key (L8: a queue is released by a transfer).
insert into dist.transfer (name, object, from_hopper, to_distribution_rule, row_limit) values ('hop out', 'hop lead', 'hop fresh', 'hop turns', 3);
insert into dist.transfer (name, object, from_hopper, to_distribution_rule) values ('hop release', 'hop lead', 'hop later', 'hop turns');
select array_agg(record_key || ' ' || score || ' ' || new_owner) from dist.preview('hop out') p join hop.lead l on l.id::text = p.record_key;
select item, outcome from dist.explain('hop lead', '12', transfer => 'hop out') where stage in ('candidate', 'outcome');
select item, outcome from dist.explain('hop lead', '2', transfer => 'hop out') where stage in ('candidate', 'outcome');
select assigned from test.run_as_previewed('hop out', '2033-01-05 11:00Z');
select a.record_key, a.new_owner, a.reason, a.from_hopper, a.hopper
  from dist.assignment a where a.run_id = (select max(id) from dist.run where transfer = 'hop out') order by a.seq;
select hopper, rep, count(*) from dist.hopper_record where object = 'hop lead' group by 1, 2 order by 1, 2;
select assigned from test.run_as_previewed('hop release', '2033-01-05 12:00Z');
select hopper, count(*) from dist.hopper_record where object = 'hop lead' group by 1 order by 1;

-- From one hopper to another; from and to the same is refused.
insert into dist.transfer (name, object, source, from_hopper, to_hopper) values ('hop over', 'hop lead', 'any', 'hop fresh', 'hop later');
update dist.transfer set on_owned = 'reassign' where name = 'hop over';
select assigned, reasons from dist.execute('hop over', '2033-01-05 13:00Z');
select hopper, rep, since, count(*) from dist.hopper_record where object = 'hop lead' group by 1, 2, 3 order by 1, 2;
select owner, count(*) from hop.lead group by 1 order by 1;

-- Undo, the last first: each goes back into the hopper it was taken from, as old as it was there; what has moved since stays.
select u.assigned, u.unassigned, u.reasons from (select max(id) as id from dist.run where transfer = 'hop over') r, dist.undo(r.id) u;
select hopper, rep, since, count(*) from dist.hopper_record where object = 'hop lead' group by 1, 2, 3 order by 1, 2;
update hop.lead set owner = 'hugo' where id = (select a.record_key::integer from dist.assignment a join dist.run r on r.id = a.run_id where r.transfer = 'hop out' and a.seq = 1);
select u.assigned, u.unassigned, u.reasons from (select max(id) as id from dist.run where transfer = 'hop release' and trigger = 'execute') r, dist.undo(r.id) u;
select u.assigned, u.unassigned, u.reasons from (select max(id) as id from dist.run where transfer = 'hop out' and trigger = 'execute') r, dist.undo(r.id) u;
select a.record_key, a.old_owner, a.new_owner, a.reason, a.hopper, a.from_hopper from dist.assignment a where a.run_id = (select max(id) from dist.run where trigger = 'undo') order by a.seq;
select hopper, rep, since, count(*) from dist.hopper_record where object = 'hop lead' group by 1, 2, 3 order by 1, 2;
-- The run that put them in: what still lies there comes out.
select u.assigned, u.unassigned, u.reasons from (select max(id) as id from dist.run where transfer = 'hop in' and trigger = 'execute') r, dist.undo(r.id) u;
select count(*) from dist.hopper_record where object = 'hop lead';
select owner, count(*) from hop.lead group by 1 order by 1;

-- G18: a retrieval into a hopper, with a holding rep and without.
update hop.lead set owner = case when id % 2 = 0 then 'hana' else 'hugo' end;
insert into dist.transfer (name, kind, object, from_reps, to_hopper) values ('hop retrieve', 'retrieval', 'hop lead', '{hana}', 'hop fresh');
insert into dist.transfer (name, kind, object, from_reps, to_hopper, to_rep) values ('hop hold', 'retrieval', 'hop lead', '{hugo}', 'hop later', 'hana');
select assigned, reasons from dist.execute('hop retrieve', '2033-01-06 10:00Z');
select assigned, reasons from dist.execute('hop hold', '2033-01-06 10:00Z');
select hopper, rep, count(*) from dist.hopper_record where object = 'hop lead' group by 1, 2 order by 1, 2;
select owner, count(*) from hop.lead group by 1 order by 1;
select reason, hopper, new_owner, count(*) from dist.assignment where object = 'hop lead' and at = '2033-01-06 10:00Z' group by 1, 2, 3 order by 2;
-- A rep returns one that he owns and that lies in a hopper: it leaves it.
select assigned from dist.return_record('hop lead', '1', 'wrong number');
select a.old_owner, a.new_owner, a.reason, a.from_hopper from dist.assignment a where a.object = 'hop lead' and a.record_key = '1' order by a.run_id desc limit 1;
select count(*) from dist.hopper_record where object = 'hop lead' and record_key = '1';

-- Names go along; what is in use is not deleted.
begin;
update dist.hopper set name = 'hop new' where name = 'hop fresh';
select count(*) from dist.hopper_record where hopper = 'hop new';
select to_hopper from dist.transfer where name = 'hop retrieve';
rollback;
select test.refused($$delete from dist.hopper where name = 'hop fresh'$$);
-- Nobody but the router asks what lies where.
select test.refused($$select * from dist._in_hopper('hop lead', null, null)$$);
-- Refused when it is written.
select test.refused($$insert into dist.hopper (name, object) values (' ', 'hop lead')$$);
select test.refused($$insert into dist.hopper (name, object) values ('x', 'hop leed')$$);
select test.refused($$insert into dist.hopper (name, object, ranking) values ('x', 'hop lead', 'r.scor')$$);
select test.refused($$insert into dist.hopper (name, object, claim_limit) values ('x', 'hop lead', 0)$$);
select test.refused($$insert into dist.hopper (name, object, cool_off) values ('x', 'hop lead', '-1 day')$$);
select test.refused($$insert into dist.hopper (name, object, expires_after) values ('x', 'hop lead', '0')$$);
select test.refused($$insert into dist.hopper (name, object, expire_to_rep) values ('x', 'hop lead', 'hana')$$);
select test.refused($$insert into dist.hopper (name, object, expires_after, expire_to_rep, expire_to_distribution_rule) values ('x', 'hop lead', '1 day', 'hana', 'hop turns')$$);
select test.refused($$insert into dist.hopper (name, object, owner) values ('x', 'hop lead', 'postgres')$$);
select test.refused($$insert into dist.hopper (name, object, owner) values ('x', 'hop lead', 'nobody_at_all')$$);
select test.refused($$insert into dist.transfer (name, object, from_hopper, to_hopper) values ('x', 'hop lead', 'hop fresh', 'hop fresh')$$);
select test.refused($$insert into dist.transfer (name, object, to_hopper) values ('x', 'hop lead', 'hop frsh')$$);
select test.refused($$insert into dist.transfer (name, object, to_hopper, to_distribution_rule) values ('x', 'hop lead', 'hop fresh', 'hop turns')$$);
select test.refused($$insert into dist.transfer (name, kind, object, from_hopper, to_rep, limit_per_rep) values ('x', 'retrieval', 'hop lead', 'hop fresh', 'hana', 1)$$);
select test.refused($$insert into dist.ruleset (name, object, default_to_distribution_rule, default_to_hopper) values ('x', 'hop lead', 'hop turns', 'hop fresh')$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, to_distribution_rule, to_hopper) values ('hop rules', 9, 'hop turns', 'hop fresh')$$);
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema hop cascade;
