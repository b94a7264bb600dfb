-- The ready example of docs/actions.md over forty days (Z10): alerts for deals idle for n days, of active owners, not alerted within
-- m days; each day's against plain SQL that knows nothing of segments.
\pset format unaligned
\pset tuples_only on
set client_min_messages = warning;
create extension if not exists pg_dist;
create role ia_owner login in role dist_manager;
create schema ia authorization ia_owner;
\c - ia_owner
set client_min_messages = warning;
create table ia.deal (id integer primary key, touched_on date not null, owner text);
insert into ia.deal select n, date '2031-01-01' + n % 9, 'ia ' || n % 3 from generate_series(1, 60) n;
create table ia.expected (day date, id integer, rep text);
\c - postgres
insert into dist.object (name, relation, key_column, owner_column) values ('ia deal', 'ia.deal', 'id', 'owner');
\c - ia_owner
set client_min_messages = warning;
insert into dist.rep (rep) values ('ia 0'), ('ia 1'), ('ia 2');
insert into dist.variable (name, type, value) values ('ia idle after', 'interval', '14 days'), ('ia again after', 'interval', '7 days');
insert into dist.segment (name, object, criteria)
values ('ia idle', 'ia deal',
        '{"all": [{"field": "touched_on", "op": "older than", "value": {"var": "ia idle after"}},
                  {"related": "dist.rep", "on": {"rep": "owner"}, "where": {"field": "active", "op": "=", "value": true}}]}');
insert into dist.consumer (name, kinds, objects) values ('ia alerts', '{idle}', '{ia deal}');
-- Across the change to summer time: what is alerted at eight is alerted at eight again.
insert into dist.schedule (name, start_at, time_zone, frequency) values ('ia', '2031-03-01 08:00', 'Europe/Berlin', 'daily');
insert into dist.step (schedule, position, action, target, args)
values ('ia', 1, 'refresh_segment', 'ia idle', null),
       ('ia', 2, 'emit', 'ia idle', '{"kind": "idle", "again_after": {"var": "ia again after"}}');
create procedure ia.play() language plpgsql as $$
<<play>>
declare
    day date;
    after integer;
    again integer;
begin
    for n in 0..39 loop
        day := date '2031-03-01' + n;
        -- Some are touched, one rep is away for some days, a deal is lost, both numbers change on the way.
        update ia.deal set touched_on = day - 1 where id % 7 = n % 7 and id % 5 < 3;
        update dist.rep set active = n not between 10 and 15 where rep = 'ia 1';
        delete from ia.deal where id = 60 - n;
        update dist.variable set value = case when n < 25 then '14 days' else '5 days' end where name = 'ia idle after';
        update dist.variable set value = case when n < 30 then '7 days' else '2 days' end where name = 'ia again after';
        after := case when n < 25 then 14 else 5 end;
        again := case when n < 30 then 7 else 2 end;
        insert into ia.expected
        select play.day, d.id, d.owner
          from ia.deal d
         where d.touched_on < play.day - play.after
           and (d.owner <> 'ia 1' or n not between 10 and 15)
           and not exists (select from ia.expected e where e.id = d.id and e.day > play.day - play.again);
        perform dist.tick((play.day + time '08:00') at time zone 'Europe/Berlin');
    end loop;
end $$;
call ia.play();
select count(*), count(distinct day), count(distinct id) > 40, count(*) filter (where rep = 'ia 1') > 0 from ia.expected;
with told as (
    select (e.at at time zone 'Europe/Berlin')::date as day, e.record_key::integer as id, e.rep from dist.read_events('ia alerts', 10000) e)
select 'missing' as what, * from (select * from ia.expected except select * from told) m
union all
select 'too much', * from (select * from told except select * from ia.expected) m
union all
select 'twice', day, id, null from told group by day, id having count(*) > 1;
select status, count(*), sum(s.rows) = (select count(*) from ia.expected)
  from dist.run r join dist.run_step s on s.run_id = r.id and s.action = 'emit' where r.schedule = 'ia' group by status;

\c - postgres
set client_min_messages = warning;
select test.forget_intent();
drop schema ia cascade;
drop role ia_owner;
