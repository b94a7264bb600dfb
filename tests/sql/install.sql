-- An installation is complete at once and gets in nobody's way: history has its indexes, and no event trigger is left
-- in the database. Where it is made as a restore makes it, others' work in the database is not disturbed either.
\set VERBOSITY terse
create role sec_plain;
create database sec_fresh;
\c sec_fresh
set client_min_messages = warning;
create extension pg_dist;
select evtname from pg_event_trigger;
select indexrelid::regclass from pg_index where indrelid = 'dist.assignment'::regclass order by 1;
drop extension pg_dist;

set row_security = off;
create extension pg_dist;
reset row_security;
select evtname from pg_event_trigger;
create schema sec authorization sec_plain;
set role sec_plain;
create table sec.t (i integer);
create index t_i on sec.t (i);
alter index sec.t_i rename to t_i_2;
reset role;
alter index sec.t_i_2 rename to t_i;
select indexrelid::regclass from pg_index where indrelid = 'dist.assignment'::regclass order by 1;

\c regress
drop database sec_fresh with (force);
drop role sec_plain;
