-- dist.replay: what a past run was asked is asked again, and agrees with the audit, however much has changed since (X6).
create schema again;
create table again.lead (id integer primary key, country text, owner text);
insert into again.lead select n, (array['de', 'fr', 'it'])[n % 3 + 1], case when n % 10 = 0 then 'ada' end from generate_series(1, 100) n;
create function again.nobody() returns void language sql as 'update again.lead set owner = null';
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'again.lead', 'id', 'owner');
insert into dist.rep (rep) values ('ada'), ('bob'), ('cyd');
insert into dist.team (team) values ('all'), ('two');
insert into dist.team_member (team, rep, weight) values ('all', 'ada', 1), ('all', 'bob', 2.5), ('all', 'cyd', 1), ('two', 'bob', 1), ('two', 'cyd', 1);
insert into dist.distribution_rule (name, strategy, team) values ('weights', 'weighted', 'all'), ('turns', 'round_robin', 'two');
insert into dist.ruleset (name, object) values ('by country', 'lead');
insert into dist.assignment_rule (ruleset, position, name, criteria, to_rep, to_distribution_rule) values
    ('by country', 1, 'german', '{"field": "country", "op": "=", "value": "de"}', null, 'weights'),
    ('by country', 2, 'french', '{"field": "country", "op": "=", "value": "fr"}', 'ada', null);
insert into dist.transfer (name, object, source, to_ruleset) values ('route', 'lead', 'any', 'by country');
insert into dist.transfer (name, kind, object) values ('take', 'retrieval', 'lead');
insert into dist.transfer (name, object, to_distribution_rule) values ('rest', 'lead', 'turns');

select assigned, unassigned, reasons from dist.execute('route');
insert into dist.schedule (name, start_at, time_zone) values ('again weekly', '2031-01-06 06:00', 'UTC');
insert into dist.step (schedule, position, action, target) values ('again weekly', 1, 'transfer', 'take'), ('again weekly', 2, 'transfer', 'rest');
select count(*) from dist.run_now('again weekly');
select r.trigger, p.* from dist.run r, dist.replay(r.id) p where r.id > (select max(id) - 2 from dist.run) order by r.id, step;

-- Whatever has changed since.
update dist.team_member set weight = 7;
update dist.rep set active = false where rep = 'bob';
delete from dist.assignment_rule;
drop table again.lead;
select r.trigger, p.* from dist.run r, dist.replay(r.id) p where r.id > (select max(id) - 2 from dist.run) order by r.id, step;

-- An audit that has been tampered with does not agree; neither do counts.
begin;
update dist.assignment a set new_owner = 'mallory' where run_id = (select max(id) - 1 from dist.run) and seq = 3;
select agrees, differences, first_difference from dist.replay((select max(id) - 1 from dist.run));
rollback;
begin;
delete from dist.assignment a where run_id = (select max(id) from dist.run) and seq = 160;
select step, agrees, differences, first_difference from dist.replay((select max(id) from dist.run));
rollback;
begin;
update dist.decision set reasons = '{"unmatched": 1}' where run_id = (select max(id) - 1 from dist.run);
select agrees, differences, first_difference from dist.replay((select max(id) - 1 from dist.run));
rollback;

-- What cannot be replayed says why.
\set VERBOSITY default
select * from dist.replay(-5);
select * from dist.replay(null);
create table again.lead (id integer primary key, country text, owner text);
insert into again.lead select n from generate_series(1, 3) n;
update dist.object set relation = 'again.lead' where name = 'lead';
insert into dist.policy values ('keep_decisions', 0);
select assigned from dist.execute('rest');
do $$
begin
    perform dist.replay((select max(id) from dist.run));
exception when object_not_in_prerequisite_state then
    raise notice '%', regexp_replace(sqlerrm, '\d+', 'N');
end $$;
delete from dist.policy;
select test.forget_intent();
set client_min_messages = warning;
drop schema again cascade;
