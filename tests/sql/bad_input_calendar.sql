-- What calendars, shifts, holidays and absences refuse when they are written (X8).
\pset tuples_only on
\pset format unaligned
truncate test.refusal;
create schema bad;
grant usage on schema bad to public;
create table bad.lead (id bigint primary key, owner bigint);
grant all on bad.lead to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'bad.lead', 'id', 'owner');
set role test_manager;
insert into dist.calendar (name, description) values ('office', 'nine to five'), ('nights', null);
insert into dist.shift select 'office', weekday, '09:00', '17:00' from generate_series(1, 5) weekday;
insert into dist.shift values ('nights', 7, '22:00', '06:00'), ('nights', 2, '00:00', '24:00'), ('nights', 4, '12:00', '12:00');
insert into dist.rep (rep, time_zone, calendar) values ('1', 'Europe/Berlin', 'office'), ('2', 'America/New_York', null), ('3', 'UTC', 'nights'), ('carol', 'UTC', null);
insert into dist.holiday values ('office', '2031-12-25', 'Christmas');

select test.refused($$insert into dist.calendar (name) values (' ')$$);
select test.refused($$insert into dist.rep (rep, calendar) values ('4', 'offfice')$$);
select test.refused($$update dist.rep set calendar = 'none such at all' where rep = '1'$$);
select test.refused($$delete from dist.calendar where name = 'office'$$);
select test.refused($$insert into dist.shift values ('ofice', 1, '09:00', '17:00')$$);
select test.refused($$insert into dist.shift values ('office', 0, '09:00', '17:00')$$);
select test.refused($$insert into dist.shift values ('office', 8, '09:00', '17:00')$$);
select test.refused($$insert into dist.shift values ('office', 6, '09:00:30', '17:00')$$);
select test.refused($$insert into dist.shift values ('office', 6, '09:00', '23:59:59')$$);
select test.refused($$insert into dist.shift values ('office', 6, '24:00', '06:00')$$);
select test.refused($$insert into dist.shift values ('office', 1, '16:59', '18:00')$$);
select test.refused($$insert into dist.shift values ('office', 7, '20:00', '09:01')$$);
select test.refused($$insert into dist.shift values ('nights', 1, '05:59', '07:00')$$);
select test.refused($$insert into dist.shift values ('nights', 5, '11:00', '13:00')$$);
select test.refused($$insert into dist.shift values ('nights', 1, '23:00', '00:01')$$);
select test.refused($$update dist.shift set weekday = 2 where calendar = 'nights' and weekday = 7$$);
select test.refused($$update dist.shift set weekday = 1 where calendar = 'nights' and weekday = 4$$);
select test.refused($$insert into dist.holiday values ('offce', '2031-01-01')$$);
select test.refused($$insert into dist.holiday values ('office', 'infinity')$$);
select test.refused($$insert into dist.absence (rep, starts, ends) values ('11', '2031-07-01', '2031-07-08')$$);
select test.refused($$insert into dist.absence (rep, starts, ends) values ('1', '2031-07-01', '2031-07-01')$$);
select test.refused($$insert into dist.absence (rep, starts, ends) values ('1', '2031-07-08', '2031-07-01')$$);
select test.refused($$insert into dist.absence (rep, starts, ends) values ('1', '-infinity', '2031-07-01')$$);
select test.refused($$insert into dist.absence (rep, starts, ends) values ('1', '2031-07-01', '20310-07-01')$$);
select test.refused($$insert into dist.absence (rep, starts, ends, stand_in) values ('1', '2031-07-01', '2031-07-08', '1')$$);
select test.refused($$insert into dist.absence (rep, starts, ends, stand_in) values ('1', '2031-07-01', '2031-07-08', '22')$$);

-- What fits is taken: shifts that touch, also over midnight; absences that overlap; one without an end.
insert into dist.shift values ('office', 1, '17:00', '18:00'), ('nights', 1, '06:00', '24:00');
insert into dist.absence (rep, starts, ends, stand_in, reason) values
    ('1', '2031-07-01', '2031-07-08', '2', 'leave'), ('1', '2031-07-03', '2031-07-05', null, 'ill'),
    ('3', '2031-07-05', 'infinity', '1', null);
-- Stand-ins must not go round in a circle while all are away; by instants: New York is six hours behind Berlin.
select test.refused($$insert into dist.absence (rep, starts, ends, stand_in) values ('2', '2031-07-07 17:59', '2031-07-20', '1')$$);
select test.refused($$insert into dist.absence (rep, starts, ends, stand_in) values ('2', '2031-07-06', '2031-07-07', '3')$$);
select test.refused($$update dist.absence set stand_in = '1', starts = '2031-07-04' where rep = '3';
                      update dist.absence set stand_in = '3' where rep = '1' and reason = 'leave'$$);
-- One after the other they stand in for each other.
insert into dist.absence (rep, starts, ends, stand_in) values ('2', '2031-07-07 18:00', '2031-07-20', '1');
select test.refused($$delete from dist.rep where rep = '2'$$);

-- A stand-in is somebody whom the records that come to the absent rep can go to.
insert into dist.transfer (name, object, to_rep) values ('to one', 'lead', '1');
select test.refused($$insert into dist.absence (rep, starts, ends, stand_in) values ('1', '2032-07-01', '2032-07-08', 'carol')$$);
insert into dist.absence (rep, starts, ends, stand_in) values ('3', '2030-07-01', '2030-07-08', 'carol');
select test.refused($$insert into dist.transfer (name, object, to_rep) values ('to three', 'lead', '3')$$);
select test.refused($$update dist.rep set rep = 'two' where rep = '2'$$);
reset role;
-- Each of them was refused by pg_dist, with a HINT.
select count(*), count(*) filter (where own and hint <> '') from test.refusal;

-- A rep's new name goes along, and so does a calendar's; who goes takes his absences along.
update dist.calendar set name = 'day' where name = 'office';
update dist.rep set rep = '22' where rep = '2';
select rep, calendar from dist.rep order by 1;
select rep, starts, ends, stand_in, reason from dist.absence order by starts;
select count(*) from dist.shift where calendar = 'day';
delete from dist.transfer;
delete from dist.absence where stand_in = '1';
delete from dist.rep where rep = '1';
select rep, starts from dist.absence order by starts;
-- Nobody else writes them.
set role test_reader;
select test.refused($$insert into dist.calendar (name) values ('mine')$$);
select test.refused($$delete from dist.absence$$);
reset role;
select test.forget_intent();
set client_min_messages = warning;
drop schema bad cascade;
