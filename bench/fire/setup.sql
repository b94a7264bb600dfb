-- Something to fire, in the database at hand: records of 16 objects, a transfer for each record. psql variable: number.
-- "move n" takes turns in one of 16 distribution rules, "shared n" moves the same record and takes turns in one for all.
set client_min_messages = warning;
create extension pg_dist;
select 'create role ' || r || ' login' from unnest(array['crm', 'crm2', 'crm3', 'crm4']) r where to_regrole(r) is null \gexec
grant dist_manager, dist_reader to crm, crm2, crm3, crm4;
select format('create table lead%s (id bigint primary key, owner text)', n),
       format('grant select, update on lead%s to crm, crm2, crm3, crm4', n),
       format('insert into lead%s select generate_series(0, %s)', n, :number),
       format('vacuum analyze lead%s', n)
  from generate_series(0, 15) n \gexec
-- What pgbench inserts into.
create table floor (id bigint generated always as identity primary key, n integer);
insert into dist.object (name, relation, key_column, owner_column)
select 'lead' || n, ('lead' || n)::regclass, 'id', 'owner' from generate_series(0, 15) n;
insert into dist.rep (rep, name) values ('ann', 'Ann'), ('ben', 'Ben');
insert into dist.team (team) values ('both');
insert into dist.team_member (team, rep) values ('both', 'ann'), ('both', 'ben');
insert into dist.distribution_rule (name, team, strategy)
select 'turns ' || n, 'both', 'round_robin' from generate_series(0, 15) n
union all
select 'turns', 'both', 'round_robin';
-- Whatever their owner, records go to whoever is next: each run moves exactly one.
insert into dist.transfer (name, object, source, criteria, to_distribution_rule, on_owned)
select pool || ' ' || n, 'lead' || n % 16, 'any', jsonb_build_object('field', 'id', 'op', '=', 'value', n),
       case pool when 'move' then 'turns ' || n % 16 else 'turns' end, 'reassign'
  from unnest(array['move', 'shared']) pool, generate_series(1, :number) n;
