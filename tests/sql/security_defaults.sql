-- History is append-only and closed to PUBLIC also where default privileges would open every new table: at installation
-- and in each later partition. Partitions of years before Christ are not those of the years after.
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role sec_other;
create role sec_run login in role dist_manager;
create schema sec;
grant usage on schema sec to public;
create table sec.lead (id integer primary key, owner text);
insert into sec.lead values (1);
grant select, update on sec.lead to sec_run;
insert into dist.object (name, relation, key_column, owner_column) values ('sec lead', 'sec.lead', 'id', 'owner');
insert into dist.rep (rep) values ('sec rep');
insert into dist.transfer (name, object, source, on_owned, to_rep) values ('sec give', 'sec lead', 'any', 'reassign', 'sec rep');

alter default privileges grant all on tables to public, sec_other;
\c - sec_run
select status, assigned from dist.execute('sec give', '2031-05-05');
\c - postgres
set client_min_messages = warning;
select grantee::regrole, array_agg(privilege_type order by privilege_type)
  from pg_class c, aclexplode(c.relacl)
 where c.oid = 'dist.assignment_2031_05'::regclass and grantee <> c.relowner group by 1;

-- A fresh installation
create database sec_fresh;
\c sec_fresh
set client_min_messages = warning;
alter default privileges grant all on tables to public, sec_other;
alter default privileges grant all on sequences to public, sec_other;
alter default privileges grant execute on functions to sec_other;
create extension pg_dist;
select c.relname, x.grantee, x.privilege_type from pg_class c, aclexplode(c.relacl) x
 where c.relnamespace = 'dist'::regnamespace and (x.grantee = 0 or x.grantee = 'sec_other'::regrole);
select p.proname, x.grantee from pg_proc p, aclexplode(p.proacl) x
 where p.pronamespace = 'dist'::regnamespace and (x.grantee = 0 or x.grantee = 'sec_other'::regrole);
select c.relname from pg_class c where c.relnamespace = 'dist'::regnamespace and c.relkind in ('r', 'p', 'v')
   and not exists (select from aclexplode(c.relacl) x where x.grantee = 'dist_reader'::regrole);
\c regress postgres
set client_min_messages = warning;
drop database sec_fresh with (force);
alter default privileges revoke all on tables from public, sec_other;

\c - sec_run
begin;
update sec.lead set owner = null;
select assigned from dist.execute('sec give', '0044-03-15 BC'); -- before_christ
update sec.lead set owner = null;
select assigned from dist.execute('sec give', '0044-03-15'); -- after_christ
rollback;

\c - postgres
set client_min_messages = warning;
delete from dist.transfer where name = 'sec give';
delete from dist.object where name = 'sec lead';
delete from dist.rep where rep = 'sec rep';
drop table dist.assignment_2031_05;
drop schema sec cascade;
drop role sec_run, sec_other;
