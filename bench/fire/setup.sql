-- Something to fire: a table of records for each of four owners, and a transfer per record. psql variable: number.
create extension pg_dist;
create role crm login;
create role crm2 login;
create role crm3 login;
create role crm4 login;
grant dist_manager, dist_reader to crm, crm2, crm3, crm4;
create table lead0 (id bigint primary key, owner text);
create table lead1 (like lead0 including all);
create table lead2 (like lead0 including all);
create table lead3 (like lead0 including all);
grant select, update on lead0, lead1, lead2, lead3 to crm, crm2, crm3, crm4;
insert into lead0 select n from generate_series(0, :number) n;
insert into lead1 select n from generate_series(0, :number) n;
insert into lead2 select n from generate_series(0, :number) n;
insert into lead3 select n from generate_series(0, :number) n;
vacuum analyze lead0, lead1, lead2, lead3;
insert into dist.object (name, relation, key_column, owner_column)
select 'lead' || n, ('lead' || n)::regclass, 'id', 'owner' from generate_series(0, 3) n;
insert into dist.rep (rep, name) values ('ann', 'Ann'), ('ben', 'Ben');
insert into dist.team (team) values ('both');
insert into dist.team_member (team, rep) values ('both', 'ann'), ('both', 'ben');
insert into dist.distribution_rule (name, team, strategy)
select 'turns ' || n, 'both', 'round_robin' from generate_series(0, 3) n;
-- Whatever their owner, records go to whoever is next: each run moves exactly one.
insert into dist.transfer (name, object, source, criteria, to_distribution_rule, on_owned)
select 'move ' || n, 'lead' || n % 4, 'any', jsonb_build_object('field', 'id', 'op', '=', 'value', n), 'turns ' || n % 4, 'reassign'
  from generate_series(1, :number) n
union all
select 'turn', 'lead0', 'any', '{"field": "id", "op": "=", "value": 0}', 'turns 0', 'reassign';
