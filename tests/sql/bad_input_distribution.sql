-- What a distribution rule, and the sources and limits of a transfer, refuse when they are written (G16, G17, X8, X12);
-- and what holds where a rule names no team and a transfer no destination (G17), or hands its records on.
\pset tuples_only on
\pset format unaligned
truncate test.refusal;
create schema bad;
grant usage on schema bad to public;
create table bad.lead (id bigint primary key, owner text);
insert into bad.lead select n from generate_series(1, 6) n;
grant all on bad.lead to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'bad.lead', 'id', 'owner');
insert into dist.rep (rep, active) values ('ada', true), ('bob', true), ('cyd', false);
insert into dist.team (team) values ('north'), ('idle');
insert into dist.team_member (team, rep) values ('north', 'ada'), ('north', 'bob'), ('idle', 'cyd');
insert into dist.distribution_rule (name, strategy, team) values ('turns', 'round_robin', 'north');

create function pg_temp.rule(columns text, vals text) returns setof text language plpgsql as $$
begin
    return query select test.refused(format('insert into dist.distribution_rule (name, team, %s) values (''d'', ''north'', %s)', columns, vals));
end $$;
select pg_temp.rule('strategy, each', $$'round_robin', 3$$);
select pg_temp.rule('strategy, each', $$'fixed', 0$$);
select pg_temp.rule('strategy', $$'fixed'$$);
select pg_temp.rule('strategy, segment', $$'load', 'big'$$);
select pg_temp.rule('strategy, prior', $$'weighted', 10$$);
select pg_temp.rule('strategy, prior', $$'performance', 0$$);
select pg_temp.rule('strategy, floor', $$'performance', 0$$);
select pg_temp.rule('strategy, floor, ceiling', $$'performance', 0.5, 0.4$$);
select pg_temp.rule('strategy, floor', $$'performance', 0.0000001$$);
select pg_temp.rule('strategy, floor', $$'performance', 'NaN'$$);
select pg_temp.rule('strategy, missed', $$'round_robin', 'catchup'$$);
select pg_temp.rule('strategy, missed', $$'round_robin', 'catch_up'$$);
select pg_temp.rule('strategy, missed, missed_max', $$'round_robin', 'catch_up', 0$$);
select pg_temp.rule('strategy, missed, missed_max', $$'round_robin', 'keep_turn', 5$$);
select pg_temp.rule('strategy, missed, missed_max, missed_expiry', $$'round_robin', 'catch_up', 5, '-1 day'$$);
select pg_temp.rule('strategy, missed', $$'load', 'keep_turn'$$);
select pg_temp.rule('strategy, missed', $$'round_robin', null$$);
select pg_temp.rule('strategy, cool_down', $$'round_robin', '0'$$);
select pg_temp.rule('strategy, cool_down_holders', $$'round_robin', 0$$);
select pg_temp.rule('strategy, exact_cells', $$'round_robin', -1$$);
select pg_temp.rule('strategy, if_unavailable', $$'round_robin', 'wait'$$);
select pg_temp.rule('strategy, if_unavailable', $$'round_robin', 'fall_back'$$);
select pg_temp.rule('strategy, fallback_to_rep', $$'round_robin', 'ada'$$);
select pg_temp.rule('strategy, if_unavailable, fallback_to_rep', $$'round_robin', 'fall_back', 'adda'$$);
select pg_temp.rule('strategy, if_unavailable, fallback_to_rep, fallback_to_distribution_rule', $$'round_robin', 'fall_back', 'ada', 'turns'$$);
select pg_temp.rule('strategy, if_unavailable, fallback_to_distribution_rule', $$'round_robin', 'fall_back', 'd'$$);
insert into dist.distribution_rule (name, strategy, team, if_unavailable, fallback_to_distribution_rule)
values ('idle first', 'round_robin', 'idle', 'fall_back', 'turns');
select test.refused($$update dist.distribution_rule set if_unavailable = 'fall_back', fallback_to_distribution_rule = 'idle first' where name = 'turns'$$);
select test.refused($$delete from dist.distribution_rule where name = 'turns'$$);
select test.refused($$insert into dist.transfer (name, object, to_rep, limit_per_rep) values ('t', 'lead', 'ada', 3)$$);
select test.refused($$insert into dist.transfer (name, kind, object, limit_per_rep) values ('t', 'retrieval', 'lead', 0)$$);
select test.refused($$insert into dist.transfer (name, kind, object, from_team) values ('t', 'retrieval', 'lead', 'nort')$$);
select test.refused($$insert into dist.transfer (name, kind, object, from_reps) values ('t', 'retrieval', 'lead', '{ada,bobb}')$$);
select test.refused($$insert into dist.transfer (name, kind, object, from_reps) values ('t', 'retrieval', 'lead', '{}')$$);
select test.refused($$insert into dist.transfer (name, kind, object, from_reps) values ('t', 'retrieval', 'lead', '{ada,null}')$$);
select test.refused($$insert into dist.transfer (name, kind, object, from_reps, from_team) values ('t', 'retrieval', 'lead', '{ada}', 'north')$$);
select test.refused($$insert into dist.transfer (name, kind, object, source, from_team) values ('t', 'retrieval', 'lead', 'unowned', 'north')$$);
-- Each of them was refused by pg_dist, with a HINT.
select count(*), count(*) filter (where own and hint <> '') from test.refusal;

-- A rule's new name is known to those that hand on to it.
begin;
update dist.distribution_rule set name = 'turns of north' where name = 'turns';
select name, fallback_to_distribution_rule from dist.distribution_rule where fallback_to_distribution_rule is not null;
rollback;
-- No destination: all active reps, by a rule that is there to be seen.
insert into dist.transfer (name, object) values ('to all', 'lead');
select to_distribution_rule from dist.transfer where name = 'to all';
select record_key, new_owner, reason from dist.preview('to all');
-- What the rule's team cannot take goes where it falls back to, and the turn is that rule's.
insert into dist.transfer (name, object, to_distribution_rule, row_limit) values ('by idle first', 'lead', 'idle first', 3);
select record_key, new_owner, reason from dist.preview('by idle first');
select assigned, unassigned, reasons from dist.execute('by idle first');
select record_key, new_owner, reason, distribution_rule from dist.assignment where run_id = (select max(id) from dist.run) order by seq;
select distribution_rule, turns from dist.pool where distribution_rule in ('idle first', 'turns') order by 1;
select stage, item, outcome, detail from dist.explain('lead', '4', 'by idle first');
-- Undone, the turns go back to the rule that gave them.
select assigned from dist.undo((select max(id) from dist.run));
select distribution_rule, turns, deficits from dist.pool where distribution_rule in ('idle first', 'turns') order by 1;
select test.forget_intent();
set client_min_messages = warning;
drop schema bad cascade;
