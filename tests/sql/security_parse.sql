-- Parsing a predicate evaluates its literals, which can be code of whoever wrote it. So nobody else's session parses
-- it: neither an edit of another column of the row, nor preview, explain or execute by somebody who does not trust its
-- writer. And a row whose text has gone bad can still be edited.
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role sec_writer login in role dist_manager;
create schema sec;
grant usage on schema sec to public;
create table sec.lead (id integer primary key, region text, owner text);
insert into sec.lead values (1);
grant select, update on sec.lead to sec_writer;
insert into dist.object (name, relation, key_column, owner_column) values ('sec lead', 'sec.lead', 'id', 'owner');
insert into dist.rep (rep) values ('sec rep');
create schema sec_own authorization sec_writer;
\c - sec_writer
set client_min_messages = warning;
create function sec_own.note() returns boolean language plpgsql as $$
begin
    raise warning 'evaluated as %', current_user;
    return true;
end $$;
create domain sec_own.noted as integer check (sec_own.note());
create type sec_own.boxed as (content sec_own.noted);
insert into dist.ruleset (name, object) values ('sec rules', 'sec lead');
insert into dist.assignment_rule (ruleset, position, predicate, to_rep)
values ('sec rules', 1, $$('(1)'::sec_own.boxed) is not null$$, 'sec rep');
insert into dist.transfer (name, object, predicate, to_ruleset)
values ('sec give', 'sec lead', $$('(1)'::sec_own.boxed) is not null$$, 'sec rules');

\c - postgres
select dist.preview('sec give');
select dist.explain('sec lead', '1', 'sec give');
select dist.explain('sec lead', '1', ruleset => 'sec rules');
select dist.execute('sec give');
begin;
update dist.transfer set description = 'looked at', row_limit = 5 where name = 'sec give';
update dist.assignment_rule set active = false where ruleset = 'sec rules';
rollback;

-- A row that has gone bad
\c - sec_writer
update dist.assignment_rule set predicate = $$r.region = 'north'$$ where ruleset = 'sec rules';
\c - postgres
alter table sec.lead drop region;
\c - sec_writer
update dist.assignment_rule set predicate = $$r.region = 'south'$$ where ruleset = 'sec rules';
update dist.assignment_rule set active = false where ruleset = 'sec rules';
select active from dist.assignment_rule where ruleset = 'sec rules';

\c - postgres
set client_min_messages = warning;
delete from dist.transfer where name = 'sec give';
delete from dist.ruleset where name = 'sec rules';
delete from dist.object where name = 'sec lead';
delete from dist.rep where rep = 'sec rep';
drop schema sec, sec_own cascade;
drop role sec_writer;
