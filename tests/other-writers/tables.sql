-- Two tables that runs and another tool write at once, and what really happened to them: a log kept by a trigger.
\set QUIET on
set client_min_messages = warning;
create extension pg_dist;
create role ops login;
create role tool login;
grant dist_manager to ops;
create schema crm;
grant usage on schema crm to public;
create table crm.lead (id bigint primary key, region text not null, owner text);
create table crm.account (id bigint primary key, region text not null, owner text);
insert into crm.lead select n, 'north' from generate_series(1, 1000) n;
insert into crm.account select n, 'north' from generate_series(1, 1000) n;
grant all on crm.lead, crm.account to ops, tool;

create table crm.log (n bigint generated always as identity, by name, object text, id bigint, was text, becomes text);
create function crm.log() returns trigger language plpgsql security definer as $$
begin
    insert into crm.log (by, object, id, was, becomes) values (session_user, tg_table_name, old.id, old.owner, new.owner);
    return null;
end $$;
create trigger log after update of owner on crm.lead for each row when (old.owner is distinct from new.owner) execute function crm.log();
create trigger log after update of owner on crm.account for each row when (old.owner is distinct from new.owner) execute function crm.log();

insert into dist.object (name, relation, key_column, owner_column)
values ('lead', 'crm.lead', 'id', 'owner'), ('account', 'crm.account', 'id', 'owner');
set session authorization ops;
insert into dist.rep (rep) values ('ada'), ('bob'), ('cyd');
insert into dist.team (team) values ('all');
insert into dist.team_member (team, rep, weight) values ('all', 'ada', 3), ('all', 'bob', 2), ('all', 'cyd', 1.5);
insert into dist.distribution_rule (name, strategy, team) values ('leads', 'weighted', 'all'), ('accounts', 'weighted', 'all');
insert into dist.transfer (name, object, to_distribution_rule, predicate, row_limit)
values ('give leads', 'lead', 'leads', 'r.region = ''north''', 25), ('give accounts', 'account', 'accounts', null, 25);
insert into dist.transfer (name, object, kind, predicate, row_limit)
values ('take leads', 'lead', 'retrieval', 'r.owner <> ''tool''', 40);
select dist.execute('give accounts') is not null as begun;
