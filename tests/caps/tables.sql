-- Two objects whose records go to the same reps, and caps of every kind over them.
\set QUIET on
set client_min_messages = warning;
create extension pg_dist;
create role ops login;
grant dist_manager to ops;
create schema crm;
grant usage on schema crm to public;
create table crm.lead (id integer primary key, owner text);
create table crm.deal (id integer primary key, owner text);
insert into crm.lead select n from generate_series(1, 3000) n;
insert into crm.deal select n from generate_series(1, 3000) n;
grant all on crm.lead, crm.deal to ops;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'crm.lead', 'id', 'owner'), ('deal', 'crm.deal', 'id', 'owner');
set session authorization ops;
-- In the night of 2031-03-30 Berlin's clocks change.
insert into dist.rep (rep, time_zone) values ('ada', 'Europe/Berlin'), ('bob', 'America/New_York'), ('cyd', 'Asia/Kolkata'), ('dan', 'UTC');
insert into dist.team (team) values ('all'), ('some');
insert into dist.team_member (team, rep) select 'all', rep from dist.rep;
insert into dist.team_member (team, rep) values ('some', 'ada'), ('some', 'bob');
insert into dist.distribution_rule (name, strategy, team) values ('lead turns', 'round_robin', 'all'), ('deal load', 'load', 'all');
insert into dist.transfer (name, object, to_distribution_rule, row_limit) values ('leads', 'lead', 'lead turns', 7), ('deals', 'deal', 'deal load', 7);
insert into dist.cap (name, per, most, rep, team, distribution_rule, counts, rolling, time_zone, object) values
    ('each day', 'day', 50, null, null, null, 'each', false, null, null),
    ('each hour', 'hour', 14, null, null, null, 'each', false, null, null),
    ('some together', 'hour', 30, null, 'some', null, 'together', false, 'Europe/Berlin', null),
    ('all rolling', 'hour', 60, null, null, null, 'together', true, null, null),
    ('cyd rolling', 'hour', 12, 'cyd', null, null, 'each', true, null, null),
    ('lead turns of dan', 'week', 40, 'dan', null, 'lead turns', 'each', false, null, null),
    ('open leads', 'open', 30, null, null, null, 'each', false, null, 'lead');
