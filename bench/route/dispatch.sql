-- Rulesets of 10, 1 000 and 10 000 rules as people write them, over the leads of setup.sql: named accounts, prefixes of postal
-- codes, country by industry by size, lists of countries, and a few predicates in between. Each way of writing has its share, in
-- one order, so that the ten rules are of the same kinds. psql variables: none.
set role crm;
alter table lead add postal text;
alter table lead_seed add postal text;
update lead_seed set postal = lpad((abs(hashint4(id::integer + 3)) % 100000)::text, 5, '0');
insert into dist.ruleset (name, object, default_to_distribution_rule)
select 'rules ' || n, 'lead', 'pool 1' from unnest(array[10, 1000, 10000]) n;

\timing on
insert into dist.assignment_rule (ruleset, position, name, criteria, predicate, to_distribution_rule)
select 'rules ' || total, n, 'rule number ' || n,
       case
           -- Three tenths: named accounts; a thousand of them stand for ten thousand companies.
           when share < 0.3 then jsonb_build_object('field', 'company', 'op', 'in', 'value',
               (select jsonb_agg('Company ' || (n * 97 + 13 * i)) from generate_series(1, 3) i))
           -- One tenth: postal codes by their first digits.
           when share < 0.4 then jsonb_build_object('all', jsonb_build_array(
               jsonb_build_object('field', 'country', 'op', '=', 'value', (array['DE', 'FR', 'US', 'GB'])[1 + n % 4]),
               jsonb_build_object('field', 'postal', 'op', 'prefix', 'value', lpad((n * 7 % 1000)::text, 3, '0'))))
           -- Half: country by industry by size.
           when share < 0.9 then jsonb_build_object('all', jsonb_build_array(
               jsonb_build_object('field', 'country', 'op', '=', 'value',
                   (array['DE', 'FR', 'US', 'GB', 'ES', 'IT', 'PL', 'NL', 'SE', 'JP', 'BR', 'IN'])[1 + n % 12]),
               jsonb_build_object('field', 'industry', 'op', '=', 'value',
                   (array['energy', 'finance', 'health', 'media', 'public', 'retail', 'software', 'transport'])[1 + n / 12 % 8]),
               jsonb_build_object('field', 'employees', 'op', 'between', 'value', jsonb_build_array(n / 96 * 50, n / 96 * 50 + 49))))
           -- The rest: lists of countries and a size.
           when share < 0.995 then jsonb_build_object('all', jsonb_build_array(
               jsonb_build_object('field', 'country', 'op', 'in', 'value', case n % 3 when 0 then '["DE", "NL", "PL"]'::jsonb
                   when 1 then '["FR", "ES", "IT"]' else '["US", "GB", "IN", "BR"]' end),
               jsonb_build_object('field', 'employees', 'op', '>=', 'value', 5000 - n % 1000 * 5)))
       end,
       case when share >= 0.995 then format('r.email like ''contact%s%%'' and length(r.company) > 9', n % 1000) end,
       'pool ' || 1 + n % 8
  from unnest(array[10, 1000, 10000]) total, generate_series(1, total) n, lateral (select (n * 37 % 200) / 200.0 as share) s;
\timing off
insert into dist.transfer (name, object, to_ruleset) select name, 'lead', name from dist.ruleset where name like 'rules %';
reset role;
