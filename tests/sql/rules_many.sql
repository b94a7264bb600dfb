-- X13: many rules are looked up and not asked one after the other, and the result is that of a naive evaluation: each rule
-- asked of each record by itself, in plain SQL, and the first that holds taken. Rules and records are made from hashes.
create schema many;
grant usage on schema many to public;
create table many.lead (id integer primary key, a text, b varchar(12), n integer, s smallint, ok boolean, d date, j jsonb, owner text);
grant select, update on many.lead to test_manager;
grant create on schema many to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('many', 'many.lead', 'id', 'owner');
create function many.pick(of text, n integer) returns integer language sql immutable
    return (('x' || substr(md5(of), 1, 7))::bit(28)::integer % n);
-- Texts that could go wrong on their way into an array or out of it, and that begin with one another.
create function many.word(of text) returns text language sql immutable
    return (array['', 'a', 'aa', 'ab', 'aab', 'abc', 'b', 'B', 'ba', 'c', E'a\x01', E'\x01', 'ä', 'Ä', 'äb', U&'\D7FF', U&'\E000', U&'a\+10FFFF',
                  'NULL', 'null', '"', '""', E'\\', E'a\\b', '{a,b}', ',', ' ', ' a', 'a ', '''', 'a''b', 'zz', 'a%', 'a_b', '%'])[1 + many.pick(of, 35)];
insert into many.lead (id, a, b, n, s, ok, d, j)
select id, case when many.pick(id || 'a?', 9) > 0 then many.word(id || 'a') || case when many.pick(id || 'a+', 4) = 0 then many.word(id || 'a++') else '' end end,
       case when many.pick(id || 'b?', 9) > 0 then many.word(id || 'b') end,
       case when many.pick(id || 'n?', 9) > 0 then many.pick(id || 'n', 60) - 20 when id % 3 = 0 then 2147483647 end,
       case when many.pick(id || 's?', 9) > 0 then many.pick(id || 's', 5) end,
       case when many.pick(id || 'ok?', 9) > 0 then many.pick(id || 'ok', 2) = 1 end,
       date '2026-01-01' + many.pick(id || 'd', 30), jsonb_build_object('k', many.word(id || 'j'))
  from generate_series(1, 500) id;

-- A test of a rule, in both forms: as criteria, and as plain SQL.
create function many.test(of text, kinds integer, out criteria jsonb, out plain text) language plpgsql immutable as $$
declare
    field text := (array['a', 'a', 'b', 'n', 'n', 's'])[1 + many.pick(of || 'f', 6)];
    texts boolean := field in ('a', 'b');
    -- Mostly what few records pass, so that rules far down are come to.
    kind integer := many.pick(of || 'k', case many.pick(of || 'broad', 9) when 0 then kinds else 4 end);
    wanted jsonb := (select jsonb_agg(case when texts then to_jsonb(many.word(of || i)) else to_jsonb(many.pick(of || i, 60) - 20) end)
                       from generate_series(1, 1 + many.pick(of || 'w', 12)) i);
    one jsonb := wanted -> 0;
    many text := (select string_agg(quote_literal(w), ', ') from jsonb_array_elements_text(wanted) w);
begin
    if field = 's' then
        one := to_jsonb(many.pick(of || 's', 5));
    end if;
    case kind
        when 0, 1 then
            criteria := jsonb_build_object('field', field, 'op', '=', 'value', one);
            plain := format('r.%I = %L', field, one #>> '{}');
        when 2 then
            criteria := jsonb_build_object('field', field, 'op', 'in', 'value', wanted);
            plain := format('r.%I in (%s)', field, many);
        when 3 then
            if texts and one #>> '{}' <> '' then
                criteria := jsonb_build_object('field', field, 'op', 'prefix', 'value', one);
                plain := format('starts_with(r.%I, %L)', field, one #>> '{}');
            elsif not texts then
                criteria := jsonb_build_object('field', field, 'op', 'between', 'value', jsonb_build_array(one, (one::integer + many.pick(of || 'to', 15) - 2)));
                plain := format('r.%I between %s and %s', field, one, one::integer + many.pick(of || 'to', 15) - 2);
            end if;
        when 4 then
            if not texts then
                criteria := jsonb_build_object('field', field, 'op', (array['<', '<=', '>', '>='])[1 + many.pick(of || 'c', 4)], 'value', one);
                plain := format('r.%I %s %s', field, criteria ->> 'op', one);
            end if;
        when 5 then
            criteria := jsonb_build_object('field', field, 'op', '<>', 'value', one);
            plain := format('r.%I <> %L', field, one #>> '{}');
        when 6 then
            criteria := jsonb_build_object('not', jsonb_build_object('field', field, 'op', 'in', 'value', wanted));
            plain := format('r.%I in (%s) is not true', field, many);
        when 7 then
            criteria := jsonb_build_object('field', field, 'op', 'is null');
            plain := format('r.%I is null', field);
        when 8 then
            criteria := jsonb_build_object('any', jsonb_build_array(jsonb_build_object('field', 'ok', 'op', '=', 'value', true),
                jsonb_build_object('not', jsonb_build_object('field', 'ok', 'op', 'is not null'))));
            plain := '(r.ok or r.ok is null)';
        when 9 then
            criteria := jsonb_build_object('field', 'n', 'op', 'not in', 'value', '[1, 2, 3, 2147483647]'::jsonb);
            plain := 'r.n not in (1, 2, 3, 2147483647)';
        -- What cannot be looked up.
        when 10 then
            criteria := jsonb_build_object('field', 'a', 'op', 'contains', 'value', 'b');
            plain := 'strpos(r.a, ''b'') > 0';
        when 11 then
            criteria := jsonb_build_object('field', 'd', 'op', '<', 'value', to_jsonb(date '2026-01-01' + many.pick(of || 'd', 30)));
            plain := format('r.d < %L::date', criteria ->> 'value');
        else
            criteria := jsonb_build_object('field', 'j.k', 'op', '=', 'value', many.word(of || 'j'));
            plain := format('r.j ->> ''k'' = %L', many.word(of || 'j'));
    end case;
    if criteria is null then
        criteria := jsonb_build_object('field', field, 'op', 'is not null');
        plain := format('r.%I is not null', field);
    end if;
end $$;

\c - test_manager
insert into dist.rep (rep) values ('many ann');
-- The rules of a set beside what they mean in plain SQL.
create table many.rule (ruleset text, position integer, plain text, to_ruleset text, primary key (ruleset, position));
-- So many rules, their tests of so many kinds; every so manieth has a predicate.
create function many.make(ruleset text, rules integer, kinds integer, predicates integer, inner_ruleset text default null) returns void
    language plpgsql as $$
begin
    insert into dist.ruleset (name, object) values (ruleset, 'many');
    create temporary table made on commit drop as
    select p as position, jsonb_build_object('all', jsonb_agg(t.criteria order by k)) as criteria, string_agg(t.plain, ' and ' order by k) as plain,
           case when predicates > 0 and many.pick(ruleset || p || 'p', predicates) = 0 then format('r.n %% 7 = %s', many.pick(ruleset || p || 'q', 7)) end as predicate,
           case when p % 20 = 19 then inner_ruleset end as to_ruleset
      from generate_series(1, rules) p, generate_series(1, 3) k, many.test(make.ruleset || '/' || p || '/' || k, kinds) t
     where k <= 1 + many.pick(make.ruleset || p || 'n', 3)
     group by p;
    insert into dist.assignment_rule (ruleset, position, name, criteria, predicate, to_rep, to_ruleset, on_owned)
    select make.ruleset, m.position, make.ruleset || ' ' || m.position, m.criteria, m.predicate, case when m.to_ruleset is null then 'many ann' end, m.to_ruleset, 'reassign'
      from made m;
    insert into many.rule select make.ruleset, m.position, concat_ws(' and ', m.plain, m.predicate), m.to_ruleset from made m;
    drop table made;
    insert into dist.transfer (name, object, source, to_ruleset, ranking) values (ruleset, 'many', 'any', ruleset, 'r.id');
end $$;
-- Each rule asked of each record by itself; the first in order. A rule that leads to another ruleset decides also where nothing in that holds.
create function many.naive(ruleset text) returns table (id integer, rule text) language plpgsql as $$
declare
    one record;
    taken integer[] := '{}';
    new integer[];
begin
    for one in select m.* from many.rule m where m.ruleset = naive.ruleset order by m.position loop
        execute format('select array(select r.id from many.lead r where (%s) and r.id <> all ($1))', one.plain) into new using taken;
        if one.to_ruleset is null then
            return query select u, ruleset || ' ' || one.position from unnest(new) u;
        elsif new <> '{}' then
            return query select n.id, n.rule from many.naive(one.to_ruleset) n where n.id = any (new);
        end if;
        taken := taken || new;
    end loop;
end $$;
create function many.compare(ruleset text, out rules bigint, out records bigint, out matched bigint, out by_rules bigint, out wrong bigint) language sql as $$
    select (select count(*) from dist.assignment_rule a where a.ruleset = compare.ruleset), count(*), count(n.rule), count(distinct n.rule),
           count(*) filter (where p.rule is distinct from n.rule)
      from dist.preview(ruleset) p
      left join many.naive(ruleset) n on n.id::text = p.record_key
$$;

-- Everything can be looked up.
select many.make('many looked up', 300, 10, 0);
select * from many.compare('many looked up');
-- Some tests, and some predicates, have to be asked.
select many.make('many mixed', 300, 13, 30);
select * from many.compare('many mixed');
-- Nearly every rule has to be asked, and is found by its columns.
select many.make('many asked', 200, 5, 1);
select * from many.compare('many asked');
-- Rules that lead to another ruleset.
select many.make('many nested', 60, 10, 0, 'many mixed');
select * from many.compare('many nested');
-- Few rules, one CASE.
select many.make('many few', 30, 13, 10);
select * from many.compare('many few');

-- Named accounts: a rule for each of many texts.
insert into dist.ruleset (name, object) values ('many named', 'many');
insert into dist.assignment_rule (ruleset, position, name, criteria, to_rep, on_owned)
select 'many named', row_number() over (order by a), 'is ' || a, jsonb_build_object('field', 'a', 'op', '=', 'value', a), 'many ann', 'reassign'
  from (select a from many.lead where a is not null group by a order by md5(a) limit 90) d;
insert into dist.transfer (name, object, source, to_ruleset) values ('many named', 'many', 'any', 'many named');
select count(*) filter (where p.rule = 'is ' || l.a) as named, count(*) filter (where p.rule is null) as others,
       count(*) filter (where p.rule is distinct from (select r.name from dist.assignment_rule r where r.ruleset = 'many named' and r.name = 'is ' || l.a)) as wrong
  from dist.preview('many named') p join many.lead l on l.id::text = p.record_key;

-- What explain says of a record is what the preview says (C4): the rule that matched, and which were passed over.
select count(*) as records, count(*) filter (where x.matched is distinct from p.rule) as wrong, min(x.rules) as rules_told
  from dist.preview('many mixed') p,
       lateral (select max(substr(e.item, length('many mixed/') + 1 + position(' ' in substr(e.item, length('many mixed/') + 1))))
                           filter (where e.outcome = 'matched') as matched,
                       count(*) filter (where e.stage = 'rule') as rules
                  from dist.explain('many', p.record_key, transfer => 'many mixed') e) x
 where p.record_key::integer % 70 = 1;

-- A predicate is asked only of records that no rule before it took, and that pass its own criteria: here it would raise an error.
insert into dist.ruleset (name, object) values ('many errors', 'many');
insert into dist.assignment_rule (ruleset, position, criteria, predicate, to_rep)
select 'many errors', p, jsonb_build_object('field', 'n', 'op', '=', 'value', p - 30), null, 'many ann' from generate_series(1, 40) p;
insert into dist.assignment_rule (ruleset, position, criteria, predicate, to_rep) values
    ('many errors', 41, null, '100 / (r.n - 5) > 0', 'many ann'),
    ('many errors', 42, '{"field": "n", "op": ">", "value": 2000000000}', '100 / (r.n - 2147483647) > 0 and r.s = 77', 'many ann');
insert into dist.transfer (name, object, criteria, source, to_ruleset) values
    ('many errors', 'many', '{"field": "n", "op": "<", "value": 2000000000}', 'any', 'many errors');
select count(*) filter (where rule = 'rule 35') as by_number, count(*) filter (where rule = 'rule 41') as by_predicate from dist.preview('many errors');
update dist.assignment_rule set active = false where ruleset = 'many errors' and position = 35;
\set VERBOSITY terse
select count(*) from dist.preview('many errors');
\set VERBOSITY default
drop function many.make(text, integer, integer, integer, text), many.naive(text), many.compare(text);
drop table many.rule;
