-- Weekly balancing (G15): one schedule takes unengaged accounts back (G13, G14: read when it runs) and then tops every book off,
-- in that order, in one run; what was taken from a rep does not go back to the same rep. The preview of the schedule says so.
create schema weekly;
grant usage on schema weekly to public;
create table weekly.account (id integer primary key, tag text, owner text);
create table weekly.visit (account integer, at timestamptz);
grant select, update, insert, delete on all tables in schema weekly to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('account', 'weekly.account', 'id', 'owner');
\c - test_manager
insert into dist.rep (rep) values ('ann'), ('ben'), ('cem');
insert into dist.team (team) values ('field');
insert into dist.team_member (team, rep, position) values ('field', 'ann', 1), ('field', 'ben', 2), ('field', 'cem', 3);
insert into dist.book (object, team, target) values ('account', 'field', 4);
insert into dist.distribution_rule (name, strategy, team, cool_down) values ('fill', 'top_off', 'field', '30 days');
insert into dist.transfer (name, kind, object, criteria) values ('take back', 'retrieval', 'account',
    '{"not": {"related": "weekly.visit", "on": {"account": "id"}, "where": {"field": "at", "op": "newer than", "value": "30 days"}}}');
insert into dist.transfer (name, object, to_distribution_rule) values ('fill', 'account', 'fill');
-- Ann has four, Ben five, Cem one; visited lately are those with even numbers.
insert into weekly.account (id, owner) select n, case when n <= 4 then 'ann' when n <= 9 then 'ben' else 'cem' end from generate_series(1, 10) n;
insert into weekly.account (id) select n from generate_series(21, 22) n;
insert into weekly.visit select n, '2099-01-01' from generate_series(2, 10, 2) n;
insert into dist.schedule (name, start_at, frequency) values ('weekly balance', '2099-01-05 06:00', 'weekly');
insert into dist.step (schedule, position, target) values ('weekly balance', 10, 'take back'), ('weekly balance', 20, 'fill');
select step, record_key, old_owner, new_owner, reason from dist.preview_schedule('weekly balance', '2099-01-05 06:00+00') order by 1, record_key::integer;
-- One of them is visited between the preview and the run: it is spared.
insert into weekly.visit values (1, '2099-01-05 05:00+00');
select dist.tick('2099-01-05 06:00+00');
select r.status, r.assigned, r.unassigned, r.reasons, (select count(*) from dist.run_step s where s.run_id = r.id) as steps
  from dist.run r where r.schedule = 'weekly balance' and r.status = 'succeeded';
select seq, record_key, old_owner, new_owner, reason from dist.assignment
 where run_id = (select max(id) from dist.run where schedule = 'weekly balance') order by seq;
select rep, target, held, gap from dist.book_balance order by rep;
-- The next week finds the books as they are: nobody has been anywhere since.
select dist.tick('2099-01-12 06:00+00');
select r.assigned, r.reasons from dist.run r where r.schedule = 'weekly balance' and r.status = 'succeeded' order by id desc limit 1;
select rep, target, held, gap from dist.book_balance order by rep;
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema weekly cascade;
