-- Predicates that are not exactly one boolean expression, or read the clock; rankings that are not an ORDER BY list;
-- set_fields that do not fit; transfers whose parts do not fit together. All are refused when written.
\pset tuples_only on
\pset format unaligned
truncate test.refusal;
create schema bad;
grant usage on schema bad to public;
create table bad.lead (
    id bigint generated always as identity primary key, company text not null, country varchar(2), employees integer, hot boolean, price numeric(6, 2),
    born date, created_at timestamptz, attributes jsonb, tags text[], owner bigint, half integer generated always as (employees / 2) stored,
    serial integer generated always as identity);
create table bad.deal (id uuid primary key, stage text, owner text);
grant all on bad.lead, bad.deal to test_manager;
insert into dist.object (name, relation, key_column, owner_column)
values ('lead', 'bad.lead', 'id', 'owner'), ('deal', 'bad.deal', 'id', 'owner');
\c - test_manager
insert into dist.rep (rep) values ('11'), ('carol');
insert into dist.team (team) values ('north'), ('mixed');
insert into dist.team_member (team, rep) values ('north', '11'), ('mixed', 'carol');
insert into dist.distribution_rule (name, strategy, team) values ('north turns', 'round_robin', 'north'), ('mixed turns', 'round_robin', 'mixed');
insert into dist.ruleset (name, object) values ('route', 'lead'), ('deals', 'deal');

create function pg_temp.predicate(text text) returns setof text language sql as $$
    select test.refused(format('insert into dist.transfer (name, object, predicate, to_rep) values (''t'', ''lead'', %L, ''11'')', text))
$$;
create function pg_temp.ranking(text text) returns setof text language sql as $$
    select test.refused(format('insert into dist.transfer (name, object, ranking, to_rep) values (''t'', ''lead'', %L, ''11'')', text))
$$;
create function pg_temp.set_fields(value text) returns setof text language sql as $$
    select test.refused(format('insert into dist.transfer (name, object, set_fields, to_rep) values (''t'', ''lead'', %L, ''11'')', value))
$$;

-- Not one expression.
select pg_temp.predicate('true; drop table bad.lead');
select pg_temp.predicate('true) or (true');
select pg_temp.predicate('true)');
select pg_temp.predicate('(true');
select pg_temp.predicate('true]::boolean[])[1] or (array[true');
select pg_temp.predicate('true, true');
select pg_temp.predicate('select true');
select pg_temp.predicate('true union select true');
select pg_temp.predicate('true order by 1');
select pg_temp.predicate('true limit 1');
select pg_temp.predicate('true for update');
select pg_temp.predicate('true as answer');
select pg_temp.predicate('true group by 1');
select pg_temp.predicate('true /* never ends');
select pg_temp.predicate('true /* one /* two */');
select pg_temp.predicate('r.company = ''open');
select pg_temp.predicate('r.company = $tag$open');
select pg_temp.predicate('r.company = U&''\0061'' uescape ''');
select pg_temp.predicate('');
select pg_temp.predicate('   ');
select pg_temp.predicate('-- nothing but a comment');
select pg_temp.predicate('r.employees >=');
select pg_temp.predicate('r.hot is');
select pg_temp.predicate('*');
select pg_temp.predicate('r.*');
select pg_temp.predicate('default');
select pg_temp.predicate('r.hot = $1');
select pg_temp.predicate(E'true \\; true');

-- Not boolean, or not over the record.
select pg_temp.predicate('r.employees');
select pg_temp.predicate('null::text');
select pg_temp.predicate('r');
select pg_temp.predicate('r.emploees >= 5');
select pg_temp.predicate('emploees >= 5');
select pg_temp.predicate('q.employees >= 5');
select pg_temp.predicate('r.employees = ''many''');
select pg_temp.predicate('r.employees = r.company');
select pg_temp.predicate('no_such_function(r.employees)');
select pg_temp.predicate('exists (select from visit v where v.lead_id = r.id)');
select pg_temp.predicate('count(*) > 1');
select pg_temp.predicate('row_number() over () = 1');
select pg_temp.predicate('generate_series(1, 2) = 1');
select pg_temp.predicate('exists (with d as (delete from bad.lead returning 1) select from d)');
select pg_temp.predicate('(select true, true)');

-- What reads the clock: a preview of a future run would not tell the truth (X4).
select pg_temp.predicate('r.created_at < now()');
select pg_temp.predicate('r.created_at < pg_catalog.now()');
select pg_temp.predicate('r.created_at < NOW ( )');
select pg_temp.predicate('r.created_at < "now"()');
select pg_temp.predicate('r.created_at < current_timestamp');
select pg_temp.predicate('r.created_at < current_timestamp(0)');
select pg_temp.predicate('r.born = current_date');
select pg_temp.predicate('r.created_at < clock_timestamp()');
select pg_temp.predicate('r.created_at < statement_timestamp()');
select pg_temp.predicate('r.created_at < localtimestamp');
select pg_temp.predicate('age(r.created_at) > interval ''1 day''');
select pg_temp.predicate('r.born = ''today''::date');
select pg_temp.predicate('r.born = date ''today''');
select pg_temp.predicate('r.created_at < ''now''');
select pg_temp.predicate('r.created_at < timestamptz ''yesterday 06:00''');
select pg_temp.predicate('r.born = E''to\x64ay''::date');
select pg_temp.predicate('r.born = U&''\0074oday''::date');
select pg_temp.predicate('r.born = $$today$$::date');
select pg_temp.predicate('exists (select where r.born = cast(''tomorrow'' as date))');

-- An assignment rule is checked alike.
select test.refused($$insert into dist.assignment_rule (ruleset, position, predicate, to_rep) values ('route', 1, 'true) or (true', '11')$$);
select test.refused($$insert into dist.assignment_rule (ruleset, position, predicate, to_rep) values ('route', 1, 'r.born < current_date', '11')$$);

-- Rankings.
select pg_temp.ranking('r.employees desc limit 1');
select pg_temp.ranking('r.employees for update');
select pg_temp.ranking('r.employees; drop table bad.lead');
select pg_temp.ranking('r.employees) from bad.lead as r; --');
select pg_temp.ranking('r.emploees');
select pg_temp.ranking('r.attributes -> ''score'' descending');
select pg_temp.ranking('1');
select pg_temp.ranking('');
select pg_temp.ranking('r.created_at - now()');
select pg_temp.ranking('count(*)');
select pg_temp.ranking('row_number() over ()');
select pg_temp.ranking('generate_series(1, 2)');
select pg_temp.ranking('r.employees using no_operator');

-- set_fields.
select pg_temp.set_fields('[]');
select pg_temp.set_fields('"company"');
select pg_temp.set_fields('null');
select pg_temp.set_fields('{"compny": "x"}');
select pg_temp.set_fields('{"Company": "x"}');
select pg_temp.set_fields('{"id": 7}');
select pg_temp.set_fields('{"owner": 11}');
select pg_temp.set_fields('{"half": 7}');
select pg_temp.set_fields('{"serial": 7}');
select pg_temp.set_fields('{"employees": "7"}');
select pg_temp.set_fields('{"employees": 7.5}');
select pg_temp.set_fields('{"employees": 5000000000}');
select pg_temp.set_fields('{"price": 12345.67}');
select pg_temp.set_fields('{"company": 7}');
select pg_temp.set_fields('{"hot": "true"}');
select pg_temp.set_fields('{"country": "Germany"}');
select pg_temp.set_fields('{"company": null}');
select pg_temp.set_fields('{"born": "2026-02-30"}');
select pg_temp.set_fields('{"born": "today"}');
select pg_temp.set_fields('{"created_at": "now"}');
-- A date is read alike whatever the session has: what hangs on its style is refused.
set datestyle = 'SQL, DMY';
select pg_temp.set_fields('{"born": "31/12/2031"}');
select pg_temp.predicate('r.born < ''31/12/2031''::date');
reset datestyle;
select pg_temp.set_fields('{"tags": ["a", "b"]}');
select pg_temp.set_fields('{"tags": "not an array"}');

-- Transfers as a whole (G1, G17).
select test.refused($$insert into dist.transfer (name, object, to_rep) values ('', 'lead', '11')$$);
select test.refused($$insert into dist.transfer (name, object, to_rep) values (null, 'lead', '11')$$);
select test.refused($$insert into dist.transfer (name, object, to_rep) values ('t', null, '11')$$);
select test.refused($$insert into dist.transfer (name, object, to_rep) values ('t', 'laed', '11')$$);
select test.refused($$insert into dist.transfer (name, kind, object, to_rep) values ('t', 'distributon', 'lead', '11')$$);
select test.refused($$insert into dist.transfer (name, kind, object, to_rep) values ('t', null, 'lead', '11')$$);
select test.refused($$insert into dist.transfer (name, object, source, to_rep) values ('t', 'lead', 'unowed', '11')$$);
select test.refused($$insert into dist.transfer (name, object, on_owned, to_rep) values ('t', 'lead', 'keep', '11')$$);
select test.refused($$insert into dist.transfer (name, object) values ('t', 'lead')$$);
select test.refused($$insert into dist.transfer (name, object, to_rep, to_ruleset) values ('t', 'lead', '11', 'route')$$);
select test.refused($$insert into dist.transfer (name, object, to_rep) values ('t', 'lead', '1')$$);
select test.refused($$insert into dist.transfer (name, object, to_rep) values ('t', 'lead', 'carol')$$);
select test.refused($$insert into dist.transfer (name, object, to_distribution_rule) values ('t', 'lead', 'nort turns')$$);
select test.refused($$insert into dist.transfer (name, object, to_distribution_rule) values ('t', 'lead', 'mixed turns')$$);
select test.refused($$insert into dist.transfer (name, object, to_ruleset) values ('t', 'lead', 'rout')$$);
select test.refused($$insert into dist.transfer (name, object, to_ruleset) values ('t', 'lead', 'deals')$$);
select test.refused($$insert into dist.transfer (name, kind, object, to_distribution_rule) values ('t', 'retrieval', 'lead', 'north turns')$$);
select test.refused($$insert into dist.transfer (name, kind, object, to_ruleset) values ('t', 'retrieval', 'lead', 'route')$$);
select test.refused($$insert into dist.transfer (name, object, to_rep, row_limit) values ('t', 'lead', '11', -1)$$);
select test.refused($$insert into dist.transfer (name, object, to_rep, is_template) values ('t', 'lead', '11', null)$$);
insert into dist.transfer (name, object, to_rep) values ('taken', 'lead', '11');
select test.refused($$insert into dist.transfer (name, object, to_rep) values ('taken', 'lead', '11')$$);
select test.refused($$update dist.transfer set object = 'deal' where name = 'taken'; update dist.transfer set predicate = 'r.hot' where name = 'taken'$$);

-- All are refused, and what pg_dist itself refuses has a HINT.
select count(*) as cases, count(*) filter (where message = 'ACCEPTED') as accepted from test.refusal;
select message from test.refusal where own and hint = '';
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema bad cascade;
