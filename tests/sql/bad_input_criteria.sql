-- Criteria that are not the grammar's, name no column, or do not fit their column: refused when written, with the JSON
-- path in the DETAIL and the nearest name or what is allowed as HINT. Transfers and assignment rules have one check.
\pset tuples_only on
\pset format unaligned
truncate test.refusal;
create schema bad;
grant usage on schema bad to public;
create domain bad.size as integer check (value >= 0);
create table bad.lead (
    id bigint generated always as identity primary key, company text not null, employees integer, tiny smallint, country varchar(2),
    price numeric, ratio real, born date, seen timestamp, created_at timestamptz, wait interval, hot boolean, token uuid, size bad.size,
    attributes jsonb, tags text[], place point, owner bigint);
create table bad.visit (lead_id bigint, page text, at timestamptz);
grant all on all tables in schema bad to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'bad.lead', 'id', 'owner');
\c - test_manager
insert into dist.rep (rep) values ('11');
insert into dist.ruleset (name, object) values ('route', 'lead');

create function pg_temp.criteria(node text) returns setof text language sql as $$
    select test.refused(format('insert into dist.transfer (name, object, criteria, to_rep) values (''t'', ''lead'', %L, ''11'')', node))
$$;
-- The check is the same for an assignment rule.
select test.refused($$insert into dist.assignment_rule (ruleset, position, criteria, to_rep) values ('route', 1, '{"field": "emploees", "op": ">=", "value": 5}', '11')$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, criteria, to_rep) values ('route', 1, '{"field": "employees", "op": ">=", "value": "5"}', '11')$$);

-- Not JSON, or no node of the grammar.
select pg_temp.criteria('{"field": ');
select pg_temp.criteria('null');
select pg_temp.criteria('true');
select pg_temp.criteria('"employees >= 500"');
select pg_temp.criteria('[]');
select pg_temp.criteria('{}');
select pg_temp.criteria('{"all": []}');
select pg_temp.criteria('{"all": {"field": "employees", "op": "=", "value": 1}}');
select pg_temp.criteria('{"al": [{"field": "employees", "op": "=", "value": 1}]}');
select pg_temp.criteria('{"all": [{"field": "employees", "op": "=", "value": 1}], "any": [{"field": "employees", "op": "=", "value": 1}]}');
select pg_temp.criteria('{"not": [{"field": "employees", "op": "=", "value": 1}]}');
select pg_temp.criteria('{"field": "employees", "value": 1}');
select pg_temp.criteria('{"field": "employees", "op": "="}');
select pg_temp.criteria('{"field": "employees", "op": "=", "value": 1, "vaule": 2}');
select pg_temp.criteria('{"field": 7, "op": "=", "value": 1}');
select pg_temp.criteria('{"field": "employees", "op": "is null", "value": null}');
select pg_temp.criteria('{"field": "employees", "op": "=", "value": null}');
select pg_temp.criteria('{"field": "employees", "op": "=", "value": [1, 2]}');
select pg_temp.criteria('{"field": "employees", "op": "in", "value": 1}');
select pg_temp.criteria('{"field": "employees", "op": "in", "value": []}');
select pg_temp.criteria('{"field": "employees", "op": "between", "value": [1]}');

-- Unknown columns and relations, with where and the nearest.
select pg_temp.criteria('{"all": [{"field": "company", "op": "is not null"}, {"not": {"field": "emploees", "op": "=", "value": 1}}]}');
select pg_temp.criteria('{"field": "Company", "op": "=", "value": "Sample Ltd"}');
select pg_temp.criteria('{"field": "quite something else", "op": "=", "value": 1}');
select pg_temp.criteria('{"field": "company.name", "op": "=", "value": "x"}');
select pg_temp.criteria('{"field": "attribute.source", "op": "=", "value": "x"}');
select pg_temp.criteria('{"field": "attributes..source", "op": "=", "value": "x"}');
select pg_temp.criteria('{"related": "bad.visits", "on": {"lead_id": "id"}}');
select pg_temp.criteria('{"related": "visit", "on": {"lead_id": "id"}}');
select pg_temp.criteria('{"related": "bad.visit", "on": {"leadid": "id"}}');
select pg_temp.criteria('{"related": "bad.visit", "on": {"lead_id": "ident"}}');
select pg_temp.criteria('{"related": "bad.visit", "on": {}}');
select pg_temp.criteria('{"related": "bad.visit"}');
select pg_temp.criteria('{"related": "bad.visit", "on": {"page": "id"}}');
select pg_temp.criteria('{"related": "bad.visit", "on": {"lead_id": "id"}, "where": {"field": "pages", "op": "=", "value": "/price"}}');
select pg_temp.criteria('{"related": "bad.visit", "on": {"lead_id": "id"}, "count": {"op": ">=", "value": -1}}');
select pg_temp.criteria('{"related": "bad.visit", "on": {"lead_id": "id"}, "count": {"op": "like", "value": 1}}');
select pg_temp.criteria('{"related": "bad.visit", "on": {"lead_id": "id"}, "count": 3}');

-- Unknown operators, and those that do not fit the type.
select pg_temp.criteria('{"field": "employees", "op": "==", "value": 1}');
select pg_temp.criteria('{"field": "employees", "op": "betwen", "value": [1, 2]}');
select pg_temp.criteria('{"field": "employees", "op": ">= 1 or true --", "value": 1}');
select pg_temp.criteria('{"field": "employees", "op": "like", "value": "1%"}');
select pg_temp.criteria('{"field": "employees", "op": "older than", "value": "3 days"}');
select pg_temp.criteria('{"field": "tags", "op": "=", "value": "vip"}');
select pg_temp.criteria('{"field": "place", "op": "<", "value": "(0,0)"}');

-- Values of another type than the column's, out of its range, or unreadable.
select pg_temp.criteria('{"field": "employees", "op": ">=", "value": "500"}');
select pg_temp.criteria('{"field": "employees", "op": ">=", "value": 500.5}');
select pg_temp.criteria('{"field": "employees", "op": ">=", "value": 5000000000}');
select pg_temp.criteria('{"field": "tiny", "op": "=", "value": 40000}');
select pg_temp.criteria('{"field": "size", "op": "=", "value": "big"}');
select pg_temp.criteria('{"field": "price", "op": "=", "value": "NaN"}');
select pg_temp.criteria('{"field": "price", "op": "=", "value": 1e5000}');
select pg_temp.criteria('{"field": "ratio", "op": "<", "value": 1e300}');
select pg_temp.criteria('{"field": "company", "op": "=", "value": 7}');
select pg_temp.criteria('{"field": "company", "op": "contains", "value": ""}');
select pg_temp.criteria('{"field": "company", "op": "like", "value": "100\\"}');
select pg_temp.criteria('{"field": "hot", "op": "=", "value": "true"}');
select pg_temp.criteria('{"field": "token", "op": "=", "value": "1234"}');
select pg_temp.criteria('{"field": "born", "op": "=", "value": "today"}');
select pg_temp.criteria('{"field": "born", "op": "=", "value": "2026-02-30"}');
select pg_temp.criteria('{"field": "born", "op": "<", "value": "31/01/2026"}');
select pg_temp.criteria('{"field": "seen", "op": "<", "value": "2026-01-31 06:30+01:00"}');
select pg_temp.criteria('{"field": "created_at", "op": "<", "value": "now"}');
select pg_temp.criteria('{"field": "created_at", "op": "older than", "value": "3 fortnights"}');
select pg_temp.criteria('{"field": "created_at", "op": "older than", "value": "-3 days"}');
select pg_temp.criteria('{"field": "wait", "op": ">", "value": 3}');
select pg_temp.criteria('{"any": [{"field": "country", "op": "in", "value": ["DE", "AT", 43]}]}');
select pg_temp.criteria('{"field": "attributes.score", "op": ">", "value": true}');
select pg_temp.criteria('{"field": "attributes.score", "op": "between", "value": [1, "9"]}');
select pg_temp.criteria('{"related": "bad.visit", "on": {"lead_id": "id"}, "where": {"all": [{"field": "at", "op": "newer than", "value": 7}]}}');

-- What looks like an attempt to break out is only text.
insert into dist.transfer (name, object, criteria, to_rep)
values ('quoted', 'lead', '{"field": "company", "op": "=", "value": "x''; drop table bad.lead; --"}', '11');
select * from dist.preview('quoted');

-- All are refused with a HINT and the JSON path. (The one without is what PostgreSQL's own input of json refuses.)
select count(*) as cases, count(*) filter (where message = 'ACCEPTED') as accepted from test.refusal;
select message from test.refusal where hint = '' or detail not like 'At $%' order by statement;
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema bad cascade;
