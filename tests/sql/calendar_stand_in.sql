-- Stand-ins receive in the turn of who is away, whose books are kept; and what becomes of records that nobody can have (X8, L9).
\pset tuples_only on
\pset format unaligned
create schema cal;
grant usage on schema cal to public;
create table cal.lead (id integer primary key, owner text);
insert into cal.lead select n from generate_series(1, 60) n;
grant all on cal.lead to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('case', 'cal.lead', 'id', 'owner');
set role test_manager;
insert into dist.calendar (name) values ('office');
insert into dist.shift select 'office', weekday, '09:00', '17:00' from generate_series(1, 5) weekday;
insert into dist.rep (rep, calendar) values ('abe', 'office'), ('ben', 'office'), ('cleo', null), ('dov', null), ('eli', 'office');
insert into dist.team (team) values ('west');
insert into dist.team_member (team, rep, position) values ('west', 'abe', 1), ('west', 'ben', 2), ('west', 'cleo', 3);
insert into dist.distribution_rule (name, strategy, team) values ('turns', 'round_robin', 'west');
insert into dist.transfer (name, object, to_distribution_rule, row_limit) values ('go', 'case', 'turns', 6);
create function pg_temp.to(transfer text, at timestamptz) returns text language sql as $$
    select string_agg(coalesce(new_owner, reason), ' ' order by record_key::integer) from dist.preview(transfer, at) $$;
-- The same by a run: in whose turn > to whom.
create function pg_temp.given(transfer text, at timestamptz) returns text language plpgsql as $$
declare
    this bigint := (test.run_as_previewed(transfer, at)).id;
begin
    return coalesce((select string_agg(coalesce(turn_of || '>', '') || new_owner, ' ' order by seq) from dist.assignment where run_id = this),
                    (select reasons::text from dist.run where id = this));
end $$;

-- Wednesday 4 June 2031. Abe is away all week: Dov stands in, who is in no team.
insert into dist.absence (rep, starts, ends, stand_in, reason) values ('abe', '2031-06-02', '2031-06-09', 'dov', 'leave');
select pg_temp.to('go', '2031-06-04 10:00+00'), pg_temp.given('go', '2031-06-04 10:00+00');
select distribution_rule, turns, (select string_agg(key, ' ' order by key) from jsonb_each(deficits) where value = '0') from dist.pool;
select stage, item, outcome, detail from dist.explain('case', '7', 'go', as_of => '2031-06-04 10:00+00') where stage in ('rep', 'outcome');
-- Undone, the turns are Abe's again.
select assigned from dist.undo((select max(id) from dist.run));
select turns, deficits from dist.pool;
-- At night Dov still stands in: he works round the clock. Back, he takes part as ever.
select at, pg_temp.to('go', at::timestamptz)
  from unnest(array['2031-06-04 03:00+00', '2031-06-08 23:59:59+00', '2031-06-09 00:00+00', '2031-06-09 09:00+00']) at;
-- A stand-in who takes part himself has both turns; his caps and his cool-down hold for both.
update dist.absence set stand_in = 'ben';
select pg_temp.given('go', '2031-06-04 10:00+00');
insert into dist.cap (name, rep, per, most) values ('few', 'ben', 'day', 7);
select pg_temp.given('go', '2031-06-04 11:00+00');
delete from dist.cap;
update dist.distribution_rule set cool_down = '30 days';
insert into dist.transfer (name, kind, object, from_reps) values ('back', 'retrieval', 'case', '{ben,cleo}');
select assigned from dist.execute('back', '2031-06-04 12:00+00');
select pg_temp.to('go', '2031-06-04 13:00+00'), (select string_agg(p.reason, ' ' order by p.record_key::integer) from dist.preview('go', '2031-06-04 13:00+00') p);
select stage, item, outcome, detail from dist.explain('case', '1', 'go', as_of => '2031-06-04 13:00+00') where stage in ('rep', 'outcome');
update dist.distribution_rule set cool_down = null;
-- He is away as well: on to who stands in for him; who is merely out of hours has nobody, and the turn is missed.
insert into dist.absence (rep, starts, ends, stand_in) values ('ben', '2031-06-04 00:00', '2031-06-05 00:00', 'eli');
select at, pg_temp.to('go', at::timestamptz) from unnest(array['2031-06-04 10:00+00', '2031-06-04 18:00+00', '2031-06-05 10:00+00']) at;
update dist.rep set active = false where rep = 'eli';
select pg_temp.to('go', '2031-06-04 10:00+00');
update dist.rep set active = true where rep = 'eli';

-- Where loads are levelled, a stand-in is level by what he holds; one who takes part himself does not take part twice.
insert into dist.distribution_rule (name, strategy, team) values ('level', 'load', 'west');
insert into dist.transfer (name, object, to_distribution_rule, row_limit) values ('by load', 'case', 'level', 12);
select new_owner, count(*) from dist.preview('by load', '2031-06-05 10:00+00') group by 1 order by 1;
update dist.absence set stand_in = 'dov' where rep = 'abe';
reset role;
update cal.lead set owner = 'dov' where id in (41, 42, 43);
set role test_manager;
select new_owner, count(*) from dist.preview('by load', '2031-06-05 10:00+00') group by 1 order by 1;
-- By hash, he has what would be his; a book is filled for its owner alone.
insert into dist.distribution_rule (name, strategy, team) values ('any', 'random', 'west'), ('same', 'sticky', 'west');
insert into dist.distribution_rule (name, strategy, team, each) values ('some', 'fixed', 'west', 2);
insert into dist.transfer (name, object, to_distribution_rule) values ('by chance', 'case', 'any'), ('by whom', 'case', 'same'), ('each', 'case', 'some');
select t.name, (select count(*) > 0 from dist.preview(t.name, '2031-06-05 10:00+00') p where p.new_owner = 'dov'),
       (select count(*) from dist.preview(t.name, '2031-06-05 10:00+00') p where p.new_owner = 'abe')
  from dist.transfer t where t.name in ('by chance', 'by whom', 'each') order by 1;

-- Nobody is there: hold, with the reason; assign anyway; fall back, to a rep, or to a rule whose turns are then taken.
delete from dist.absence;
insert into dist.team (team) values ('day');
insert into dist.team_member (team, rep, position) values ('day', 'abe', 1), ('day', 'ben', 2);
insert into dist.distribution_rule (name, strategy, team, if_unavailable) values ('hold', 'round_robin', 'day', 'hold'), ('anyway', 'round_robin', 'day', 'assign_anyway');
insert into dist.distribution_rule (name, strategy, team, if_unavailable, fallback_to_rep, fallback_to_distribution_rule) values
    ('to cleo', 'round_robin', 'day', 'fall_back', 'cleo', null), ('to turns', 'round_robin', 'day', 'fall_back', null, 'turns');
insert into dist.transfer (name, object, to_distribution_rule, row_limit)
select name, 'case', name, 4 from dist.distribution_rule where name in ('hold', 'anyway', 'to cleo', 'to turns');
select t.name, pg_temp.to(t.name, '2031-06-04 10:00+00'), pg_temp.to(t.name, '2031-06-04 20:00+00') from dist.transfer t where t.row_limit = 4 order by 1;
select name, pg_temp.given(name, '2031-06-04 20:00+00') from dist.transfer where row_limit = 4 order by 1;
-- Who stands in for the rep whom a rule falls back to, or a rule that it falls back to, receives in his turn; the rule itself has used none.
insert into dist.absence (rep, starts, ends, stand_in) values ('cleo', '2031-06-04', '2031-06-05', 'dov');
insert into dist.distribution_rule (name, strategy, team, if_unavailable, fallback_to_distribution_rule) values ('to to cleo', 'round_robin', 'day', 'fall_back', 'to cleo');
insert into dist.transfer (name, object, to_distribution_rule, row_limit) values ('to to cleo', 'case', 'to to cleo', 2);
select pg_temp.given('to cleo', '2031-06-04 20:00+00'), pg_temp.given('to to cleo', '2031-06-04 20:00+00');
select distinct reason, distribution_rule, turn_of, new_owner from dist.assignment where run_id = (select max(id) from dist.run);
delete from dist.absence;
delete from dist.transfer where name = 'to to cleo';
-- Absent and switched off are two things: who is inactive receives nothing, anyway or not.
insert into dist.absence (rep, starts, ends) values ('abe', '2031-06-04', '2031-06-05');
update dist.rep set active = false where rep = 'ben';
select t.name, pg_temp.to(t.name, '2031-06-04 20:00+00') from dist.transfer t where t.name in ('hold', 'anyway') order by 1;
update dist.rep set active = true where rep = 'ben';

-- A rep who is named directly: by a transfer, and by a rule of strategy rep.
insert into dist.distribution_rule (name, strategy, rep, if_unavailable) values ('abe only', 'rep', 'abe', 'hold'), ('abe anyway', 'rep', 'abe', 'assign_anyway');
insert into dist.distribution_rule (name, strategy, rep, if_unavailable, fallback_to_distribution_rule) values
    ('abe or hold', 'rep', 'abe', 'fall_back', 'hold'), ('abe or abe', 'rep', 'abe', 'fall_back', 'abe only'), ('abe or turns', 'rep', 'abe', 'fall_back', 'turns');
insert into dist.transfer (name, object, to_rep, row_limit) values ('named', 'case', 'abe', 2);
insert into dist.transfer (name, object, to_distribution_rule, row_limit) select name, 'case', name, 2 from dist.distribution_rule where name like 'abe %';
select t.name, pg_temp.to(t.name, '2031-06-03 10:00+00'), pg_temp.to(t.name, '2031-06-03 20:00+00'), pg_temp.to(t.name, '2031-06-04 10:00+00')
  from dist.transfer t where t.row_limit = 2 order by 1;
select stage, item, outcome, detail from dist.explain('case', (select min(id)::text from cal.lead where owner is null), 'abe or turns', as_of => '2031-06-04 10:00+00') where stage in ('distribution rule', 'rep', 'outcome');
-- The turns that were taken are those of the rule that it fell back to, and undo gives them back to it.
select turns from dist.pool where distribution_rule = 'turns';
select pg_temp.given('abe or turns', '2031-06-04 10:00+00');
select distinct reason, distribution_rule from dist.assignment where run_id = (select max(id) from dist.run);
select turns from dist.pool where distribution_rule = 'turns';
select assigned from dist.undo((select max(id) from dist.run));
select turns from dist.pool where distribution_rule = 'turns';
-- With a stand-in; what he owns stays his, be he away or not.
update dist.absence set stand_in = 'dov';
select pg_temp.given('named', '2031-06-04 10:00+00');
reset role;
update cal.lead set owner = 'abe' where id > 58;
set role test_manager;
insert into dist.transfer (name, object, source, criteria, to_rep) values ('his', 'case', 'any', '{"field": "id", "op": ">", "value": 57}', 'abe');
select record_key, new_owner, reason from dist.preview('his', '2031-06-04 10:00+00') order by 1;
select pg_temp.given('his', '2031-06-04 10:00+00');
update dist.absence set stand_in = null;
select record_key, new_owner, reason from dist.preview('his', '2031-06-04 10:00+00') order by 1;

-- Who is at work, for people.
update dist.absence set stand_in = 'dov', reason = 'leave';
insert into dist.holiday values ('office', '2031-06-06', 'Some Day');
update dist.rep set active = false where rep = 'cleo';
select a.* from unnest(array['2031-06-04 10:00+00', '2031-06-06 10:00+00']) at, dist.availability_at(at::timestamptz) a order by at, rep;
reset role;
set pg_dist.clock = '2031-06-05 16:59:59+00';
set role test_reader;
select * from dist.availability order by rep;
reset role;
set pg_dist.clock = '2031-06-05 17:00+00';
set role test_reader;
select * from dist.availability where rep = 'abe';
select test.refused('select * from dist.availability_at(null)');
reset role;
reset pg_dist.clock;
-- A dump that was restored may have a circle: the turn is missed.
set check_function_bodies = off;
insert into dist.absence (rep, starts, ends, stand_in) values ('dov', '2031-06-04', '2031-06-05', 'abe');
reset check_function_bodies;
set role test_manager;
select pg_temp.to('named', '2031-06-04 10:00+00');
delete from dist.absence;
reset role;
select test.forget_intent();
set client_min_messages = warning;
drop schema cal cascade;
