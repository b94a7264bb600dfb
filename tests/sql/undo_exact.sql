-- An undo puts the pools back byte for byte where nothing has happened since the run, whatever the strategy and whoever
-- was away (X5); where something has, turns are given back and the deficits still sum to zero.
create schema exact;
create table exact.lead (id integer primary key, worth numeric not null, owner text);
insert into exact.lead select n, n % 7, null from generate_series(1, 60) n;
insert into dist.object (name, relation, key_column, owner_column) values ('exact lead', 'exact.lead', 'id', 'owner');
insert into dist.rep (rep) values ('ex ann'), ('ex ben'), ('ex cem');
insert into dist.team (team) values ('exact');
insert into dist.team_member (team, rep, weight) values ('exact', 'ex ann', 1), ('exact', 'ex ben', 2.5), ('exact', 'ex cem', 1);
-- One of them is away for a month.
insert into dist.absence (rep, starts, ends) values ('ex cem', '2031-02-01', '2031-03-01');
insert into dist.distribution_rule (name, strategy, team, each, missed, missed_max, missed_expiry)
select 'exact ' || s, s, 'exact', case s when 'fixed' then 5 end, m, case m when 'catch_up' then 4 end, case m when 'catch_up' then interval '9 days' end
  from (values ('round_robin', 'keep_turn'), ('weighted', 'catch_up'), ('load', 'lost'), ('value', 'lost'), ('fixed', 'lost'),
               ('sticky', 'lost'), ('random', 'lost')) x(s, m);
insert into dist.measure (distribution_rule, measure, object, value) values ('exact value', 'value', 'exact lead', 'r.worth');
insert into dist.transfer (name, object, to_distribution_rule, row_limit) select name, 'exact lead', name, 13 from dist.distribution_rule where name like 'exact %';

-- Each rule runs twice, with the absent one owed something between; the second run is undone.
create function exact.try(rule text) returns text language plpgsql as $$
declare
    before text; after text; undone text;
begin
    perform dist.execute(rule, '2031-02-10 12:00+00');
    select p::text into before from dist.pool p where distribution_rule = rule;
    perform dist.execute(rule, '2031-02-12 12:00+00');
    select p::text into after from dist.pool p where distribution_rule = rule;
    perform dist.undo((select max(id) from dist.run));
    select p::text into undone from dist.pool p where distribution_rule = rule;
    update exact.lead set owner = null;
    return case when before = after then 'the run took no turns' when undone = before then 'as before' else before || ' is now ' || undone end;
end $$;
select strategy, exact.try(name) from dist.distribution_rule where name like 'exact %' order by name;
select distribution_rule, credits <> '{}' as owes from dist.pool where distribution_rule like 'exact %' order by 1;
-- Undone after somebody else took turns: what is given back is what was taken, and the deficits sum to zero.
select assigned from dist.execute('exact weighted', '2031-02-13 12:00+00');
select assigned from dist.execute('exact weighted', '2031-02-14 12:00+00');
select turns as before from dist.pool where distribution_rule = 'exact weighted' \gset
select assigned from dist.undo((select max(id) - 1 from dist.run));
select turns - :before as given_back, (select sum(value::numeric) from jsonb_each_text(deficits)) as sum_of_deficits
  from dist.pool where distribution_rule = 'exact weighted';
-- Half of it changed meanwhile: the same.
update exact.lead set owner = 'somebody else' where id in (select record_key::integer from dist.assignment where run_id = (select max(id) - 1 from dist.run) limit 6);
select assigned, unassigned, reasons from dist.undo((select max(id) - 1 from dist.run));
select (select sum(value::numeric) from jsonb_each_text(deficits)) as sum_of_deficits from dist.pool where distribution_rule = 'exact weighted';
-- Where nothing was kept of the run, turns are given back all the same.
update exact.lead set owner = null;
insert into dist.policy values ('keep_decisions', 0);
select assigned from dist.execute('exact weighted', '2031-04-13 12:00+00');
select assigned from dist.undo((select max(id) from dist.run));
select (select sum(value::numeric) from jsonb_each_text(deficits)) as sum_of_deficits from dist.pool where distribution_rule = 'exact weighted';
delete from dist.policy;
select test.forget_intent();
set client_min_messages = warning;
drop schema exact cascade;
