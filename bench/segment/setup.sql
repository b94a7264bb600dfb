-- Accounts with deals, half of the accounts in each of two segments: a simple test, and one over a related table. psql
-- variable: rows, the members of each.
create extension pg_dist;
create role crm login;
grant dist_admin, dist_manager, dist_reader to crm;
create schema crm authorization crm;
set role crm;

create table crm.account (
    id          bigint primary key,
    name        text not null,
    region      integer not null,
    employees   integer not null,
    description text,
    reviewed_on date,
    owner       text
);
create table crm.deal (
    id      bigint primary key,
    account bigint not null,
    won     boolean not null
);
insert into crm.account
select n, 'Account ' || n, n % 2, 1 + abs(hashint4(n::integer) % 5000), 'Imported', null, 'rep ' || n % 50
  from generate_series(1, 2 * :rows) n;
insert into crm.deal select n, n, n % 2 = 0 from generate_series(1, 2 * :rows) n;
create index on crm.deal (account);
-- The same with keys that are no numbers.
create table crm.by_uuid as select md5(id::text)::uuid as id, region, owner from crm.account;
alter table crm.by_uuid add primary key (id);

insert into dist.object (name, relation, key_column, owner_column)
values ('account', 'crm.account', 'id', 'owner'), ('by uuid', 'crm.by_uuid', 'id', 'owner');
insert into dist.segment (name, object, criteria) values
    ('simple', 'account', '{"field": "region", "op": "=", "value": 1}'),
    ('related', 'account', '{"related": "crm.deal", "on": {"account": "id"}, "where": {"field": "won", "op": "=", "value": true}}'),
    ('uuids', 'by uuid', '{"field": "region", "op": "=", "value": 1}');
select status, candidates from dist.segment s, dist.refresh_segment(s.name);
reset role;
vacuum (analyze, freeze) crm.account, crm.deal, crm.by_uuid, dist.segment_change, dist.segment_roll;
