-- A rep gives one record back and says why (G18): a run of its own that can be undone; a record that is protected, that nobody
-- owns or that is not there is refused.
create schema back;
grant usage on schema back to public;
create table back.lead (id uuid primary key, tier text, owner text);
insert into back.lead values
    ('00000000-0000-0000-0000-000000000001', 'small', 'ann'), ('00000000-0000-0000-0000-000000000002', 'named', 'ann'),
    ('00000000-0000-0000-0000-000000000003', 'small', null);
grant select, update on back.lead to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('handed', 'back.lead', 'id', 'owner');
\set one '00000000-0000-0000-0000-000000000001'
\c - test_manager
insert into dist.rep (rep) values ('ann'), ('ben');
insert into dist.team (team) values ('field');
insert into dist.team_member (team, rep, position) values ('field', 'ann', 1), ('field', 'ben', 2);
insert into dist.distribution_rule (name, strategy, team) values ('sticky', 'sticky', 'field');
insert into dist.distribution_rule (name, strategy, team, cool_down) values ('turns', 'round_robin', 'field', '7 days');
insert into dist.transfer (name, object, to_distribution_rule, criteria) values
    ('again', 'handed', 'sticky', '{"field": "id", "op": "=", "value": "00000000-0000-0000-0000-000000000001"}'),
    ('turns', 'handed', 'turns', '{"field": "id", "op": "=", "value": "00000000-0000-0000-0000-000000000001"}');
insert into dist.protection (name, object, predicate) values ('named accounts', 'handed', 'r.tier = ''named''');
select trigger, transfer, object, status, candidates, assigned, unassigned from dist.return_record('handed', :'one', '  wrong language ');
select r.id as run from dist.run r where r.trigger = 'return' order by r.id desc limit 1 \gset
select seq, record_key, old_owner, new_owner, reason, rule, distribution_rule, note from dist.assignment where run_id = :run;
select owner from back.lead where id = :'one';
select stage, outcome, detail from dist.explain('handed', :'one', run_id => :run) where stage = 'move';
-- It does not go back to who did not want it: neither where it sticks, nor where it must cool down.
select new_owner, reason from dist.preview('again');
select item, outcome, detail from dist.explain('handed', :'one', transfer => 'again') where stage = 'rep';
select new_owner, reason from dist.preview('turns');
select (dist.undo(:run)).assigned;
select owner from back.lead where id = :'one';
-- Undone, it was never given back.
update back.lead set owner = null where id = :'one';
select new_owner, reason from dist.preview('again');

select test.refused($$select dist.return_record('handed', '00000000-0000-0000-0000-000000000002', 'no')$$);
select test.refused($$select dist.return_record('handed', '00000000-0000-0000-0000-000000000003', 'no')$$);
select test.refused($$select dist.return_record('handed', '00000000-0000-0000-0000-000000000009', 'no')$$);
select test.refused($$select dist.return_record('handed', 'nine', 'no')$$);
select test.refused($$select dist.return_record('haned', '00000000-0000-0000-0000-000000000001', 'no')$$);
select test.refused($$select dist.return_record('handed', '00000000-0000-0000-0000-000000000001', ' ')$$);
select test.refused($$select dist.return_record('handed', null, 'no')$$);
select test.refused($$select dist.return_record('handed', '00000000-0000-0000-0000-000000000001', null)$$);
select count(*) from dist.run where trigger = 'return' and id > :run;
-- Whoever may read cannot give back; what a trigger of the user's raises comes out as it was raised.
\c - test_reader
select test.refused($$select dist.return_record('handed', '00000000-0000-0000-0000-000000000001', 'no')$$);
\c - postgres
create function back.keep() returns trigger language plpgsql as $$ begin raise exception using errcode = 'ZZ001', message = 'kept', hint = 'Ask.'; end $$;
create trigger keep before update on back.lead for each row execute function back.keep();
\c - test_manager
select test.refused($$select dist.return_record('handed', '00000000-0000-0000-0000-000000000002', 'no')$$);
update dist.protection set active = false;
select test.refused($$select dist.return_record('handed', '00000000-0000-0000-0000-000000000002', 'no')$$);
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema back cascade;
