-- Accounts that a refresh, an edit, a distribution and a tool write at once, and what happened to their fields: a log that a
-- trigger keeps in the very transaction.
\set QUIET on
set client_min_messages = warning;
create extension pg_dist;
create role ops login;
create role tool login;
grant dist_manager to ops;
create schema crm;
grant usage on schema crm to public;
create table crm.account (id bigint primary key, region integer not null, owner text, state text, round integer not null default 0, touched integer not null default 0);
insert into crm.account select n, n % 2 from generate_series(1, 2000) n;
grant all on crm.account to ops, tool;

create table crm.log (n bigint generated always as identity, run_id bigint, id bigint, field text, was text, becomes text);
create function crm.log() returns trigger language plpgsql security definer as $$
begin
    if session_user <> 'tool' then
        insert into crm.log (run_id, id, field, was, becomes)
        select dist.run_id(), old.id, f.* from (values ('state', old.state, new.state), ('round', old.round::text, new.round::text), ('owner', old.owner, new.owner)) f (field, was, becomes)
         where f.was is distinct from f.becomes;
    end if;
    return null;
end $$;
create trigger log after update on crm.account for each row execute function crm.log();

insert into dist.object (name, relation, key_column, owner_column) values ('account', 'crm.account', 'id', 'owner');
set session authorization ops;
insert into dist.rep (rep) values ('ada'), ('bob'), ('cyd');
insert into dist.distribution_rule (name, strategy) values ('turns', 'round_robin');
insert into dist.segment (name, object, criteria) values ('ones', 'account', '{"field": "region", "op": "=", "value": 1}');
insert into dist.transfer (name, object, to_distribution_rule, segment) values ('give', 'account', 'turns', 'ones');
insert into dist.formula (name, object, field, expression) values ('next', 'account', 'round', 'r.round + 1');
insert into dist.schedule (name, start_at) values ('refresh', '2999-01-01 06:00'), ('edit', '2999-01-01 06:00'), ('give', '2999-01-01 06:00');
insert into dist.step (schedule, position, action, target, args) values
    ('refresh', 1, 'refresh_segment', 'ones', null),
    ('edit', 1, 'mass_edit', 'ones', '{"fields": [{"field": "state", "value": "first"}]}'),
    ('edit', 2, 'apply_formulas', 'ones', null),
    ('edit', 3, 'mass_edit', 'ones', '{"fields": [{"field": "state", "value": "second"}]}'),
    ('give', 1, 'transfer', 'give', null);
