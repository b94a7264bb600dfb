-- Schedules with names that a format of lines, commas and semicolons has to cope with, for feed.py.
-- (No backslash right before an n: the library that reads it takes the two for a line feed.)
create table public.record (id integer primary key, owner text);
insert into dist.object (name, relation, key_column, owner_column) values ('record', 'public.record', 'id', 'owner');
insert into dist.rep (rep) values ('ann');
insert into dist.transfer (name, object, to_rep) values ('give, or not; to ann', 'record', 'ann');
insert into dist.schedule (name, description, start_at, time_zone, frequency, every, dst_gap, exdates) values
    ('plain', null, '2099-03-01 06:00', 'Europe/Berlin', 'daily', 1, 'shift', '{2099-03-05 06:00}'),
    ('a, b; c\d: "e"', E'two\nlines\\ , one; two', '2099-03-01 06:00', 'UTC', 'hourly', 7, 'shift', null),
    (repeat('Überlänge ', 30), repeat('日本語 ', 40), '2099-03-02 06:00:00.25', 'Asia/Tokyo', 'weekly', 1, 'shift', null),
    (E'control \r\n\t\x01 end', 'END:VCALENDAR', '2099-03-02 02:30', 'Europe/Berlin', 'daily', 1, 'skip', null);
insert into dist.schedule (name, cron) values ('paused', '0 */5 * * *');
insert into dist.step (schedule, target) select name, 'give, or not; to ann' from dist.schedule;
select dist.pause('paused');
