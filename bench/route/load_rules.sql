-- So many rules as people write them, over the leads of setup.sql: named accounts, prefixes of postal codes, country by industry
-- by size, lists of countries, and a few predicates in between. Each way of writing has its share, evenly mixed, so that few
-- rules are of the same kinds as many. psql variable: rules.
insert into dist.ruleset (name, object, default_to_distribution_rule) values ('rules ' || :rules, 'lead', 'pool 1');
insert into dist.transfer (name, object, to_ruleset) values ('rules ' || :rules, 'lead', 'rules ' || :rules);
insert into dist.assignment_rule (ruleset, position, name, criteria, predicate, to_distribution_rule)
select 'rules ' || :rules, n, 'rule number ' || n,
       case
           -- Three tenths: named accounts, three to a rule.
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
           -- Less than a tenth: lists of countries and a size.
           when share < 0.998 then jsonb_build_object('all', jsonb_build_array(
               jsonb_build_object('field', 'country', 'op', 'in', 'value', case n % 3 when 0 then '["DE", "NL", "PL"]'::jsonb
                   when 1 then '["FR", "ES", "IT"]' else '["US", "GB", "IN", "BR"]' end),
               jsonb_build_object('field', 'employees', 'op', '>=', 'value', 5000 - n % 1000 * 5)))
           -- Two in a thousand have a predicate; one of them nothing else.
           when share < 0.999 then jsonb_build_object('field', 'industry', 'op', '=', 'value',
               (array['energy', 'finance', 'health', 'media', 'public', 'retail', 'software', 'transport'])[1 + n % 8])
       end,
       case when share >= 0.998 then format('r.email like ''contact%s%%'' and length(r.company) > 9', n % 1000) end,
       'pool ' || 1 + n % 8
  from generate_series(1, :rules) n, lateral (select (n * 37 % 1000) / 1000.0 as share) s;
