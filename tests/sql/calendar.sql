-- Working hours, holidays and absences in runs (X8): who is away receives nothing, in the zone of each; what becomes of the turns
-- missed; who stands in; what becomes of records that nobody can have. Preview as of any instant says the same (X4).
\pset tuples_only on
\pset format unaligned
create schema cal;
grant usage on schema cal to public;
create table cal.lead (id integer primary key, owner text);
insert into cal.lead select n from generate_series(1, 60) n;
grant all on cal.lead to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('visit', 'cal.lead', 'id', 'owner');
set role test_manager;
insert into dist.calendar (name) values ('office'), ('nights');
insert into dist.shift select 'office', weekday, '09:00', '17:00' from generate_series(1, 5) weekday;
insert into dist.shift values ('nights', 7, '22:00', '06:00');
insert into dist.holiday values ('office', '2031-05-01', 'May Day');
insert into dist.rep (rep, time_zone, calendar) values
    ('abe', 'Europe/Berlin', 'office'), ('ben', 'America/New_York', 'office'), ('cleo', 'UTC', null), ('dov', 'UTC', 'nights');
insert into dist.team (team) values ('all'), ('two'), ('one');
insert into dist.team_member (team, rep, position) values
    ('all', 'abe', 1), ('all', 'ben', 2), ('all', 'cleo', 3), ('two', 'abe', 1), ('two', 'ben', 2), ('one', 'abe', 1);
insert into dist.distribution_rule (name, strategy, team) values ('turns', 'round_robin', 'all'), ('pair', 'round_robin', 'two');
insert into dist.transfer (name, object, to_distribution_rule, row_limit) values ('go', 'visit', 'turns', 6), ('pairs', 'visit', 'pair', 4);

-- Whom a preview as of an instant gives the records to, in turn.
create function pg_temp.to(transfer text, at timestamptz) returns text language sql as $$
    select string_agg(coalesce(new_owner, reason), ' ' order by record_key::integer) from dist.preview(transfer, at) $$;
-- Whom a run as of an instant gives them to.
create function pg_temp.given(transfer text, at timestamptz) returns text language plpgsql as $$
declare
    this bigint := (test.run_as_previewed(transfer, at)).id;
begin
    return (select string_agg(coalesce(turn_of || '>', '') || new_owner, ' ' order by seq) from dist.assignment where run_id = this);
end $$;

-- Wednesday 2 April 2031: Berlin is at UTC+2, New York at UTC-4. The change of clocks was on 30 and 9 March.
select at, pg_temp.to('go', at::timestamptz), pg_temp.to('pairs', at::timestamptz)
  from unnest(array['2031-04-02 06:59:59+00', '2031-04-02 07:00+00', '2031-04-02 12:59+00', '2031-04-02 13:00+00', '2031-04-02 14:59:59.999999+00',
                    '2031-04-02 15:00+00', '2031-04-02 21:00+00']) at;
-- Nine o'clock in Berlin is an hour earlier before it, and two hours apart from New York's in between.
select at, pg_temp.to('pairs', at::timestamptz)
  from unnest(array['2031-03-28 07:59+00', '2031-03-28 08:00+00', '2031-03-31 06:59+00', '2031-03-31 07:00+00',
                    '2031-03-07 13:59+00', '2031-03-07 14:00+00', '2031-03-10 12:59+00', '2031-03-10 13:00+00']) at;
-- A holiday, a weekend, and one that is over.
select at, pg_temp.to('go', at::timestamptz)
  from unnest(array['2031-05-01 10:00+00', '2031-05-02 10:00+00', '2031-05-03 10:00+00']) at;
-- Held, with the reason; the run says the same as its preview.
select assigned, unassigned, reasons from dist.execute('pairs', '2031-05-01 10:00+00');
select record_key, reason from dist.unassigned where run_id = (select max(id) from dist.run) order by 1;
select stage, item, outcome, detail from dist.explain('visit', '1', 'pairs', as_of => '2031-05-01 02:00+00') where stage in ('rep', 'outcome');
select stage, item, outcome, detail from dist.explain('visit', '1', 'pairs', as_of => '2031-05-05 10:00+00') where stage in ('rep', 'outcome');

-- An edit reaches what a session has kept.
select assigned from dist.execute('go', '2031-05-01 10:00+00');
delete from dist.holiday;
select pg_temp.given('go', '2031-05-01 10:00+00');
insert into dist.holiday values ('office', '2031-05-01', 'May Day');

-- What becomes of the turns of who is away: lost, one kept, owed up to a number and for a time. Abe is away for six
-- records of two members; then twelve records for three, and six more a month later.
insert into dist.absence (rep, starts, ends, reason) values ('abe', '2031-06-02 00:00', '2031-06-09 00:00', 'leave');
insert into dist.rep (rep) values ('eli'), ('fee');
insert into dist.team (team) values ('west');
insert into dist.team_member (team, rep, position) values ('west', 'abe', 1), ('west', 'eli', 2), ('west', 'fee', 3);
insert into dist.distribution_rule (name, strategy, team, missed, missed_max, missed_expiry) values
    ('lost', 'round_robin', 'west', 'lost', null, null), ('keep', 'round_robin', 'west', 'keep_turn', null, null),
    ('owe', 'round_robin', 'west', 'catch_up', 3, null), ('owe a week', 'round_robin', 'west', 'catch_up', 3, '7 days');
insert into dist.transfer (name, object, source, on_owned, to_distribution_rule, row_limit)
select name, 'visit', 'any', 'reassign', name, 12 from dist.distribution_rule where name in ('lost', 'keep', 'owe', 'owe a week');
select name, pg_temp.given(name, '2031-06-03 10:00+00') from dist.transfer where row_limit = 12 order by name;
select distribution_rule, deficits ->> 'abe' <> '0' as owed, credits from dist.pool where distribution_rule in ('lost', 'keep', 'owe', 'owe a week') order by 1;
select name, pg_temp.given(name, '2031-06-09 10:00+00') from dist.transfer where row_limit = 12 order by name;
-- What is owed lapses a week after the last turn that was missed: away again, and back after eight days, or six.
reset role;
delete from dist.pool where distribution_rule like 'owe%';
set role test_manager;
insert into dist.absence (rep, starts, ends, reason) values ('abe', '2031-07-01 00:00', '2031-07-08 00:00', 'leave');
select name, pg_temp.given(name, '2031-07-03 10:00+00') from dist.transfer where name like 'owe%' order by name;
select name, pg_temp.to(name, '2031-07-09 10:00+00'), pg_temp.to(name, '2031-07-11 10:00+00') from dist.transfer where name like 'owe%' order by name;
-- Undone, everybody is owed what he was: who was away was entitled to nothing, which is not taken back from him.
delete from dist.absence where starts = '2031-07-01';
insert into dist.absence (rep, starts, ends) values ('abe', '2031-08-01', '2031-08-08');
select deficits as before from dist.pool where distribution_rule = 'lost' \gset
select pg_temp.given('lost', '2031-08-04 10:00+00');
select assigned from dist.undo((select max(id) from dist.run));
select (select jsonb_object_agg(key, value) from jsonb_each(:'before') where value <> '0') is not distinct from
       (select jsonb_object_agg(key, value) from jsonb_each(deficits) where value <> '0') as restored
  from dist.pool where distribution_rule = 'lost';
reset role;
select test.forget_intent();
set client_min_messages = warning;
drop schema cal cascade;
