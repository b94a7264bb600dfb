-- Restricted eligibility (X12): rows of dist.eligibility, own or of a team, limit reps to records; each class of records and
-- each rep gets its share, rounded; with caps the largest possible number is placed. Preview = run (X4), explain names the row.
create schema elig;
grant usage on schema elig to public;
create table elig.lead (id integer primary key, region text, employees integer, lang text[], owner text);
create table elig.visit (lead_id integer);
grant select, insert, update on elig.lead to test_manager;
grant select on elig.visit to test_manager;
grant usage on schema elig to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'elig.lead', 'id', 'owner');
insert into elig.lead (id, region, employees, lang)
select n, (array['north', 'south', 'east', null])[1 + n % 4], n * 10, case when n % 3 = 0 then '{fr}'::text[] else '{en}' end from generate_series(1, 48) n;
insert into elig.visit select n from generate_series(1, 48, 5) n;
\c - test_manager
insert into dist.rep (rep) values ('ann'), ('ben'), ('cem'), ('dee');
insert into dist.team (team) values ('field'), ('french');
insert into dist.team_member (team, rep, position, active) values
    ('field', 'ann', 1, true), ('field', 'ben', 2, true), ('field', 'cem', 3, true), ('field', 'dee', 4, true), ('french', 'ben', 1, false);
insert into dist.distribution_rule (name, strategy, team) values ('turns', 'round_robin', 'field');
insert into dist.transfer (name, object, to_distribution_rule) values ('route', 'lead', 'turns');

-- One row each: by criteria, by predicate, by a related table; a team's row holds for whoever is in it, taking turns or not.
insert into dist.eligibility (name, object, rep, team, criteria, predicate) values
    ('ann: north', 'lead', 'ann', null, '{"field": "region", "op": "=", "value": "north"}', null),
    ('ann: large', 'lead', 'ann', null, null, 'r.employees >= 400'),
    ('french speakers', 'lead', null, 'french', '{"field": "lang", "op": "has", "value": "fr"}', null),
    ('cem: visited', 'lead', 'cem', null, '{"related": "elig.visit", "on": {"lead_id": "id"}}', 'r.region is not null');
create view pg_temp.may as
select l.id, r.rep
  from elig.lead l, (values ('ann'), ('ben'), ('cem'), ('dee')) r(rep)
 where case r.rep when 'ann' then coalesce(l.region = 'north', false) or l.employees >= 400
                  when 'ben' then 'fr' = any (l.lang)
                  when 'cem' then l.region is not null and exists (select from elig.visit v where v.lead_id = l.id)
                  else true end;
create table pg_temp.previewed as select * from dist.preview('route');
select (dist.execute('route')).id as run \gset
select count(*) as moved, count(*) filter (where not exists (select from pg_temp.may m where m.id::text = a.record_key and m.rep = a.new_owner)) as not_eligible
  from dist.assignment a where run_id = :run;
-- Row for row what was previewed.
select record_key, new_owner from pg_temp.previewed except select record_key, new_owner from dist.assignment where run_id = :run;
-- Within each class of records, and in total, everybody has his share, rounded down or up.
with class as (
    select l.id, array(select m.rep from pg_temp.may m where m.id = l.id order by 1) as reps from elig.lead l),
cell as (
    select reps, rep, count(*)::numeric / cardinality(reps) as share,
           count(*) filter (where a.new_owner = rep) as got
      from class, unnest(reps) rep, dist.assignment a where a.run_id = :run and a.record_key = class.id::text group by reps, rep),
total as (select rep, sum(share) as share, sum(got) as got from cell group by rep)
select 'cell' as what, count(*), count(*) filter (where abs(share - got) >= 1) as unfair from cell
union all select 'total', count(*), count(*) filter (where abs(share - got) >= 1) from total;

-- The same is told to whoever asks for it, by the kinds that the run saw (X3).
with class as (
    select l.id, array(select m.rep from pg_temp.may m where m.id = l.id order by 1) as reps from elig.lead l),
cell as (
    select reps, rep, count(*)::numeric / cardinality(reps) as share,
           count(*) filter (where a.new_owner = rep) as got
      from class, unnest(reps) rep, dist.assignment a where a.run_id = :run and a.record_key = class.id::text group by reps, rep)
select count(*) as cells, count(*) filter (where f.received = c.got and abs(f.entitled - c.share) < 0.0001) as as_told
  from cell c full join dist.fairness_by_segment((select started_at from dist.run where id = :run)) f on f.segment = c.reps and f.rep = c.rep;

-- A passive row limits nobody; a rep without any may have everything. Explain says who is not eligible, and by which rows.
update elig.lead set owner = null;
select stage, item, outcome, detail from dist.explain('lead', '2', transfer => 'route') where stage in ('rep', 'outcome');
select stage, item, outcome, detail from dist.explain('lead', '3', transfer => 'route') where stage in ('rep', 'outcome');
update dist.eligibility set active = false where name = 'french speakers';
select item, outcome from dist.explain('lead', '2', transfer => 'route') where stage = 'rep' and item = 'ben';
-- Nobody of the team is eligible: the record stays, with the reason; the same for a rep who is named.
delete from dist.team_member where team = 'field' and rep in ('ben', 'dee');
insert into dist.transfer (name, object, predicate, to_distribution_rule, to_rep) values
    ('small', 'lead', 'r.id in (2, 3, 40)', 'turns', null), ('to ann', 'lead', 'r.id in (2, 3, 4)', null, 'ann');
select record_key, new_owner, reason from dist.preview('small');
select record_key, new_owner, reason from dist.preview('to ann');
select stage, item, outcome, detail from dist.explain('lead', '2', transfer => 'to ann') where stage in ('rep', 'outcome');
insert into dist.team_member (team, rep, position) values ('field', 'ben', 2), ('field', 'dee', 4);

-- Many values of one column, with quotes, and rows that name several of them: the same as when each is tested by itself.
\c - postgres
create table elig.town (id integer primary key, name text, size bigint, owner text);
insert into elig.town select n, case when n % 14 = 13 then null else 'It''s ' || n % 14 end, n % 9, null from generate_series(1, 300) n;
grant select, update on elig.town to test_manager;
grant select on elig.lead to test_reader;
insert into dist.object (name, relation, key_column, owner_column) values ('town', 'elig.town', 'id', 'owner');
\c - test_manager
insert into dist.rep (rep) select 't' || n from generate_series(0, 13) n;
insert into dist.team (team) values ('towns');
insert into dist.team_member (team, rep) select 'towns', 't' || n from generate_series(0, 13) n;
insert into dist.distribution_rule (name, strategy, team) values ('towns', 'round_robin', 'towns');
insert into dist.transfer (name, object, to_distribution_rule) values ('towns', 'town', 'towns');
insert into dist.eligibility (name, object, rep, criteria)
select 'name ' || n, 'town', 't' || n, jsonb_build_object('field', 'name', 'op', '=', 'value', 'It''s ' || n) from generate_series(0, 11) n
union all
select 'names ' || n, 'town', 't' || n,
       jsonb_build_object('all', jsonb_build_array(jsonb_build_object('field', 'name', 'op', 'in', 'value', jsonb_build_array('It''s 12', 'It''s ' || 11 - n)),
                                                   jsonb_build_object('field', 'size', 'op', 'in', 'value', jsonb_build_array(0, 1, 2, 3, 4, 5, 6, 7)))) from generate_series(0, 12) n;
select (dist.execute('towns')).id as run \gset
select count(*) as moved, count(*) filter (where not (
           a.new_owner = 't13'
           or (t.name = 'It''s ' || o.n and o.n < 12)
           or (t.name in ('It''s 12', 'It''s ' || 11 - o.n) and t.size < 8))) as not_eligible,
       count(*) filter (where a.new_owner <> 't13') as limited
  from dist.assignment a join elig.town t on t.id::text = a.record_key, lateral (select substr(a.new_owner, 2)::integer) o(n) where a.run_id = :run;

-- The largest possible number is placed, with the criteria at odds with what each may have (X12): against all ways there are
-- to give six records to three reps of whom each takes at most two, forty times.
\c - postgres
create table elig.toss (id integer primary key, bits integer, owner text);
create table elig.found (n integer, placed bigint, most bigint);
grant select, insert, update, delete on elig.toss, elig.found to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('toss', 'elig.toss', 'id', 'owner');
\c - test_manager
insert into dist.team (team) values ('three');
insert into dist.team_member (team, rep) values ('three', 't0'), ('three', 't1'), ('three', 't2');
insert into dist.distribution_rule (name, strategy, team, each) values ('two each', 'fixed', 'three', 2);
insert into dist.eligibility (name, object, rep, predicate) select 'bit ' || n, 'toss', 't' || n, format('r.bits & %s <> 0', 1 << n) from generate_series(0, 2) n;
insert into dist.transfer (name, object, to_distribution_rule) values ('toss', 'toss', 'two each');
do $$
begin
    for n in 1 .. 40 loop
        delete from elig.toss;
        insert into elig.toss (id, bits) select i, hashint4(i * 1000 + n) & 7 from generate_series(1, 6) i;
        insert into elig.found
        with recursive ways (id, taken, placed) as (
            select 0, array[0, 0, 0], 0
            union
            select w.id + 1,
                   case when rep is null then w.taken
                        else array[w.taken[1] + (rep = 0)::integer, w.taken[2] + (rep = 1)::integer, w.taken[3] + (rep = 2)::integer] end,
                   w.placed + (rep is not null)::integer
              from ways w
              join elig.toss t on t.id = w.id + 1
             cross join (values (0), (1), (2), (null)) choice(rep)
             where rep is null or t.bits >> rep & 1 = 1 and w.taken[rep + 1] < 2)
        select n, (select count(*) from dist.preview('toss') p where p.new_owner is not null), max(placed) from ways;
    end loop;
end $$;
select count(*) as cases, count(*) filter (where placed <> most) as not_the_most, min(most), max(most) from elig.found;

-- What is wrong is refused when it is written.
select test.refused($$insert into dist.eligibility (name, object, rep) values (' ', 'lead', 'ann')$$);
select test.refused($$insert into dist.eligibility (name, object, rep) values ('x', 'leads', 'ann')$$);
select test.refused($$insert into dist.eligibility (name, rep) values ('x', 'ann')$$);
select test.refused($$insert into dist.eligibility (name, object) values ('x', 'lead')$$);
select test.refused($$insert into dist.eligibility (name, object, rep, team) values ('x', 'lead', 'ann', 'field')$$);
select test.refused($$insert into dist.eligibility (name, object, rep) values ('x', 'lead', 'anne')$$);
select test.refused($$insert into dist.eligibility (name, object, team) values ('x', 'lead', 'feild')$$);
select test.refused($$insert into dist.eligibility (name, object, rep, criteria) values ('x', 'lead', 'ann', '{"field": "regoin", "op": "=", "value": "north"}')$$);
select test.refused($$insert into dist.eligibility (name, object, rep, criteria) values ('x', 'lead', 'ann', 'null')$$);
select test.refused($$insert into dist.eligibility (name, object, rep, predicate) values ('x', 'lead', 'ann', 'r.region = ''north'') or (true')$$);
select test.refused($$insert into dist.eligibility (name, object, rep, predicate) values ('x', 'lead', 'ann', 'r.id > now()')$$);
select test.refused($$update dist.eligibility set object = 'town' where name = 'ann: north'$$);
-- As a table that its object is about changes, or its object goes.
\c - postgres
select test.refused($$delete from dist.object where name = 'lead'$$);
create table elig.other (id integer primary key, owner text);
select test.refused($$update dist.object set relation = 'elig.other' where name = 'lead'$$);
-- A run refuses what somebody has written whom its owner does not trust (invariant 7); rows about reps whom it cannot reach
-- are none of its business.
set role test_manager;
update dist.eligibility set predicate = 'true' where name = 'ann: large';
reset role;
create role elig_runner in role dist_manager;
grant usage on schema elig to elig_runner;
grant select, update on elig.lead, elig.toss to elig_runner;
insert into dist.eligibility (name, object, rep, predicate) values ('super', 'toss', 't0', 'true');
delete from dist.eligibility where name like 'bit %';
set role test_manager;
insert into dist.eligibility (name, object, rep, predicate) values ('unreached', 'toss', 't9', 'true');
reset role;
update dist.transfer set criteria = criteria, to_distribution_rule = to_distribution_rule;
set role elig_runner;
select test.refused($$select dist.execute('route')$$);
select (dist.execute('toss')).assigned;
reset role;
select test.forget_intent();
set client_min_messages = warning;
drop owned by elig_runner;
drop role elig_runner;
drop schema elig cascade;
