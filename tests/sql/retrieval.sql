-- Retrieval (G13 to G15, G17, G18): inactivity read when it runs, chosen reps, a limit per rep, protected records, to nobody or
-- to a holding rep; one schedule that first retrieves and then distributes does not give a record back to who has just lost it.
create schema ret;
grant usage on schema ret to public;
create table ret.account (id integer primary key, name text, created date, worked timestamptz, tier text, owner text);
create table ret.opportunity (account_id integer, open boolean);
create table ret.activity (account_id integer, at timestamptz);
grant select, insert, update on ret.account to test_manager;
grant select, insert on ret.opportunity, ret.activity to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('account', 'ret.account', 'id', 'owner');
insert into ret.account
select n, 'Sample ' || n, '2030-01-01', '2031-01-01 00:00+00', 'small', (array['ann', 'ben', 'cem', 'gone'])[1 + n % 4] from generate_series(1, 24) n;
insert into ret.activity values (3, '2031-05-20 00:00+00');
insert into ret.opportunity values (4, true), (5, false);
update ret.account set worked = '2031-05-25 00:00+00' where id = 1;
update ret.account set created = '2031-05-30' where id = 2;
update ret.account set tier = 'named' where id in (7, 12);
\c - test_manager
insert into dist.rep (rep) values ('ann'), ('ben'), ('cem'), ('pool');
insert into dist.team (team) values ('field');
insert into dist.team_member (team, rep, position, active) values ('field', 'ann', 1, true), ('field', 'ben', 2, false);
-- G13: no activity for 30 days, by a column and by a related table.
insert into dist.transfer (name, kind, object, criteria) values
    ('unworked', 'retrieval', 'account', '{"all": [{"field": "worked", "op": "older than", "value": "30 days"},
        {"not": {"related": "ret.activity", "on": {"account_id": "id"}, "where": {"field": "at", "op": "newer than", "value": "30 days"}}}]}');
select array_agg(record_key::integer order by 1) as spared from (select id::text as record_key from ret.account except select record_key from dist.preview('unworked', as_of => '2031-06-01 00:00+00')) x;
-- Worked between planning and running (G13), or tagged later (G14): it is the run that looks.
insert into dist.schedule (name, start_at, time_zone) values ('friday', '2031-06-06 18:00', 'UTC');
insert into dist.step (schedule, position, action, target) values ('friday', 1, 'transfer', 'unworked');
select count(*) from dist.preview_schedule('friday');
update ret.account set worked = '2031-06-04 00:00+00' where id = 8;
update ret.account set worked = '2031-02-01 00:00+00' where id = 1;
select record_key from dist.preview_schedule('friday') where record_key in ('1', '8');

-- Protected are: an open opportunity, accounts younger than 60 days, named ones. Explain names the row.
insert into dist.protection (name, object, criteria, predicate) values
    ('open opportunity', 'account', '{"related": "ret.opportunity", "on": {"account_id": "id"}, "where": {"field": "open", "op": "=", "value": true}}', null),
    ('younger than 60 days', 'account', '{"field": "created", "op": "newer than", "value": "60 days"}', null),
    ('named accounts', 'account', null, 'r.tier = ''named''');
select array_agg(record_key::integer order by 1) as spared from (select id::text as record_key from ret.account except select record_key from dist.preview('unworked', as_of => '2031-06-06 18:00+00')) x;
select item, outcome, detail from dist.explain('account', '4', transfer => 'unworked', as_of => '2031-06-06 18:00+00') where stage in ('candidate', 'outcome');
select item, outcome, detail from dist.explain('account', '7', transfer => 'unworked', as_of => '2031-06-06 18:00+00') where item like '%named%';
-- A distribution is no retrieval: it may reassign them.
insert into dist.transfer (name, object, source, on_owned, to_rep) values ('reassign', 'account', 'owned', 'reassign', 'pool');
select count(*) from dist.preview('reassign') where record_key in ('2', '4', '7', '12');

-- Sources (G17): a team, those who take no turns included, and chosen reps.
insert into dist.transfer (name, kind, object, from_team, to_rep) values ('from team', 'retrieval', 'account', 'field', 'pool');
insert into dist.transfer (name, kind, object, from_reps) values ('from cem', 'retrieval', 'account', '{cem}');
select old_owner, new_owner, reason, count(*) from dist.preview('from team', as_of => '2031-06-06 18:00+00') group by 1, 2, 3 order by 1;
select old_owner, new_owner, reason, count(*) from dist.preview('from cem', as_of => '2031-06-06 18:00+00') group by 1, 2, 3 order by 1;
select item, outcome from dist.explain('account', '5', transfer => 'from cem', as_of => '2031-06-06 18:00+00') where outcome = 'does not hold';
-- A rep who is named as a source is not deleted, and takes a new name along.
select test.refused($$delete from dist.rep where rep = 'cem'$$);
begin;
update dist.rep set rep = 'cemal' where rep = 'cem';
select from_reps, written_by from dist.transfer where name = 'from cem';
rollback;
insert into dist.team_member (team, rep) values ('field', 'cem');
select old_owner, count(*) from dist.preview('from team', as_of => '2031-06-06 18:00+00') group by 1 order by 1;
delete from dist.team_member where rep = 'cem';

-- A limit per rep and run: the first of each by ranking; row_limit cuts after it. Owners who are no reps count as well.
update dist.protection set active = false;
insert into dist.transfer (name, kind, object, ranking, limit_per_rep, row_limit) values ('two each', 'retrieval', 'account', 'r.worked desc, r.id desc', 2, null);
select record_key, old_owner from dist.preview('two each');
select p.record_key from dist.preview('two each') p
except select id::text from (select id, row_number() over (partition by owner order by worked desc, id desc) as n from ret.account) x where n <= 2;
select item, outcome, detail from dist.explain('account', '24', transfer => 'two each') where item like 'limit%' or stage = 'outcome';
select item, outcome, detail from dist.explain('account', '20', transfer => 'two each') where item like 'limit%' or stage = 'outcome';
update dist.transfer set row_limit = 3 where name = 'two each';
select record_key, old_owner from dist.preview('two each');
begin;
select assigned from dist.execute('two each');
select count(*) from ret.account where owner is null;
rollback;

-- G15, in one run: what it takes from a rep does not go back to him, and preview says the same, row for row.
insert into dist.distribution_rule (name, strategy, team) values ('turns', 'round_robin', 'field');
update dist.team_member set active = true;
insert into dist.team_member (team, rep, position) values ('field', 'cem', 3);
insert into dist.transfer (name, object, to_distribution_rule) values ('give', 'account', 'turns');
update dist.transfer set row_limit = null where name = 'two each';
insert into ret.account (id, name) values (100, 'Sample 100');
insert into dist.schedule (name, start_at, time_zone, frequency) values ('keep balance', '2031-06-09 06:00', 'UTC', 'weekly');
insert into dist.step (schedule, position, action, target) values ('keep balance', 1, 'transfer', 'two each'), ('keep balance', 2, 'transfer', 'give');
create table pg_temp.previewed as select * from dist.preview_schedule('keep balance');
select (dist.run_now('keep balance')).id as run \gset
select t.old_owner as taken_from, g.new_owner as given_to, count(*)
  from dist.assignment g left join dist.assignment t on t.run_id = g.run_id and t.record_key = g.record_key and t.reason = 'retrieval'
 where g.run_id = :run and g.reason <> 'retrieval' group by 1, 2 order by 1, 2;
select count(*), count(*) filter (where a.new_owner is distinct from p.new_owner) as otherwise
  from (select record_key, reason, new_owner from pg_temp.previewed) p
  full join (select record_key, reason, new_owner from dist.assignment where run_id = :run) a using (record_key, reason);
-- In another run nothing keeps him from it, for the rule has no cool-down: undone, taken by one run and given by another.
select (dist.undo(:run)).assigned;
select (dist.execute('two each')).assigned;
select count(*) filter (where p.new_owner = t.old_owner) > 0 as some_back
  from dist.preview('give') p join dist.assignment t on t.record_key = p.record_key and t.run_id = (select max(id) from dist.run);

-- What is wrong is refused when it is written.
select test.refused($$insert into dist.protection (name, object) values ('', 'account')$$);
select test.refused($$insert into dist.protection (name, object) values ('x', 'acount')$$);
select test.refused($$insert into dist.protection (name, object, predicate) values ('x', 'account', 'r.teir = 1')$$);
select test.refused($$insert into dist.protection (name, object, criteria) values ('x', 'account', '{"field": "tier", "op": "=="}')$$);
select test.refused($$insert into dist.transfer (name, kind, object, limit_per_rep) values ('x', 'retrieval', 'account', 0)$$);
select test.refused($$insert into dist.transfer (name, kind, object, limit_per_rep) values ('x', 'distribution', 'account', 1)$$);
select test.refused($$insert into dist.transfer (name, kind, object, from_team) values ('x', 'retrieval', 'account', 'feild')$$);
select test.refused($$insert into dist.transfer (name, kind, object, from_reps) values ('x', 'retrieval', 'account', '{cem,bean}')$$);
select test.refused($$insert into dist.transfer (name, kind, object, source, from_reps) values ('x', 'retrieval', 'account', 'unowned', '{cem}')$$);
\c - postgres
delete from dist.schedule;
delete from dist.transfer;
delete from dist.protection where name <> 'named accounts';
select test.refused($$delete from dist.object where name = 'account'$$);
select test.forget_intent();
set client_min_messages = warning;
drop schema ret cascade;
