-- The work: leads of three columns that rules look at, 50 rules, 200 reps in 8 teams. psql variable: rows.
create extension pg_dist;
create role crm login;
grant dist_admin, dist_manager, dist_reader to crm;
grant create on schema public to crm;
set role crm;

create table lead (
    id        bigint primary key,
    company   text not null,
    email     text not null,
    country   text not null,
    industry  text not null,
    employees integer not null,
    postal    text not null,
    created   timestamptz not null,
    owner     bigint
);
create index lead_owner on lead (owner);

-- What every measurement starts from.
create table lead_seed as
select n::bigint as id,
       'Company ' || n as company,
       'contact' || n || '@example.com' as email,
       (array['DE', 'FR', 'US', 'GB', 'ES', 'IT', 'PL', 'NL', 'SE', 'JP', 'BR', 'IN'])[1 + abs(hashint4(n) % 12)] as country,
       (array['energy', 'finance', 'health', 'media', 'public', 'retail', 'software', 'transport'])[1 + abs(hashint4(n + 1) % 8)] as industry,
       1 + abs(hashint4(n + 2) % 5000) as employees,
       lpad(abs(hashint4(n + 3) % 100000)::text, 5, '0') as postal,
       '2026-01-01 00:00+00'::timestamptz + n * interval '1 second' as created
  from generate_series(1, :rows) n;
analyze lead_seed;

insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'lead', 'id', 'owner');
insert into dist.rep (rep, name) select n, 'Rep ' || n from generate_series(1, 200) n;
insert into dist.team (team) select 'team ' || t from generate_series(1, 8) t;
insert into dist.team_member (team, rep, weight, position)
select 'team ' || 1 + n % 8, n, 1 + n % 5, n from generate_series(1, 200) n;
insert into dist.distribution_rule (name, team, strategy)
select 'pool ' || t, 'team ' || t, case when t % 2 = 0 then 'weighted' else 'round_robin' end from generate_series(1, 8) t;
insert into dist.ruleset (name, object, default_to_distribution_rule) values ('spread', 'lead', 'pool 1');
-- Ten countries by five sizes; a third column in each, in one form of criteria or the other.
insert into dist.assignment_rule (ruleset, position, name, criteria, predicate, to_distribution_rule)
select 'spread', 10 * (5 * c + s), format('size %s in %s', s, country),
       jsonb_build_object('all', jsonb_build_array(
           jsonb_build_object('field', 'country', 'op', '=', 'value', country),
           jsonb_build_object('field', 'employees', 'op', 'between', 'value', jsonb_build_array(1000 * s, 1000 * s + 999)))),
       case when s % 2 = 0 then 'r.industry in (''finance'', ''health'', ''retail'', ''software'', ''media'', ''energy'')'
            else 'r.industry <> ''public''' end,
       'pool ' || 1 + (5 * c + s) % 8
  from unnest(array['DE', 'FR', 'US', 'GB', 'ES', 'IT', 'PL', 'NL', 'SE', 'JP']) with ordinality as k(country, c),
       generate_series(0, 4) s;
insert into dist.transfer (name, object, to_ruleset) values ('spread', 'lead', 'spread');

reset role;
-- The floor's audit: the same columns and indexes, not partitioned.
create table floor_audit (like dist.assignment including all);
alter table floor_audit owner to crm;
