-- A record that is not stored (C4, C6): explained and asked about by its values, by the same rules and the same allocation as a
-- run; nothing is written, and whose turn it is stays as it is.
create schema given;
grant usage on schema given to public;
create table given.lead (id uuid primary key default gen_random_uuid(), company varchar(20), employees integer, country text,
                         tags text[], attributes jsonb, seen timestamptz, owner text);
create function given.is_large(lead given.lead) returns boolean language sql immutable return lead.employees >= 500;
create table given.visit (company text);
insert into given.visit values ('Acme Sample');
grant select, update on given.lead to test_manager;
grant select on given.lead, given.visit to test_reader, test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('given', 'given.lead', 'id', 'owner');
\c - test_manager
insert into dist.rep (rep) values ('given ann'), ('given ben'), ('given key');
insert into dist.team (team) values ('given field');
insert into dist.team_member (team, rep, position) values ('given field', 'given ann', 1), ('given field', 'given ben', 2);
insert into dist.distribution_rule (name, strategy, team) values ('given turns', 'round_robin', 'given field'), ('given sticky', 'sticky', 'given field');
insert into dist.eligibility (name, object, rep, criteria) values ('given ann is for DE', 'given', 'given ann', '{"field": "country", "op": "=", "value": "DE"}');
insert into dist.ruleset (name, object) values ('given route', 'given');
insert into dist.assignment_rule (ruleset, position, name, criteria, predicate, to_rep, to_distribution_rule) values
    ('given route', 1, 'visited', '{"related": "given.visit", "on": {"company": "company"}}', null, 'given key', null),
    ('given route', 2, 'large', null, 'given.is_large(r)', null, 'given turns'),
    ('given route', 3, 'from the fair', '{"field": "attributes.source", "op": "=", "value": "fair"}', null, null, 'given sticky');
insert into dist.transfer (name, object, source, criteria, to_ruleset) values
    ('given fresh', 'given', 'unowned', '{"field": "seen", "op": "newer than", "value": "10 days"}', 'given route'),
    ('given any', 'given', 'any', null, 'given route');

-- Each rule with matched or why not, the winner and the runner-up; the record needs no key.
select * from dist.explain('given', record => '{"company": "Bolt Sample", "employees": 900, "country": "DE"}', ruleset => 'given route');
-- The same asked for by another tool, in one call.
select * from dist.who_would_get('given', '{"company": "Bolt Sample", "employees": 900, "country": "DE"}', ruleset => 'given route');
-- Who may have it decides as in a run; a rule on related rows; a path into jsonb; nothing matched; an owner.
select q.record ->> 'company' as company, w.*
  from (values (1, '{"company": "Cask Sample", "employees": 900, "country": "FR"}'::jsonb), (2, '{"company": "Acme Sample"}'),
               (3, '{"company": "Dune Sample", "attributes": {"source": "fair"}, "id": "00000000-0000-0000-0000-000000000007", "country": "DE"}'),
               (4, '{"company": "Echo Sample", "employees": null}'), (5, '{"company": "Fern Sample", "employees": 501, "owner": "given ben"}'),
               (6, '{}')) q(n, record),
       dist.who_would_get('given', q.record, ruleset => 'given route') w
 order by q.n;
-- By a transfer, its own criteria count as well; by none, each transfer of the object answers.
select w.by, w.moves, w.new_owner, w.reason
  from dist.who_would_get('given', '{"employees": 900, "seen": "2030-01-01 00:00+00"}', as_of => '2030-01-05 00:00+00') w;
select w.by, w.moves, w.new_owner, w.reason
  from dist.who_would_get('given', '{"employees": 900, "seen": "2030-01-01 00:00+00"}', 'given fresh', as_of => '2030-02-05 00:00+00') w;
select item, outcome, detail from dist.explain('given', record => '{"employees": 900}', transfer => 'given fresh') where stage in ('candidate', 'outcome');

-- Asked twice, the turn is still the same one's; and it is what the run then does with the record.
insert into dist.team_member (team, rep, position, active) values ('given field', 'given key', 0, false);
select w.new_owner from dist.who_would_get('given', '{"employees": 900, "country": "DE"}', ruleset => 'given route') w;
select w.new_owner from dist.who_would_get('given', '{"employees": 900, "country": "DE"}', ruleset => 'given route') w;
\c - postgres
insert into given.lead (company, employees, country) values ('Gate Sample', 900, 'DE');
\c - test_manager
select (dist.execute('given any')).id as run \gset
select a.new_owner, a.rule from dist.assignment a where a.run_id = :run;
select w.new_owner from dist.who_would_get('given', '{"employees": 900, "country": "DE"}', ruleset => 'given route') w;

-- In a transaction that may not write, too.
begin transaction read only;
select w.new_owner, w.rule from dist.who_would_get('given', '{"company": "Acme Sample"}', ruleset => 'given route') w;
rollback;

-- What cannot be a record of the object is refused, with the place.
select * from dist.who_would_get('given', '{"employes": 900}', ruleset => 'given route');
select * from dist.who_would_get('given', '{"employees": "many"}', ruleset => 'given route');
select * from dist.who_would_get('given', '{"company": "A name that is much too long for it"}', ruleset => 'given route');
select * from dist.explain('given', '[1]'::jsonb);
select * from dist.explain('given', null::jsonb);
select * from dist.who_would_get('gven', '{}');
select * from dist.who_would_get('given', '{}', 'given any', 'given route');
-- Text is run with the rights of whoever asks: only of somebody he trusts.
\c - test_reader
select * from dist.who_would_get('given', '{}', ruleset => 'given route');
