-- Undo gives columns back exactly, whatever the sessions of the run and of the undo make of dates and numbers in text,
-- and also where the column rounds what set_fields gave it (C3).
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role sec_run login in role dist_manager;
create schema sec;
grant usage on schema sec to public;
create table sec.lead (
    id integer primary key, owner text, on_day date, since timestamptz, at_time timestamp(0), lasts interval,
    score float8, price numeric(10, 2), code char(4));
insert into sec.lead
values (1, null, '2026-03-04', '2026-03-04 05:06:07.123456+00', '2026-03-04 05:06:07', '-1 day 2 hours', 0.1::float8 + 0.2, 1.5, 'a'),
       (2, null, null, null, null, null, null, null, null);
create table sec.before as table sec.lead;
grant select on sec.before to sec_run;
grant select, update on sec.lead to sec_run;
insert into dist.object (name, relation, key_column, owner_column) values ('sec lead', 'sec.lead', 'id', 'owner');
insert into dist.rep (rep) values ('sec rep');
\c - sec_run
insert into dist.transfer (name, object, to_rep, set_fields) values ('sec set', 'sec lead', 'sec rep',
    '{"on_day": "2026-05-06", "since": "2026-05-06 00:00+00", "at_time": "2026-05-06 07:08:09.6", "lasts": "3 hours",
      "score": 2.3, "price": 2.555, "code": "b"}');

set datestyle = 'SQL, DMY';
set intervalstyle = 'sql_standard';
set extra_float_digits = -3;
set timezone = 'America/New_York';
select id as run from dist.execute('sec set') \gset
show datestyle;
select fields from dist.assignment where run_id = :run and record_key = '1';
\c -
set datestyle = 'German';
set timezone = 'Asia/Tokyo';
select assigned from dist.undo(:run);
set datestyle = 'ISO';
table sec.lead except table sec.before;
select count(*) from (table sec.lead intersect table sec.before) same;

\c - postgres
set client_min_messages = warning;
delete from dist.transfer where name = 'sec set';
delete from dist.object where name = 'sec lead';
delete from dist.rep where rep = 'sec rep';
drop schema sec cascade;
drop role sec_run;
