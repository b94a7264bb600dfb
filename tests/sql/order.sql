-- F4: what is due at the same instant. Refreshes before what reads the segment, parts before wholes; retrievals before
-- distributions; then what edits or tells; then by name. The same for whoever asks, and whatever the names say otherwise.
\pset tuples_only on
\pset format unaligned
set client_min_messages = warning;
create schema ord;
create table ord.lead (id integer primary key, note text, reviewed date, owner text);
insert into ord.lead (id, owner) select n, case when n > 5 then 'ord ann' end from generate_series(1, 10) n;
create function ord.call() returns void language sql as '';
insert into dist.object (name, relation, key_column, owner_column) values ('ord lead', 'ord.lead', 'id', 'owner');
insert into dist.rep (rep) values ('ord ann'), ('ord ben');
insert into dist.segment (name, object, predicate) values ('ord part', 'ord lead', 'r.id < 9'), ('ord whole', 'ord lead', 'r.id > 1'), ('ord other', 'ord lead', 'true');
insert into dist.segment_part (segment, part) values ('ord whole', 'ord part');
insert into dist.transfer (name, kind, object) values ('ord take', 'retrieval', 'ord lead');
insert into dist.transfer (name, object, to_rep) values ('ord give', 'ord lead', 'ord ben');
insert into dist.transfer (name, kind, object, segment) values ('ord take whole', 'retrieval', 'ord lead', 'ord whole');
insert into dist.schedule (name, start_at) select name, '2032-03-01 06:00'
  from unnest(array['ord a edits', 'ord b gives', 'ord c takes', 'ord d refreshes whole', 'ord e refreshes part', 'ord f calls', 'ord g gives and refreshes other']) name;
insert into dist.step (schedule, position, action, target, args) values
    ('ord a edits', 1, 'mass_edit', 'ord whole', '{"fields": [{"field": "note", "value": "seen"}]}'),
    ('ord b gives', 1, 'transfer', 'ord give', null),
    ('ord c takes', 1, 'transfer', 'ord take', null),
    ('ord d refreshes whole', 1, 'refresh_segment', 'ord whole', null),
    ('ord e refreshes part', 1, 'refresh_segment', 'ord part', null),
    ('ord f calls', 1, 'function', 'ord.call', null),
    ('ord g gives and refreshes other', 1, 'transfer', 'ord give', null),
    ('ord g gives and refreshes other', 2, 'refresh_segment', 'ord other', null);
create view ord.due as select row_number() over () || ' ' || d.name as due from dist._due('2032-03-01 06:00Z', null) d where d.name like 'ord%';
select * from ord.due;
-- What a retrieval reads is refreshed before it, though its schedule also distributes; and not what it does not read.
update dist.step set target = 'ord take whole' where schedule = 'ord c takes';
select * from ord.due;
insert into dist.step (schedule, position, action, target) values ('ord g gives and refreshes other', 3, 'refresh_segment', 'ord part');
select * from ord.due;
-- A circle of two that each read what the other refreshes harms nobody: by name.
update dist.step set active = false where schedule = 'ord g gives and refreshes other' and position = 3;
update dist.step set segment = 'ord part' where schedule = 'ord g gives and refreshes other' and position = 1;
insert into dist.step (schedule, position, action, target, args) values ('ord e refreshes part', 2, 'mass_edit', 'ord other', '{"fields": [{"field": "reviewed", "run_date": true}]}');
select * from ord.due;
-- So it is in time, and whatever is passive does not count.
update dist.step set active = false where schedule = 'ord g gives and refreshes other' and position > 1;
update dist.step set active = false where schedule = 'ord e refreshes part' and position = 2;
update dist.step set segment = null where schedule = 'ord g gives and refreshes other' and position = 1;
select * from ord.due;
select dist.tick('2032-03-01 06:00Z') as fired;
select schedule, status from dist.run where schedule like 'ord%' order by id;
select note, count(*) from ord.lead group by 1 order by 1;

-- Another owner's at the same instant, about the same object, goes first, for a while. Others do not wait.
create role ord_takes login in role dist_manager;
create role ord_gives login in role dist_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('ord lead too', 'ord.lead', 'id', 'owner');
insert into dist.transfer (name, object, to_rep) values ('ord give too', 'ord lead too', 'ord ben');
insert into dist.schedule (name, start_at, owner) values
    ('ord x gives', '2032-03-02 06:00', 'ord_gives'), ('ord y gives too', '2032-03-02 06:00', 'ord_gives'), ('ord z takes', '2032-03-02 06:00', 'ord_takes');
insert into dist.step (schedule, target) values ('ord x gives', 'ord give'), ('ord y gives too', 'ord give too'), ('ord z takes', 'ord take');
select name, waits from dist._due('2032-03-02 06:00:01Z', 'ord_gives');
select name, waits from dist._due('2032-03-02 06:00:01Z', 'ord_takes');
select name, waits from dist._due('2032-03-02 06:00:06Z', 'ord_gives');
-- Nor for somebody in whose name nothing can run.
set client_min_messages = error;
drop role ord_takes;
set client_min_messages = warning;
select name, waits from dist._due('2032-03-02 06:00:01Z', 'ord_gives');

select test.forget_intent();
drop schema ord cascade;
drop role ord_gives;
