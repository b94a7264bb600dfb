-- Cool-down: not back to whoever held a record within an interval, or to the last k who held it; sticky: back to who held it
-- last (X11); random: the same for a preview as for its run. All of it from the audit.
create schema cool;
grant usage on schema cool to public;
grant create on schema cool to test_manager;
create table cool.deal (id integer primary key, owner text);
grant select, insert, update on cool.deal to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('cool deal', 'cool.deal', 'id', 'owner');
insert into cool.deal select n from generate_series(1, 12) n;
\c - test_manager
insert into dist.rep (rep) values ('ann'), ('ben'), ('cem');
insert into dist.team (team) values ('field');
insert into dist.team_member (team, rep, position) values ('field', 'ann', 1), ('field', 'ben', 2), ('field', 'cem', 3);
insert into dist.distribution_rule (name, strategy, team, cool_down, cool_down_holders) values
    ('plain', 'round_robin', 'field', null, null), ('a month', 'round_robin', 'field', '1 month', null),
    ('last two', 'round_robin', 'field', null, 2), ('all three', 'round_robin', 'field', null, 3);
insert into dist.transfer (name, kind, object, to_distribution_rule) values
    ('give', 'distribution', 'cool deal', 'plain'), ('give again', 'distribution', 'cool deal', 'a month'),
    ('give others', 'distribution', 'cool deal', 'last two'), ('give nobody', 'distribution', 'cool deal', 'all three'),
    ('take', 'retrieval', 'cool deal', null);
select (dist.execute('give', as_of => '2031-01-05 06:00+00')).assigned;
select (dist.execute('take', as_of => '2031-01-31 06:00+00')).assigned;

-- A month from January 31 is up at the same time on February 28: until then nobody gets what he held, and from then on anybody may.
select p.record_key, a.new_owner as held_by, p.new_owner
  from dist.preview('give again', as_of => '2031-02-28 05:59:59+00') p
  join dist.assignment a on a.record_key = p.record_key and a.object = 'cool deal' and a.new_owner is not null order by p.record_key::integer;
select count(*) filter (where p.new_owner = a.new_owner) as back, count(*)
  from dist.preview('give again', as_of => '2031-02-28 06:00+00') p
  join dist.assignment a on a.record_key = p.record_key and a.object = 'cool deal' and a.new_owner is not null;
select stage, item, outcome, detail from dist.explain('cool deal', '1', transfer => 'give again', as_of => '2031-02-10 00:00+00') where stage in ('rep', 'outcome');
-- Preview = run (X4).
create table pg_temp.previewed as select * from dist.preview('give again', as_of => '2031-02-10 06:00+00');
select (dist.execute('give again', as_of => '2031-02-10 06:00+00')).id as run \gset
select count(*), count(*) filter (where p.new_owner is distinct from a.new_owner) as otherwise
  from pg_temp.previewed p full join (select * from dist.assignment where run_id = :run) a using (record_key);

-- The last two: of three reps it is the third. The record was held by who has it now, too.
select (dist.execute('take', as_of => '2031-02-11 06:00+00')).assigned;
select count(*), count(*) filter (where p.new_owner = any (h.holders)) as back
  from dist.preview('give others', as_of => '2032-01-01 00:00+00') p
  join (select record_key, array_agg(new_owner) as holders from dist.assignment where object = 'cool deal' and new_owner is not null group by 1) h using (record_key);
select item, outcome, detail from dist.explain('cool deal', '1', transfer => 'give others', as_of => '2032-01-01 00:00+00') where stage in ('rep', 'outcome');
select (dist.execute('give others', as_of => '2032-01-01 06:00+00')).id as run \gset
-- Nobody is left.
update dist.transfer set source = 'owned', on_owned = 'reassign' where name like 'give %';
select reason, count(*) from dist.preview('give nobody', as_of => '2040-01-01 00:00+00') group by 1;
update dist.transfer set source = null, on_owned = null where name like 'give %';
-- What is undone was never held.
select (dist.undo(:run)).assigned;
select count(*) filter (where p.new_owner is not null)
  from dist.preview('give others', as_of => '2032-01-01 00:00+00') p;

-- A rule that hands on: each rule's own cool-down holds for its members.
insert into dist.team (team) values ('two');
insert into dist.team_member (team, rep) values ('two', 'ann'), ('two', 'ben');
insert into dist.distribution_rule (name, strategy, team, cool_down, if_unavailable, fallback_to_distribution_rule) values
    ('two first', 'round_robin', 'two', '10 years', 'fall_back', 'plain');
insert into dist.transfer (name, object, to_distribution_rule) values ('two first', 'cool deal', 'two first');
select count(*), count(*) filter (where p.new_owner in ('ann', 'ben') and p.new_owner = any (h.holders)) as back, count(*) filter (where p.new_owner = 'cem') as to_cem
  from dist.preview('two first', as_of => '2032-01-01 00:00+00') p
  join (select record_key, array_agg(new_owner) as holders from dist.assignment where object = 'cool deal' and new_owner is not null and run_id <> :run group by 1) h using (record_key);

-- Sticky: back to who held it last, also when he holds it no more; who is away is passed over, and a newcomer changes nothing.
insert into dist.distribution_rule (name, strategy, team) values ('sticky', 'sticky', 'field'), ('random', 'random', 'field');
insert into dist.transfer (name, object, to_distribution_rule) values ('back', 'cool deal', 'sticky'), ('toss', 'cool deal', 'random');
create view cool.last as
select distinct on (record_key) record_key, new_owner as holder
  from dist.assignment a where object = 'cool deal' and new_owner is not null and reason <> 'undo'
   and not exists (select from dist.run u where u.undoes = a.run_id) order by record_key, run_id desc;
select count(*), count(*) filter (where p.new_owner is distinct from l.holder) as elsewhere from dist.preview('back') p join cool.last l using (record_key);
update dist.rep set active = false where rep = 'ben';
select l.holder = 'ben' as was_his, count(*), count(*) filter (where p.new_owner = l.holder) as back, bool_or(p.new_owner = 'ben') as to_him
  from dist.preview('back') p join cool.last l using (record_key) group by 1 order by 1;
update dist.rep set active = true where rep = 'ben';
insert into cool.deal select n from generate_series(101, 200) n;
create table pg_temp.before as select * from dist.preview('back');
insert into dist.rep (rep) values ('dee');
insert into dist.team_member (team, rep) values ('field', 'dee');
select count(*), count(*) filter (where b.new_owner is distinct from p.new_owner) > 0 as some_moved,
       count(*) filter (where b.new_owner is distinct from p.new_owner and p.new_owner <> 'dee') as wrong
  from pg_temp.before b join dist.preview('back') p using (record_key);
delete from dist.team_member where rep = 'dee';

-- Random: what is previewed is what is run; another run is another draw.
create table pg_temp.toss as select * from dist.preview('toss');
select (dist.execute('toss')).id as run \gset
select count(*), count(*) filter (where t.new_owner is distinct from a.new_owner) as otherwise
  from pg_temp.toss t full join (select * from dist.assignment where run_id = :run) a using (record_key);
update cool.deal set owner = null;
select count(*) filter (where t.new_owner is distinct from p.new_owner) > 10 as another_draw from pg_temp.toss t join dist.preview('toss') p using (record_key);
select count(distinct new_owner), min(n) > 10 as roughly_equal from (select new_owner, count(*) as n from dist.preview('toss') group by 1) x;
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema cool cascade;
