-- Two weeks of a sales office on the virtual clock: what has been won comes in each evening, and only the clock makes anything
-- happen: a segment of accounts without a deal since a date is refreshed every morning at 7, told to another system as it
-- changes, gets follow-ups each Thursday at 11 and a description on Fridays at 16 (F1, F3, F6, F7, Z4, Z10). The clocks
-- change on the Sunday between.
\set QUIET on
set role sales_ops;
alter table crm.account add column "Owner" text, add column description text, add column reviewed_on date;
update crm.account a set "Owner" = (select o.sales_agent from crm.opportunity o where o.account = a.account order by o.opportunity_id limit 1);
-- Won deals as they are known so far.
create table crm.deal (opportunity_id text primary key, account text, close_date date not null);
create table crm.account_before as table crm.account;
-- Each day with the date since which deals count.
create table crm.day (day date primary key, since date not null);
reset role;
grant set on parameter pg_dist.clock to sales_ops;
insert into dist.object (name, relation, key_column, owner_column) values ('account', 'crm.account', 'account', 'Owner');

set session authorization sales_ops;
set timezone = 'UTC';
set pg_dist.clock = '2017-03-05 12:00Z';
insert into dist.calendar (name) values ('office');
insert into dist.shift select 'office', d, '09:00', '17:00' from generate_series(1, 5) d;
insert into dist.rep (rep, time_zone, calendar)
select distinct manager, case regional_office when 'Central' then 'America/Chicago' when 'East' then 'America/New_York' else 'America/Los_Angeles' end, 'office'
  from crm.agent where manager in ('Dustin Brinkmann', 'Rocco Neubert', 'Summer Sewald');
insert into dist.rep (rep) select distinct a.sales_agent from crm.agent a;
insert into dist.absence (rep, starts, ends, reason) values ('Dustin Brinkmann', '2017-03-10 12:00', '2017-03-11', 'dentist'), ('Dustin Brinkmann', '2017-03-15', '2017-03-16', 'trade fair');
insert into dist.activity (rep, subject, starts_at, ends_at) values
    ('Dustin Brinkmann', 'Forecast', '2017-03-09 13:30 America/Chicago', '2017-03-09 14:10 America/Chicago'),
    ('Dustin Brinkmann', 'Forecast', '2017-03-16 13:30 America/Chicago', '2017-03-16 14:10 America/Chicago');

insert into dist.variable (name, type, value) values ('no deal since', 'date', '2017-03-01');
insert into dist.segment (name, object, responsible_rep, predicate)
values ('no deal', 'account', 'Dustin Brinkmann',
        $$not exists (select from crm.deal d where d.account = r.account and d.close_date >= dist.var('no deal since')::date)$$);
insert into dist.activity_plan (segment, name, subject, duration, earliest, latest, ranking, spread_days)
values ('no deal', 'follow up', 'Call {account} ({sector}, {employees} people)', '25 minutes', '13:00', '14:15', 'r.revenue desc', 5);
insert into dist.consumer (name, kinds) values ('sync', '{joined,left,idle}');

insert into dist.schedule (name, start_at, time_zone, frequency)
values ('every morning', '2017-03-06 07:00', 'America/New_York', 'daily'),
       ('follow up', '2017-03-09 11:00', 'America/New_York', 'weekly'),
       ('describe', '2017-03-10 16:00', 'America/New_York', 'weekly');
insert into dist.step (schedule, position, action, target, args)
values ('every morning', 1, 'refresh_segment', 'no deal', null),
       ('every morning', 2, 'emit', 'no deal', '{"what": "changes"}'),
       ('follow up', 1, 'create_activities', 'no deal', null),
       ('describe', 1, 'mass_edit', 'no deal', '{"fields": [{"field": "description", "value": "No deal: call before the quarter ends"}, {"field": "reviewed_on", "run_date": true}]}'),
       ('describe', 2, 'emit', 'no deal', '{"what": "all", "kind": "idle"}');

-- What the second Thursday's run is foreseen to do is kept before it happens.
create table crm.foreseen (record_key text, effect text, detail jsonb);
do $$
declare
    d date;
    since date := '2017-03-01';
begin
    foreach d in array array(select '2017-03-06'::date + n from generate_series(0, 11) n) loop
        -- What was won on the days before.
        insert into crm.deal select o.opportunity_id, o.account, o.close_date from crm.opportunity o
         where o.deal_stage = 'Won' and o.account is not null and o.close_date < d on conflict do nothing;
        if d = '2017-03-13' then
            since := '2017-03-08';
            update dist.variable set value = '2017-03-08' where name = 'no deal since';
        elsif d = '2017-03-15' then
            -- The calls have been made but for the last two; one of those is called off.
            update dist.activity set status = case when starts_at < '2017-03-14 18:10Z' then 'done' else 'cancelled' end
             where run_id is not null and (starts_at < '2017-03-14 18:10Z' or starts_at > '2017-03-14 18:40Z');
        end if;
        perform set_config('pg_dist.clock', (d + time '10:00')::text || 'Z', false);
        insert into crm.day values (d, since);
        if d = '2017-03-16' then
            perform dist.tick('2017-03-16 14:00Z');
            insert into crm.foreseen select p.record_key, p.effect, p.detail from dist.preview_steps('follow up') p;
        end if;
        perform dist.tick((d + 1)::timestamp at time zone 'America/New_York');
        commit;
    end loop;
end $$;
