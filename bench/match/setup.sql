-- The work: accounts with made-up names of one to four words and a web address, a fifth of them unowned; leads of which half are
-- of one of the accounts, their names written in another way or misspelt. psql variables: leads, accounts.
create extension pg_dist;
create role crm login;
grant dist_admin, dist_manager, dist_reader to crm;
grant create on schema public to crm;
set role crm;

-- A word of two to four syllables that a number gives.
create function word(n bigint) returns text language sql immutable as $$
    select string_agg((array['b', 'c', 'd', 'f', 'g', 'h', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'w', 'z', 'st', 'tr', 'br', 'ch', 'pl', 'gr', ''])[1 + (h >> 3) % 24]
                      || (array['a', 'e', 'i', 'o', 'u', 'ei', 'ou', 'ia'])[1 + (h >> 9) % 8]
                      || (array['', '', '', 'n', 'r', 'l', 's', 't', 'rk', 'nd', 'x', 'm'])[1 + (h >> 13) % 12], '' order by s)
      from generate_series(1, 2 + abs(hashint8(n)) % 3) s, lateral (select abs(hashint8(n * 7 + s)) as h) x $$;
create function company(n bigint) returns text language sql immutable as $$
    select initcap(word(n)) || case when n % 3 = 0 then ' ' || initcap(word(n + 500000000)) else '' end
           || (array['', '', '', ' Systems', ' Logistics', ' Energy', ' Software', ' Foods', ' Media', ' Consulting', ' Services', ' Technologies'])[1 + abs(hashint8(n + 1)) % 12]
           || (array['', ' GmbH', ' Inc.', ' Ltd', ' & Co. KG', ' S.A.', ' AG'])[1 + abs(hashint8(n + 2)) % 7] $$;

create table account (id bigint primary key, name text not null, website text not null, revenue numeric, owner bigint);
insert into account
select n, company(n), 'https://www.' || regexp_replace(lower(word(n)), '[^a-z]', '', 'g') || n || '.example/', n % 1000,
       case when n % 5 > 0 then 1 + n % 200 end
  from generate_series(1, :accounts) n;
create table lead (id bigint primary key, company text, email text, account_id bigint, created timestamptz, owner bigint);
insert into lead
select n, case n % 4 when 0 then upper(a.name) when 2 then overlay(a.name placing 'q' from 2 + n % 5 for 1) else company(n + 700000000) end,
       'someone' || n || '@' || case when n % 2 = 0 then regexp_replace(a.website, 'https://www.|/', '', 'g') else 'other' || n || '.example' end,
       case when n % 2 = 0 then a.id end, '2026-01-01 00:00+00'::timestamptz + n * interval '1 second', null
  from generate_series(1, :leads) n
  join account a on a.id = 1 + (n * 7919::bigint) % :accounts;
analyze account, lead;

insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'lead', 'id', 'owner'), ('account', 'account', 'id', 'owner');
insert into dist.rep (rep, name) select n, 'Rep ' || n from generate_series(1, 200) n;
insert into dist.match (name, object, position, kind, own, other_object, other_column) values
    ('key', 'lead', 1, 'key', 'r.account_id', 'account', 'id'), ('domain', 'lead', 1, 'domain', 'r.email', 'account', 'website'),
    ('name', 'lead', 1, 'name', 'r.company', 'account', 'name'), ('similar', 'lead', 1, 'similar', 'r.company', 'account', 'name');
insert into dist.distribution_rule (name, strategy, match)
select coalesce(m, 'nothing'), 'round_robin', m from unnest(array[null, 'key', 'domain', 'name', 'similar']) m;
insert into dist.transfer (name, object, to_distribution_rule) select d.name, 'lead', d.name from dist.distribution_rule d;
