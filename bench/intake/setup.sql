-- A table that leads come into: five rules, two pools of twenty reps each.
create extension pg_dist;
create role crm login;
create schema crm authorization crm;
create table crm.lead (id bigint generated always as identity primary key, country text not null, size integer not null, owner text,
                       made_at timestamptz not null default clock_timestamp());
alter table crm.lead owner to crm;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'crm.lead', 'id', 'owner');
insert into dist.rep (rep) select 'rep ' || n from generate_series(1, 40) n;
insert into dist.team (team) values ('near'), ('far');
insert into dist.team_member (team, rep, weight) select case when n % 2 = 0 then 'near' else 'far' end, 'rep ' || n, 1 + n % 4 from generate_series(1, 40) n;
insert into dist.distribution_rule (name, strategy, team) values ('near', 'weighted', 'near'), ('far', 'round_robin', 'far');
insert into dist.ruleset (name, object, default_to_distribution_rule) values ('route', 'lead', 'far');
insert into dist.assignment_rule (ruleset, position, predicate, to_distribution_rule)
select 'route', n, format('r.country = ''country %s'' and r.size > 100', n), 'near' from generate_series(1, 5) n;
