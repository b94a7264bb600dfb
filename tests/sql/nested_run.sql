-- A run inside a run: a trigger on the records that move calls dist.execute. With a distribution rule of its own that
-- works; with the one that is just taking turns it is refused, for both would hand out the same turns (G3).
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role sec_run login in role dist_manager;
create schema sec authorization sec_run;
\c - sec_run
set client_min_messages = warning;
create table sec.lead (id integer primary key, owner text);
create table sec.account (id integer primary key, owner text);
insert into sec.lead select generate_series(1, 5);
insert into sec.account select generate_series(1, 4);
\c - postgres
insert into dist.object (name, relation, key_column, owner_column)
values ('sec lead', 'sec.lead', 'id', 'owner'), ('sec account', 'sec.account', 'id', 'owner');
\c - sec_run
insert into dist.rep (rep) values ('sec 1'), ('sec 2'), ('sec 3');
insert into dist.team (team) values ('sec team');
insert into dist.team_member (team, rep) select 'sec team', rep from dist.rep where rep like 'sec _';
insert into dist.distribution_rule (name, strategy, team) values ('sec turns', 'round_robin', 'sec team'), ('sec others', 'round_robin', 'sec team');
insert into dist.transfer (name, object, to_distribution_rule)
values ('sec leads', 'sec lead', 'sec turns'), ('sec accounts', 'sec account', 'sec turns');
create function sec.accounts_too() returns trigger language plpgsql as $$
begin
    perform dist.execute('sec accounts');
    return null;
end $$;
create trigger accounts_too after update on sec.lead for each statement execute function sec.accounts_too();

select dist.execute('sec leads');
select count(owner) from sec.lead;
select count(*) from dist.pool where distribution_rule = 'sec turns' and turns > 0;

update dist.transfer set to_distribution_rule = 'sec others' where name = 'sec accounts';
begin;
select status, assigned from dist.execute('sec leads');
select distribution_rule, turns from dist.pool where distribution_rule like 'sec %' order by 1;
-- What both did is undone each by itself, and the turns come back
select id as lead_run from dist.run where transfer = 'sec leads' \gset
select assigned from dist.undo(:lead_run);
select distribution_rule, turns from dist.pool where distribution_rule like 'sec %' order by 1;
rollback;

\c - postgres
set client_min_messages = warning;
delete from dist.transfer where name like 'sec %';
delete from dist.distribution_rule where name like 'sec %';
delete from dist.team where team = 'sec team';
delete from dist.object where name like 'sec %';
delete from dist.rep where rep like 'sec _';
drop schema sec cascade;
drop role sec_run;
