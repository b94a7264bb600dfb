-- Calls of execute, preview, explain and undo that cannot be: null arguments, names and records that are not there, runs
-- that cannot be undone, instants at which nothing can be; and intent that has gone bad since it was written.
\pset tuples_only on
\pset format unaligned
truncate test.refusal;
create schema bad;
grant usage on schema bad to public;
create table bad.lead (id bigint primary key, company text, owner bigint);
create table bad.deal (id uuid primary key, owner text);
insert into bad.lead select n, 'Sample ' || n from generate_series(1, 4) n;
grant all on all tables in schema bad to test_manager;
insert into dist.object (name, relation, key_column, owner_column)
values ('lead', 'bad.lead', 'id', 'owner'), ('deal', 'bad.deal', 'id', 'owner'), ('idle', 'bad.deal', 'id', 'owner');
\c - test_manager
insert into dist.rep (rep) values ('11');
insert into dist.team (team) values ('north');
insert into dist.team_member (team, rep) values ('north', '11');
insert into dist.distribution_rule (name, strategy, team) values ('north turns', 'round_robin', 'north');
insert into dist.ruleset (name, object) values ('route', 'lead'), ('deals', 'deal');
insert into dist.transfer (name, object, to_rep) values ('give', 'lead', '11'), ('give deals', 'deal', '11');
insert into dist.transfer (name, object, predicate, to_rep) values ('divide', 'lead', '1 / (r.id - 2) >= 0', '11');
insert into dist.transfer (name, object, to_distribution_rule) values ('turns', 'lead', 'north turns');
insert into dist.transfer (name, object, to_rep, is_template) values ('template', 'lead', '11', true);

-- execute (G2)
select test.refused($$select dist.execute(null)$$);
select test.refused($$select dist.execute('giv')$$);
select test.refused($$select dist.execute('nothing of the kind')$$);
select test.refused($$select dist.execute('it''s')$$);
select test.refused($$select dist.execute('template')$$);
select test.refused($$select dist.execute('give', null)$$);
select test.refused($$select dist.execute('give', 'infinity')$$);
select test.refused($$select dist.execute('give', '-infinity')$$);
select test.refused($$select dist.execute('divide')$$);

-- preview (G19)
select test.refused($$select dist.preview(null)$$);
select test.refused($$select dist.preview('giv')$$);
select test.refused($$select dist.preview('template')$$);
select test.refused($$select dist.preview('give', null)$$);
select test.refused($$select dist.preview('give', 'infinity')$$);
select test.refused($$select dist.preview('divide')$$);

-- explain (C4)
select test.refused($$select dist.explain(null, '1')$$);
select test.refused($$select dist.explain('lead', null)$$);
select test.refused($$select dist.explain('laed', '1')$$);
select test.refused($$select dist.explain('idle', '1')$$);
select test.refused($$select dist.explain('lead', '99')$$);
select test.refused($$select dist.explain('lead', 'ninety')$$);
select test.refused($$select dist.explain('lead', '1', transfer => 'giv')$$);
select test.refused($$select dist.explain('lead', '1', transfer => 'template')$$);
select test.refused($$select dist.explain('lead', '1', transfer => 'give deals')$$);
select test.refused($$select dist.explain('lead', '1', ruleset => 'rout')$$);
select test.refused($$select dist.explain('lead', '1', ruleset => 'deals')$$);
select test.refused($$select dist.explain('lead', '1', transfer => 'give', ruleset => 'route')$$);
select test.refused($$select dist.explain('lead', '1', as_of => null)$$);
select test.refused($$select dist.explain('lead', '1', as_of => 'infinity')$$);
select test.refused($$select dist.explain('lead', '1', run_id => -1)$$);

-- undo (X5): each run is named by what is wrong with it, for ids differ from run to run.
create function pg_temp.undo(what text, run bigint) returns setof text language sql as $$
    select what || ': ' || regexp_replace(line, '\m(dist\.run|run) (''?)\d+', '\1 \2N', 'g') from test.refused(format('select dist.undo(%s)', run)) line
$$;
select test.refused($$select dist.undo(null)$$);
select test.refused($$select dist.undo(-1)$$);
select test.refused($$select dist.undo(9223372036854775807)$$);
select (dist.execute('give')).id as run \gset
select status, assigned from dist.undo(:run);
select pg_temp.undo('undone', :run);
select pg_temp.undo('an undo', max(id)) from dist.run where trigger = 'undo';
insert into dist.schedule (name, start_at) values ('broken', '2099-01-05 06:00');
insert into dist.step (schedule, position, target) values ('broken', 1, 'divide');
select status, sqlstate from dist.run_now('broken');
select pg_temp.undo('failed', max(id)) from dist.run where schedule = 'broken';

select (dist.execute('turns')).id as moved \gset

-- What was right when it was written and is so no more: named by the run, with what to do.
\c - postgres
alter table bad.lead rename column company to firm;
alter table bad.lead rename column owner to holder;
\c - test_manager
select test.refused($$select dist.execute('give')$$);
select test.refused($$select dist.explain('lead', '1', transfer => 'give')$$);
\c - postgres
alter table bad.lead rename column holder to owner;
alter table bad.lead rename column id to ident;
\c - test_manager
select test.refused($$select dist.preview('give')$$);
\c - postgres
drop table bad.lead;
\c - test_manager
select test.refused($$select dist.execute('give')$$);
select test.refused($$select dist.preview('give')$$);
select test.refused('select dist.undo(' || :moved || ')');
select test.refused($$update dist.transfer set row_limit = 5 where name = 'give'$$);

-- All are refused, and what pg_dist itself refuses has a HINT. (A division by zero is the user's own expression.)
select count(*) as cases, count(*) filter (where message = 'ACCEPTED') as accepted from test.refusal;
select message from test.refusal where own and hint = '';
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema bad cascade;
