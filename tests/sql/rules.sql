-- Rulesets: the first rule that matches decides (L3), what becomes of owned records (L2, C2), distribution rules named by
-- rules (L7), nested rulesets, defaults (L9), passive rules; and every candidate moves once or has a reason (invariant 4).
create schema rules;
grant usage on schema rules to public;
create table rules.lead (id integer primary key, company text, employees integer, country text, owner text);
grant select, update on rules.lead to test_manager;
insert into rules.lead (id, company, employees, country) values
    (1, 'Acme Sample', 900, 'DE'), (2, 'Bolt Sample', 700, 'DE'), (3, 'Cask Sample', 600, 'FR'), (4, 'Dune Sample', 40, 'FR'),
    (5, 'Echo Sample', 30, 'AT'), (6, 'Fern Sample', 2, 'DE'), (7, 'For Dee', 20, 'DE'), (8, 'Gate Sample', 20, 'DE'),
    (9, null, null, null), (10, 'Hill Sample', 500, 'IT');
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'rules.lead', 'id', 'owner');
\c - test_manager
insert into dist.rep (rep, active) values ('ann', true), ('ben', true), ('cem', true), ('dee', false), ('key', true);
insert into dist.team (team) values ('field'), ('gone');
insert into dist.team_member (team, rep, position, active)
values ('field', 'ann', 1, true), ('field', 'ben', 2, true), ('field', 'cem', 3, false), ('gone', 'dee', 1, true);
insert into dist.distribution_rule (name, strategy, team) values ('field turns', 'round_robin', 'field'), ('gone turns', 'round_robin', 'gone');
insert into dist.distribution_rule (name, strategy, rep) values ('always cem', 'rep', 'cem');
insert into dist.ruleset (name, object) values ('route', 'lead'), ('abroad', 'lead');
insert into dist.assignment_rule (ruleset, position, name, criteria, predicate, to_rep, to_distribution_rule, to_ruleset, active) values
    ('route', 10, 'named accounts', '{"field": "company", "op": "in", "value": ["Acme Sample", "Zinc Sample"]}', null, 'key', null, null, true),
    ('route', 20, 'switched off', null, 'true', 'cem', null, null, false),
    ('route', 30, 'large', '{"field": "employees", "op": ">=", "value": 500}', 'r.country <> ''IT''', null, 'field turns', null, true),
    ('route', 40, 'other countries', null, 'r.country <> ''DE''', null, null, 'abroad', true),
    ('route', 50, 'tiny', '{"field": "employees", "op": "<", "value": 5}', null, null, 'gone turns', null, true),
    ('route', 60, null, '{"field": "company", "op": "=", "value": "For Dee"}', null, 'dee', null, null, true),
    ('abroad', 1, 'france', '{"field": "country", "op": "=", "value": "FR"}', null, 'ben', null, null, true),
    ('abroad', 2, 'italy', '{"field": "country", "op": "=", "value": "IT"}', null, null, 'always cem', null, true);
insert into dist.transfer (name, object, to_ruleset) values ('route leads', 'lead', 'route');
insert into dist.transfer (name, object, source, to_ruleset) values ('route all', 'lead', 'any', 'route');

-- What became of each record of the last run, and whether the run's own row says the same (invariant 4).
create function pg_temp.outcome(id bigint, out record text, out was text, out is_now text, out reason text, out rule text, out turn_of text)
    returns setof record language sql as $$
    select * from (
        select a.record_key, a.old_owner, a.new_owner, a.reason, a.rule, a.distribution_rule from dist.assignment a where a.run_id = $1
        union all
        select u.record_key, l.owner, null, 'left: ' || u.reason, u.rule, null
          from dist.unassigned u left join rules.lead l on l.id::text = u.record_key where u.run_id = $1) o
     order by record_key::integer
$$;
create function pg_temp.sums(id bigint, out candidates bigint, out assigned bigint, out unassigned bigint, out reasons jsonb,
                             out audit_agrees boolean, out table_agrees boolean)
    language sql as $$
    select r.candidates, r.assigned, r.unassigned, r.reasons,
           r.candidates = r.assigned + r.unassigned
           and r.assigned = (select count(*) from dist.assignment a where a.run_id = r.id)
           and r.assigned = (select count(distinct a.record_key) from dist.assignment a where a.run_id = r.id)
           and r.assigned = (select coalesce(max(a.seq), 0) from dist.assignment a where a.run_id = r.id)
           and r.unassigned = (select count(*) from dist.unassigned u where u.run_id = r.id)
           and r.unassigned = (select coalesce(sum(v::bigint), 0) from jsonb_each_text(r.reasons) j(k, v)),
           not exists (select from dist.assignment a join rules.lead l on l.id::text = a.record_key
                        where a.run_id = r.id and l.owner is distinct from a.new_owner)
      from dist.run r where r.id = $1
$$;

-- First match wins (L3); a rule may name a rep, a distribution rule (L7) or a ruleset; a passive rule matches nothing; a
-- null in a test matches nothing; a rep or team that is not there to receive is a reason (L9).
select (dist.execute('route leads')).id as run \gset
select * from pg_temp.outcome(:run);
select * from pg_temp.sums(:run);
select l.id, l.owner from rules.lead l order by l.id;

-- Again: only what is unowned is looked at (C2), and the turns go on where they stopped.
select (dist.execute('route leads')).id as run \gset
select * from pg_temp.outcome(:run);
select * from pg_temp.sums(:run);

-- All records: a rule that names a rep takes the record from its owner, the others skip it (L2). Who has it already keeps
-- it, as same_owner; turns are not used up by what is skipped.
select deficit, turns_of_rule, rep from dist.fairness where distribution_rule = 'field turns' order by rep;
update rules.lead set owner = 'ben' where id in (1, 2, 4);
select (dist.execute('route all')).id as run \gset
select * from pg_temp.outcome(:run);
select * from pg_temp.sums(:run);
select deficit, turns_of_rule, rep from dist.fairness where distribution_rule = 'field turns' order by rep;

-- A rule may say otherwise (C2); a transfer may say it for the rules that do not; a ruleset within takes on what is said
-- where it is named.
update dist.assignment_rule set on_owned = 'skip' where name = 'named accounts';
update dist.assignment_rule set on_owned = 'reassign' where name = 'other countries';
update dist.transfer set on_owned = 'reassign' where name = 'route all';
update rules.lead set owner = 'somebody else';
select (dist.execute('route all')).id as run \gset
select * from pg_temp.outcome(:run);
select * from pg_temp.sums(:run);
update dist.transfer set on_owned = 'skip' where name = 'route all';
update rules.lead set owner = 'somebody else';
select (dist.execute('route all')).id as run \gset
select * from pg_temp.outcome(:run);

-- Defaults (L9): a rep, or a distribution rule. A ruleset within that has no default leaves the record to the outer one's.
update dist.transfer set on_owned = null where name = 'route all';
update dist.ruleset set default_to_rep = 'key' where name = 'route';
update rules.lead set owner = null;
select (dist.execute('route leads')).id as run \gset
select * from pg_temp.outcome(:run) where rule is null;
-- It takes no record from its owner, though it names a rep, unless the transfer says so.
update rules.lead set owner = 'somebody else';
select (dist.execute('route all')).id as run \gset
select * from pg_temp.outcome(:run) where rule is null;
update dist.transfer set on_owned = 'reassign' where name = 'route all';
select (dist.execute('route all')).id as run \gset
select * from pg_temp.outcome(:run) where rule is null;
update dist.transfer set on_owned = null where name = 'route all';
update dist.ruleset set default_to_rep = null, default_to_distribution_rule = 'field turns' where name = 'route';
update dist.ruleset set default_to_rep = 'cem' where name = 'abroad';
update rules.lead set owner = null;
select (dist.execute('route leads')).id as run \gset
select * from pg_temp.outcome(:run) where rule is null;
select * from pg_temp.sums(:run);
-- A default does not take a record from its owner.
update rules.lead set owner = 'somebody else';
select (dist.execute('route all')).id as run \gset
select * from pg_temp.outcome(:run) where rule is null;
-- An inactive default is a reason like any other.
update dist.ruleset set default_to_rep = 'dee' where name = 'abroad';
update rules.lead set owner = null;
select (dist.execute('route leads')).id as run \gset
select * from pg_temp.outcome(:run) where reason like 'left%';

-- The order is the position, whatever the order of writing; a rule that is switched on decides from then on.
update rules.lead set owner = null;
update dist.assignment_rule set position = 5 where name = 'large';
update dist.assignment_rule set active = true where name = 'switched off';
select (dist.execute('route leads')).id as run \gset
select * from pg_temp.outcome(:run);
-- A ruleset without a rule leaves everything, as unmatched.
delete from dist.assignment_rule where ruleset = 'route';
update dist.ruleset set default_to_distribution_rule = null where name = 'route';
update rules.lead set owner = null;
select candidates, assigned, unassigned, reasons from dist.execute('route leads');

-- Rows of dist.unassigned are limited by a policy; the counts are not.
\c - test_admin
insert into dist.policy values ('unassigned_rows', 3);
\c - test_manager
select (dist.execute('route leads')).id as run \gset
select r.unassigned, r.reasons, (select count(*) from dist.unassigned u where u.run_id = r.id) as rows from dist.run r where r.id = :run;

\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema rules cascade;
