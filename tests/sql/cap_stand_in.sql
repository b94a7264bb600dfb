-- Caps of those who stand in (X9, X8): a record counts for whom it comes to, on however many seats; and what may count is
-- locked, be it only for somebody who might stand in.
create schema caps;
grant usage on schema caps to public;
create table caps.lead (id integer primary key, owner text);
insert into caps.lead select n from generate_series(1, 100) n;
grant all on caps.lead to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'caps.lead', 'id', 'owner');
\c - test_manager
insert into dist.rep (rep) values ('ada'), ('bob'), ('cyd'), ('eve');
insert into dist.team (team) values ('three');
insert into dist.team_member (team, rep) values ('three', 'ada'), ('three', 'bob'), ('three', 'cyd');
insert into dist.distribution_rule (name, strategy, team) values ('turns', 'round_robin', 'three'), ('loads', 'load', 'three');
insert into dist.transfer (name, object, to_distribution_rule, row_limit) values ('by turns', 'lead', 'turns', 12), ('by load', 'lead', 'loads', 12);
insert into dist.transfer (name, object, to_rep, row_limit) values ('to bob', 'lead', 'bob', 6);
-- From the second on ada receives for bob, and eve for cyd.
insert into dist.absence (rep, starts, ends, stand_in) values ('bob', '2031-01-02', '2031-02-01', 'ada'), ('cyd', '2031-01-02', '2031-02-01', 'eve');
insert into dist.cap (name, per, most) values ('five a day', 'day', 5);
insert into dist.cap (name, per, most, rep) values ('eve two a day', 'day', 2, 'eve');
select array_agg(n) from unnest(dist._caps('transfer', 'to bob')) n;
select array_agg(n) from unnest(dist._caps('transfer', 'by load')) n;
create function pg_temp.given(transfer text, as_of timestamptz) returns text language plpgsql as $$
declare
    made dist.run := dist.execute(transfer, as_of);
begin
    return concat_ws('; ', (select string_agg(format('%s %s', n.new_owner, n.n), ', ' order by n.new_owner)
                              from (select a.new_owner, count(*) as n from dist.assignment a where a.run_id = made.id group by 1) n),
                           nullif(made.reasons::text, '{}'));
end $$;
select pg_temp.given('by turns', '2031-01-01 12:00');
select pg_temp.given('by turns', '2031-01-02 12:00');
select pg_temp.given('by load', '2031-01-03 12:00');
select pg_temp.given('to bob', '2031-01-04 12:00');
select cap, rep, used from dist._balance_of_caps('2031-01-04 12:00') order by cap, rep;
-- An undo gives back to him from whom it counted.
select (dist.undo((select max(id) from dist.run))).assigned;
select cap, rep, used from dist._balance_of_caps('2031-01-04 12:00') order by cap, rep;
\c - postgres
select test.forget_intent();
drop schema caps cascade;
