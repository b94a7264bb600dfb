-- As many leads in a hopper as records in a bare queue and in one of the shape that pgmq publishes.
\set QUIET on
create extension pg_dist;
create role crm login;
grant dist_manager to crm;
create schema crm authorization crm;
create table crm.lead (id bigint primary key, email text, created timestamptz not null default now(), owner text);
alter table crm.lead owner to crm;
insert into crm.lead (id, email) select n, 'person' || n || '@company.example' from generate_series(1, :records) n;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'crm.lead', 'id', 'owner');
set role crm;
insert into dist.rep (rep) select 'rep ' || n from generate_series(0, 7) n;
insert into dist.hopper (name, object) values ('fresh', 'lead');
insert into dist.hopper (name, object, claim_limit) values ('limited', 'lead', 1000000);
insert into dist.transfer (name, object, to_hopper, row_limit) values ('fill', 'lead', 'fresh', :records / 2), ('fill limited', 'lead', 'limited', null);
select dist.execute('fill'), dist.execute('fill limited') \g /dev/null
reset role;
create table crm.bare (id bigint primary key, email text);
insert into crm.bare select id, email from crm.lead;
create table crm.pgmq (msg_id bigint primary key, read_ct int not null default 0, enqueued_at timestamptz not null default now(), vt timestamptz not null, message jsonb);
create index on crm.pgmq (vt);
insert into crm.pgmq (msg_id, vt, message) select id, now(), jsonb_build_object('lead', id, 'email', email) from crm.lead;
grant all on crm.bare, crm.pgmq to crm;
vacuum analyze;
checkpoint;
