-- Refreshes as steps: what comes after sees who belongs now, in a run and in a preview; a step limits a transfer to a
-- segment; what fails is named and leaves the members as they were (F1, F2).
\pset tuples_only on
\pset format unaligned
create schema sgs;
grant usage on schema sgs to public;
create table sgs.account (id integer primary key, size integer, rep text);
insert into sgs.account select n, n, null from generate_series(1, 20) n;
grant all on sgs.account to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('sgs', 'sgs.account', 'id', 'rep');
\c - test_manager
\pset tuples_only on
\pset format unaligned
insert into dist.rep (rep) values ('sgs.ada');
insert into dist.segment (name, object, predicate) values ('sgs large', 'sgs', 'r.size > 15'), ('sgs even', 'sgs', 'r.id % 2 = 0'), ('sgs both', 'sgs', null);
insert into dist.segment_part (segment, part) values ('sgs both', 'sgs large'), ('sgs both', 'sgs even');
insert into dist.transfer (name, object, to_rep, segment) values ('sgs give', 'sgs', 'sgs.ada', 'sgs large');
insert into dist.schedule (name, start_at) values ('sgs daily', '2999-06-01 06:00');
insert into dist.step (schedule, position, action, target, segment)
values ('sgs daily', 1, 'refresh_segment', 'sgs large', null), ('sgs daily', 2, 'refresh_segment', 'sgs even', null),
       ('sgs daily', 3, 'refresh_segment', 'sgs both', null), ('sgs daily', 4, 'transfer', 'sgs give', 'sgs even');
-- Nobody is a member yet; the preview sees who will be by then.
select count(*) from dist.segment_member where segment like 'sgs%';
select step, record_key, new_owner from dist.preview_schedule('sgs daily') where record_key is not null order by record_key::integer;
select position, effect, count(*), string_agg(record_key, ',' order by record_key::integer), min(relation) from dist.preview_steps('sgs daily') group by 1, 2 order by 1, 2;
select count(*) from dist.segment_member where segment like 'sgs%';
select status, candidates, assigned from dist.run_now('sgs daily');
select id from sgs.account where rep is not null order by id;
select segment, string_agg(record_key, ',' order by record_key::integer) from dist.segment_member where segment like 'sgs%' group by 1 order by 1;
select position, action, target, rows, result, candidates, assigned from dist.run_step where run_id = (select max(id) from dist.run where schedule = 'sgs daily') order by position;
-- By itself it says as much.
update sgs.account set size = 100 where id = 2;
select candidates from dist.refresh_segment('sgs large');
select action, target, rows, result from dist.run_step where run_id = (select max(id) from dist.run);
-- A passive step is passed over.
update dist.step set active = false where schedule = 'sgs daily' and position < 4;
select status, assigned from dist.run_now('sgs daily');
update dist.step set active = true where schedule = 'sgs daily';

-- The second refresh fails: the first is taken back, and the error names the step.
update sgs.account set size = 0, rep = null;
update dist.segment set predicate = '1 / r.size > 0' where name = 'sgs even';
select status, sqlstate, message, detail from dist.run_now('sgs daily');
select count(*) from dist.segment_member where segment = 'sgs large';
update dist.segment set predicate = 'r.id % 2 = 0' where name = 'sgs even';
select status, assigned from dist.run_now('sgs daily');
select count(*) from dist.segment_member where segment = 'sgs large';

-- What is refused.
select test.refused($$insert into dist.step (schedule, position, action, target, args) values ('sgs daily', 9, 'refresh_segment', 'sgs even', '{"full": true}')$$);
select test.refused($$insert into dist.step (schedule, position, action, target) values ('sgs daily', 9, 'refresh_segment', 'sgs evn')$$);
select test.refused($$insert into dist.step (schedule, position, action, target, segment) values ('sgs daily', 9, 'refresh_segment', 'sgs even', 'sgs even')$$);
select test.refused($$delete from dist.segment where name = 'sgs both'$$);
-- A schedule of somebody who is no member of the segment's owner.
\c - postgres
\pset tuples_only on
\pset format unaligned
create role sgs_other nologin in role dist_manager;
grant sgs_other to test_manager;
grant select on sgs.account to sgs_other;
grant usage on schema sgs to sgs_other;
update dist.schedule set owner = 'sgs_other' where name = 'sgs daily';
update dist.step set written_by = 'postgres' where schedule = 'sgs daily';
update dist.segment set written_by = 'postgres', description = '' where object = 'sgs';
update dist.segment_part set written_by = 'postgres', member = member where segment like 'sgs%';
update dist.object set written_by = 'postgres' where name = 'sgs';
select status, sqlstate, message, hint from dist.run_now('sgs daily');
select test.forget_intent();
set client_min_messages = warning;
drop schema sgs cascade;
drop role sgs_other;
