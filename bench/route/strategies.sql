-- One team of 200 reps, and a transfer for each strategy; everything else is as in setup.sql. psql variable: rows.
set role crm;
insert into dist.team (team) values ('all');
insert into dist.team_member (team, rep, weight, position) select 'all', n, 1 + n % 5, n from generate_series(1, 200) n;
insert into dist.distribution_rule (name, strategy, team, each)
select 'by ' || s, s, 'all', case s when 'fixed' then :rows / 200 end
  from unnest(array['round_robin', 'weighted', 'performance', 'load', 'value', 'top_off', 'fixed', 'sticky', 'random']) s;
-- What reps hold and have won lies in a table of its own: open and closed deals.
create table deal (id bigint primary key, stage text not null, price numeric not null, owner bigint);
insert into deal select n, (array['open', 'won', 'lost'])[1 + n % 3], n % 1000, 1 + n * 7 % 200 from generate_series(1, 200000) n;
analyze deal;
insert into dist.object (name, relation, key_column, owner_column) values ('deal', 'deal', 'id', 'owner');
insert into dist.measure (distribution_rule, measure, position, object, criteria, value) values
    ('by load', 'load', 1, 'lead', null, null),
    ('by load', 'load', 2, 'deal', '{"field": "stage", "op": "=", "value": "open"}', null),
    ('by value', 'value', 1, 'lead', null, 'r.employees'),
    ('by performance', 'wins', 1, 'deal', '{"field": "stage", "op": "=", "value": "won"}', null),
    ('by performance', 'handled', 1, 'deal', '{"field": "stage", "op": "<>", "value": "open"}', null);
insert into dist.book (object, rep, target) select 'lead', n, :rows / 100 from generate_series(1, 200) n;
insert into dist.transfer (name, object, to_distribution_rule) select name, 'lead', name from dist.distribution_rule where name like 'by %';

-- The whole of it: a day's cap for each rep and one for the team, a tenth of the reps absent, and who may have what by
-- three countries, two industries and a least size each: more than 400 kinds of records.
insert into dist.distribution_rule (name, strategy, team) values ('all weighted', 'weighted', 'all'), ('all load', 'load', 'all');
insert into dist.transfer (name, object, to_distribution_rule) values ('all weighted', 'lead', 'all weighted'), ('all load', 'lead', 'all load');
create table kept_caps as
select 'day of ' || n as name, n::text as rep, null::text as team, 'each' as counts, :rows / 100 as most from generate_series(1, 200) n
union all select 'day of all', null, 'all', 'together', :rows;
create table kept_eligibility as
select format('%s in %s for %s', i, c, n) as name, n::text as rep,
       jsonb_build_object('all', jsonb_build_array(
           jsonb_build_object('field', 'country', 'op', '=', 'value', c),
           jsonb_build_object('field', 'industry', 'op', '=', 'value', i),
           jsonb_build_object('field', 'employees', 'op', '>=', 'value', n % 10 * 500))) as criteria
  from generate_series(1, 200) n,
       lateral (select distinct (array['DE', 'FR', 'US', 'GB', 'ES', 'IT', 'PL', 'NL', 'SE', 'JP', 'BR', 'IN'])[1 + k % 12] from unnest(array[n, n + 5, n * 7]) k) x(c),
       lateral (select distinct (array['energy', 'finance', 'health', 'media', 'public', 'retail', 'software', 'transport'])[1 + k % 8] from unnest(array[n / 5, n / 5 + 3]) k) y(i);
insert into dist.calendar (name) values ('weekdays');
insert into dist.shift (calendar, weekday, starts, ends) select 'weekdays', d, '00:00', '24:00' from generate_series(1, 7) d;

-- Ten thousand reps.
insert into dist.rep (rep) select n from generate_series(1001, 11000) n;
insert into dist.team (team) values ('many');
insert into dist.team_member (team, rep, weight) select 'many', n, 1 + n % 7 from generate_series(1001, 11000) n;
insert into dist.distribution_rule (name, strategy, team) values ('by many weights', 'weighted', 'many'), ('by many loads', 'load', 'many');
insert into dist.transfer (name, object, to_distribution_rule) values ('by many weights', 'lead', 'by many weights'), ('by many loads', 'lead', 'by many loads');
