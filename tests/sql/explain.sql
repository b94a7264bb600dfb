-- Explain (C4, X6): for one record every rule with matched or why not, the distribution rule, the winner and the runners-up;
-- by a transfer, by a ruleset, by all transfers; and what a past run did to it. What it says is what the run then does.
create schema explain;
grant usage on schema explain to public;
create table explain.lead (id uuid primary key, company text, employees integer, country text, tags text[], seen timestamptz, owner text);
create table explain.visit (lead_id uuid, page text);
insert into explain.lead (id, company, employees, country, tags, seen, owner) values
    ('00000000-0000-0000-0000-000000000001', 'Acme Sample', 900, 'DE', '{vip}', '2030-01-01 00:00+00', null),
    ('00000000-0000-0000-0000-000000000002', 'Bolt Sample', 30, 'FR', '{}', null, 'ben'),
    ('00000000-0000-0000-0000-000000000003', 'Cask Sample', null, 'IT', null, null, null),
    ('00000000-0000-0000-0000-000000000004', 'Dune Sample', 700, 'DE', null, null, 'gone');
insert into explain.visit values ('00000000-0000-0000-0000-000000000001', '/a'), ('00000000-0000-0000-0000-000000000001', '/b');
grant select, update on explain.lead to test_manager;
grant select on explain.lead to test_reader;
grant select on explain.visit to test_manager, test_reader;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'explain.lead', 'id', 'owner');
\set one '00000000-0000-0000-0000-000000000001'
\set two '00000000-0000-0000-0000-000000000002'
\set three '00000000-0000-0000-0000-000000000003'
\set four '00000000-0000-0000-0000-000000000004'
\c - test_manager
insert into dist.rep (rep, active) values ('ann', true), ('ben', true), ('cem', true), ('dee', false);
insert into dist.team (team) values ('field'), ('gone');
insert into dist.team_member (team, rep, position, weight) values ('field', 'ann', 1, 2), ('field', 'ben', 2, 1), ('field', 'cem', 3, 1), ('field', 'dee', 4, 5), ('gone', 'dee', 1, 1);
insert into dist.distribution_rule (name, strategy, team) values ('field by weight', 'weighted', 'field'), ('nobody', 'round_robin', 'gone');
insert into dist.ruleset (name, object, default_to_rep) values ('inner', 'lead', null), ('route', 'lead', 'cem');
insert into dist.assignment_rule (ruleset, position, name, criteria, predicate, to_rep, to_distribution_rule, to_ruleset, active) values
    ('route', 1, 'off', null, null, 'ann', null, null, false),
    ('route', 2, 'often here', '{"related": "explain.visit", "on": {"lead_id": "id"}, "count": {"op": ">=", "value": 3}}', null, 'ann', null, null, true),
    ('route', 3, 'large', '{"all": [{"field": "employees", "op": ">=", "value": 500}, {"field": "country", "op": "=", "value": "DE"}]}', 'r.company like ''A%''', null, 'field by weight', null, true),
    ('route', 4, 'abroad', '{"not": {"field": "country", "op": "=", "value": "DE"}}', null, null, null, 'inner', true),
    ('route', 5, 'the rest', null, null, null, 'nobody', null, true),
    ('inner', 1, 'vip abroad', '{"field": "tags", "op": "has", "value": "vip"}', null, 'ann', null, null, true),
    ('inner', 2, 'france', '{"field": "country", "op": "=", "value": "FR"}', null, 'ben', null, null, true);
insert into dist.transfer (name, object, source, criteria, to_ruleset)
values ('route leads', 'lead', 'unowned', '{"field": "seen", "op": "older than", "value": "10 days"}', 'route'),
       ('route all', 'lead', 'any', null, 'route');
insert into dist.transfer (name, kind, object, predicate) values ('take back', 'retrieval', 'lead', 'r.employees < 50');

-- What fails because of a negation says so.
select item, detail from dist.explain('lead', :'one', ruleset => 'route') where item like '%abroad';
-- A matched rule above, one too late below, and how the members of the pool stand.
select * from dist.explain('lead', :'one', transfer => 'route leads', as_of => '2030-02-01 00:00+00');
-- The same ten days earlier: not a candidate.
select * from dist.explain('lead', :'one', transfer => 'route leads', as_of => '2030-01-05 00:00+00') where stage in ('candidate', 'outcome');
-- Nested: the inner rule decides; the record is that rep's already.
select * from dist.explain('lead', :'two', transfer => 'route all');
-- Nested without a match: the inner ruleset has no default, the outer one's is taken.
select * from dist.explain('lead', :'three', ruleset => 'route');
-- Owned, and its rule leads to a pool: skipped; by a ruleset alone as well.
select * from dist.explain('lead', :'four', ruleset => 'route') where stage in ('record', 'outcome') or outcome = 'matched';
select * from dist.explain('lead', :'four', transfer => 'take back') where stage <> 'record';
-- Without a transfer or ruleset: by every transfer of the object.
select item, outcome, detail from dist.explain('lead', :'two') where stage in ('transfer', 'outcome') or outcome = 'does not hold';

-- What it said is what the run does (C4), and nothing was written by asking.
select p.record_key, p.new_owner, p.reason,
       (select x.item || ': ' || x.outcome from dist.explain('lead', p.record_key, transfer => 'route all') x where x.stage = 'outcome') as explained
  from dist.preview('route all') p order by p.record_key;
select turns from dist.pool where distribution_rule = 'field by weight';
select (dist.execute('route all')).id as run \gset
select record_key, new_owner, reason, rule, distribution_rule from dist.assignment where run_id = :run order by seq;
select record_key, reason, rule from dist.unassigned where run_id = :run order by 1;

-- The past (X6): the run, the move or why there was none, whatever rules say by now.
delete from dist.assignment_rule where ruleset = 'route';
select stage, regexp_replace(item, '\d+', 'N') as item, outcome, regexp_replace(detail, 'as of .*, as', 'as of ..., as') as detail
  from dist.explain('lead', :'one', run_id => :run);
select stage, outcome, detail from dist.explain('lead', :'four', run_id => :run) where stage <> 'run';

-- Whoever asks evaluates what others wrote, with rights of their own: so a reader must be able to trust the writer (invariant 7).
\c - test_reader
select test.refused($$select dist.explain('lead', '00000000-0000-0000-0000-000000000003', ruleset => 'inner')$$);
\c - postgres
update dist.assignment_rule set criteria = criteria;
\c - test_reader
select item, outcome from dist.explain('lead', :'three', ruleset => 'inner') where stage = 'outcome';
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema explain cascade;
