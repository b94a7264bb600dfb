-- Invariant 7: a run executes nothing that was written by somebody whom its owner does not trust, and written_by cannot
-- be forged. A foreign key's cascade keeps the writer; a trigger on a table of somebody's own is no cascade.
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role sec_boss login in role dist_manager;
create role sec_other login in role dist_manager;
create role sec_admin login in role dist_admin;
create schema sec;
grant usage on schema sec to public;
create table sec.lead (id integer primary key, owner text);
insert into sec.lead select generate_series(1, 3);
grant select, update on sec.lead to sec_boss;
insert into dist.object (name, relation, key_column, owner_column) values ('sec lead', 'sec.lead', 'id', 'owner');
create schema sec_own authorization sec_admin;

\c - sec_boss
insert into dist.rep (rep) values ('sec rep');
insert into dist.ruleset (name, object) values ('sec rules', 'sec lead'), ('sec more', 'sec lead');
insert into dist.assignment_rule (ruleset, position, predicate, to_rep) values ('sec rules', 1, 'true', 'sec rep');
insert into dist.transfer (name, object, to_ruleset) values ('sec boss', 'sec lead', 'sec rules');
insert into dist.schedule (name, start_at) values ('sec boss', localtimestamp + interval '1 hour');
insert into dist.step (schedule, position, target) values ('sec boss', 1, 'sec boss');

-- A trigger of one's own that writes another's intent, as an admin can, is a person's writing: it is checked, and named
\c - sec_admin
create function sec_own.whoami() returns boolean language plpgsql as $$ begin raise exception 'I am %', current_user; end $$;
grant usage on schema sec_own to public;
create table sec_own.lever (statement text);
create function sec_own.pull() returns trigger language plpgsql as $$ begin execute new.statement; return new; end $$;
create trigger pull before insert on sec_own.lever for each row execute function sec_own.pull();
insert into sec_own.lever values ('update dist.transfer set predicate = ''true) or (true'' where name = ''sec boss''');
insert into sec_own.lever values ('update dist.ruleset set object = ''none'' where name = ''sec rules''');
insert into sec_own.lever values ('update dist.transfer set predicate = ''sec_own.whoami()'' where name = ''sec boss''');
insert into sec_own.lever values ('update dist.assignment_rule set predicate = ''sec_own.whoami()'' where ruleset = ''sec rules''');
insert into sec_own.lever values ('update dist.step set target = target, position = 2 where schedule = ''sec boss''');
select 'transfer' as in_table, predicate, written_by from dist.transfer where name = 'sec boss' union all
select 'assignment_rule', predicate, written_by from dist.assignment_rule where ruleset = 'sec rules' union all
select 'step', null, written_by from dist.step where schedule = 'sec boss' order by 1;
\c - sec_boss
select dist.execute('sec boss');
\c - postgres
update dist.transfer set predicate = null, written_by = 'sec_boss' where name = 'sec boss';
update dist.assignment_rule set predicate = 'true', written_by = 'sec_boss' where ruleset = 'sec rules';
\c - sec_boss
update dist.step set target = target, position = 1 where schedule = 'sec boss';
-- What an admin edits that is no text and no target stays its author's, who would not see it any more (Z7)
\c - sec_admin
update dist.transfer set description = 'seen by an admin', row_limit = 5 where name = 'sec boss';
update dist.assignment_rule set active = true where ruleset = 'sec rules';

-- A cascade does not make whoever renames a row the writer of those that point at it; nor does he come to see those
\c - sec_other
update dist.rep set rep = 'sec r' where rep = 'sec rep';
update dist.ruleset set name = 'sec rules 2' where name = 'sec rules';
update dist.schedule set description = 'same' where name = 'sec boss';
select count(*) from dist.transfer where name = 'sec boss';
\c - sec_boss
select 'transfer' as in_table, to_ruleset, written_by from dist.transfer where name = 'sec boss' union all
select 'assignment_rule', to_rep, written_by from dist.assignment_rule where ruleset = 'sec rules 2' union all
select 'step', target, written_by from dist.step where schedule = 'sec boss' order by 1;

-- Nor can a schedule be taken over, or its timing changed, by somebody who is no member of its owner's role: for him it is not there
\c - sec_other
update dist.schedule set owner = current_user where name = 'sec boss';
update dist.schedule set start_at = localtimestamp + interval '2 hours' where name = 'sec boss';
-- Nor its number, by which history and state know it; nor can numbers be taken before their time
update dist.schedule set id = id + 1 where name = 'sec boss';
insert into dist.schedule (name, id, start_at) values ('sec squatter', 1000, localtimestamp + interval '1 hour');
select nextval('dist.schedule_id_seq');

\c - sec_boss
begin;
select status, assigned from dist.execute('sec boss');
rollback;

-- A superuser, whom every run trusts, does not vouch for a text by editing something else, but by setting it
\c - sec_admin
update dist.assignment_rule set predicate = 'sec_own.whoami()' where ruleset = 'sec rules 2';
\c - postgres
update dist.assignment_rule set active = false where ruleset = 'sec rules 2';
update dist.assignment_rule set active = true, name = 'renamed' where ruleset = 'sec rules 2';
update dist.transfer set description = 'same', row_limit = 9 where name = 'sec boss';
update dist.step set active = true where schedule = 'sec boss';
select 'transfer' as in_table, written_by from dist.transfer where name = 'sec boss' union all
select 'assignment_rule', written_by from dist.assignment_rule where ruleset = 'sec rules 2' union all
select 'step', written_by from dist.step where schedule = 'sec boss' order by 1;
update dist.assignment_rule set predicate = predicate where ruleset = 'sec rules 2';
update dist.step set target = target, written_by = 'sec_other' where schedule = 'sec boss';
select 'assignment_rule' as in_table, written_by from dist.assignment_rule where ruleset = 'sec rules 2' union all
select 'step', written_by from dist.step where schedule = 'sec boss' order by 1;

\c - postgres
set client_min_messages = warning;
delete from dist.schedule where name = 'sec boss';
delete from dist.transfer where name = 'sec boss';
delete from dist.ruleset where name in ('sec rules 2', 'sec more');
delete from dist.object where name = 'sec lead';
delete from dist.rep where rep = 'sec r';
drop schema sec, sec_own cascade;
drop role sec_boss, sec_other, sec_admin;
