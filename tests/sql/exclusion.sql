-- Exclusions of an object, a ruleset and an automation: left with the reason and the name, on or off, never using up a limit, seen
-- in explain (C1, C2).
\set SHOW_CONTEXT never
create schema ex;
create table ex.lead (id integer primary key, region text, email text, size integer, owner text);
insert into ex.lead (id, region, email, size) select n, case when n % 2 = 0 then 'north' else 'south' end,
    case when n % 5 = 0 then 'x@competitor.example' else 'x@company.example' end, n from generate_series(1, 20) n;
insert into dist.object (name, relation, key_column, owner_column) values ('ex', 'ex.lead', 'id', 'owner');
insert into dist.rep (rep) values ('ex ann'), ('ex ben');
insert into dist.ruleset (name, object) values ('ex route', 'ex'), ('ex south', 'ex');
insert into dist.assignment_rule (ruleset, position, criteria, to_rep) values ('ex route', 1, '{"field": "region", "op": "=", "value": "north"}', 'ex ann');
insert into dist.assignment_rule (ruleset, position, to_ruleset, predicate) values ('ex route', 2, 'ex south', 'true');
insert into dist.assignment_rule (ruleset, position, predicate, to_rep) values ('ex south', 1, 'true', 'ex ben');
insert into dist.transfer (name, object, to_ruleset) values ('ex all', 'ex', 'ex route');
insert into dist.transfer (name, object, to_rep, row_limit, ranking) values ('ex few', 'ex', 'ex ann', 3, 'r.size desc');
insert into dist.exclusion (name, object, criteria) values ('competitors', 'ex', '{"field": "email", "op": "suffix", "value": "@competitor.example"}');
insert into dist.exclusion (name, ruleset, predicate) values ('too small in the south', 'ex south', 'r.size < 4');
insert into dist.exclusion (name, object, predicate, active) values ('everything', 'ex', 'true', false);
select record_key, new_owner, rule, reason from dist.preview('ex all') order by record_key::integer;
-- A limit is for those that may go; the excluded ones are counted beside it.
begin;
select candidates, assigned, unassigned, reasons from dist.execute('ex few');
select array_agg(id order by id) as moved from ex.lead where owner is not null;
select record_key, reason, rule from dist.unassigned where run_id = (select max(id) from dist.run) order by record_key::integer;
rollback;
select * from dist.explain('ex', '20', transfer => 'ex few') where stage in ('candidate', 'exclusion', 'outcome');
select * from dist.explain('ex', '5', transfer => 'ex all') where stage in ('candidate', 'exclusion', 'outcome');
select stage, item, outcome, detail from dist.explain('ex', '3', ruleset => 'ex route') where stage in ('candidate', 'exclusion', 'rule', 'outcome');
select candidates, assigned, unassigned, reasons from dist.execute('ex all');
-- A retrieval is no distribution.
insert into dist.transfer (name, kind, object) values ('ex back', 'retrieval', 'ex');
update ex.lead set owner = 'ex ann' where id = 5;
select candidates, assigned from dist.execute('ex back');
-- Off and on.
update dist.exclusion set active = false where name in ('competitors', 'too small in the south');
select candidates, assigned, reasons from dist.execute('ex all');
update dist.exclusion set active = true where name = 'competitors';
-- Of an automation, beside that of the object; both are evaluated when the wait is over. What is owned by then is told as that.
select set_config('pg_dist.clock', '2096-01-01 08:00+00', false);
insert into dist.automation (name, object, to_ruleset, wait) values ('ex auto', 'ex', 'ex route', '1 hour');
insert into dist.exclusion (name, automation, criteria) values ('huge', 'ex auto', '{"field": "size", "op": ">", "value": 1000}');
insert into ex.lead (id, region, email, size) values (101, 'north', 'a@company.example', 1), (102, 'north', 'a@company.example', 1),
    (103, 'north', 'a@company.example', 1), (104, 'south', 'a@company.example', 2000);
update ex.lead set email = 'b@competitor.example' where id = 102;
update ex.lead set owner = 'ex ben' where id = 103;
select dist.tick('2096-01-01 09:00+00') as fired;
select id, owner from ex.lead where id > 100 order by id;
select candidates, assigned, reasons from dist.run where cause_name = 'ex auto';
select u.record_key, u.reason, u.rule from dist.unassigned u join dist.run r on r.id = u.run_id where r.cause_name = 'ex auto' order by 1;
select stage, item, outcome, detail from dist.explain('ex', '104') where stage in ('transfer', 'automation', 'candidate', 'exclusion', 'outcome');
-- What is wrong is refused when it is written.
select test.refused($$insert into dist.exclusion (name, object, predicate) values ('', 'ex', 'true')$$);
select test.refused($$insert into dist.exclusion (name, predicate) values ('x', 'true')$$);
select test.refused($$insert into dist.exclusion (name, object, ruleset, predicate) values ('x', 'ex', 'ex route', 'true')$$);
select test.refused($$insert into dist.exclusion (name, object) values ('x', 'ex')$$);
select test.refused($$insert into dist.exclusion (name, object, predicate) values ('x', 'ex', 'r.sizes > 1')$$);
select test.refused($$insert into dist.exclusion (name, ruleset, predicate) values ('x', 'ex routes', 'true')$$);
select test.refused($$insert into dist.exclusion (name, object, criteria) values ('x', 'ex', 'null')$$);
select test.forget_intent();
