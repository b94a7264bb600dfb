-- dist.preview_totals and dist.preview_schedule_totals: per rep, before and after, of a transfer and of a whole schedule (G19).
\pset null '(nobody)'
\set SHOW_CONTEXT never
create schema sums;
create table sums.lead (id integer primary key, owner text);
insert into sums.lead select n, case when n <= 4 then 'ann' when n = 5 then 'old rep' end from generate_series(1, 12) n;
grant usage on schema sums to test_manager;
grant all on sums.lead to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('sums lead', 'sums.lead', 'id', 'owner');
insert into dist.rep (rep) values ('ann'), ('ben'), ('cem');
insert into dist.team (team) values ('sums');
insert into dist.team_member (team, rep) values ('sums', 'ann'), ('sums', 'ben'), ('sums', 'cem');
insert into dist.distribution_rule (name, strategy, team) values ('sums turns', 'round_robin', 'sums');
\c - test_manager
\set SHOW_CONTEXT never
insert into dist.transfer (name, object, to_distribution_rule) values ('sums give', 'sums lead', 'sums turns');
insert into dist.transfer (name, kind, object, predicate) values ('sums take', 'retrieval', 'sums lead', 'r.id <= 2');
select * from dist.preview_totals('sums give');
select * from dist.preview_totals('sums take');
insert into dist.schedule (name, start_at) values ('sums both', '2099-01-01 06:00');
insert into dist.step (schedule, position, target) values ('sums both', 1, 'sums take'), ('sums both', 2, 'sums give');
select * from dist.preview_schedule_totals('sums both');
-- Nothing has happened; and what happens is what was said.
select owner, count(*) from sums.lead group by 1 order by 1;
create temp table said as select rep, held_after from dist.preview_schedule_totals('sums both');
select assigned from dist.run_now('sums both');
select count(*) as differ
  from said full join (select owner, count(*) as held from sums.lead group by 1) now on coalesce(now.owner, '-') = coalesce(said.rep, '-')
 where coalesce(said.held_after, 0) <> coalesce(now.held, 0);
-- The same errors, and the rights of whoever asks.
select * from dist.preview_totals('sums gve');
select * from dist.preview_schedule_totals('sums bth');
\c - test_reader
\set SHOW_CONTEXT never
select * from dist.preview_totals('sums give');
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema sums cascade;
