-- The audit's partitions are months of UTC (Z6): a session in another zone, in which a month begins earlier, makes the one it needs.
create schema month_zone;
create table month_zone.lead (id integer primary key, owner text);
insert into month_zone.lead values (1, null);
insert into dist.object (name, relation, key_column, owner_column) values ('month zone', 'month_zone.lead', 'id', 'owner');
insert into dist.rep (rep) values ('zoned');
insert into dist.transfer (name, object, kind, to_rep, on_owned) values ('month zone', 'month zone', 'distribution', 'zoned', 'reassign');
set timezone = 'Europe/Berlin';
select status from dist.execute('month zone', '2034-10-31 23:30Z');
update month_zone.lead set owner = null;
select status from dist.execute('month zone', '2034-10-31 23:31Z');
update month_zone.lead set owner = null;
select status from dist.execute('month zone', '2034-11-01 00:30Z');
select tableoid::regclass, count(*) from dist.assignment where object = 'month zone' group by 1 order by 1;
reset timezone;
select test.forget_intent();
set client_min_messages = warning;
drop schema month_zone cascade;
