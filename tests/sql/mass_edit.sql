-- Mass edits as steps: typed values, the run's date, clearing; only what changes is written, and it is told (F7, F2, F3).
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role me_owner login in role dist_manager;
create schema me authorization me_owner;
\c - me_owner
set client_min_messages = warning;
create table me.account (id integer primary key, owner text, name text not null, description text, reviewed_on date, reviewed_at timestamptz,
                         score numeric(8, 2), attributes jsonb, twice integer generated always as (id * 2) stored);
insert into me.account (id, owner, name, description) select n, 'me 1', 'Account ' || n, case when n = 2 then 'Call again' end from generate_series(1, 5) n;
create table me.contact (id uuid primary key default gen_random_uuid(), account integer, name text, tier text default 'none');
insert into me.contact (account, name) select n, 'Contact ' || n from generate_series(1, 5) n, generate_series(1, 2);
\c - postgres
set client_min_messages = warning;
insert into dist.object (name, relation, key_column, owner_column) values ('me account', 'me.account', 'id', 'owner');
\c - me_owner
set client_min_messages = warning;
insert into dist.segment (name, object) values ('me all', 'me account');
insert into dist.segment_related (segment, name, relation, key_column, join_on) values ('me all', 'contacts', 'me.contact', 'id', '{"account": "id"}');
insert into dist.schedule (name, start_at, frequency, time_zone) values ('me', '2031-03-02 23:30', 'daily', 'America/New_York');
insert into dist.step (schedule, position, action, target, args) values
    ('me', 1, 'mass_edit', 'me all', '{"fields": [{"field": "description", "value": "Call again"}]}'),
    ('me', 2, 'mass_edit', 'me all', '{"fields": [{"field": "tier", "value": "gold"}], "related": "contacts"}');
\c - postgres
set client_min_messages = warning;
-- What a refresh would do.
insert into dist.segment_row select 'me all', n, now(), 0 from generate_series(1, 3) n;
\c - me_owner
set client_min_messages = warning;

-- A preview tells the steps record by record and leaves nothing behind (F2)
select position, action, target, relation, record_key, effect, detail from dist.preview_steps('me') where position = 1 order by record_key;
select position, relation, effect, detail, count(*) from dist.preview_steps('me') where position = 2 group by 1, 2, 3, 4;
select count(*) from dist.preview_schedule('me');
select count(*) filter (where description is not null) from me.account;
select count(*) from dist.field_edit e where e.relation like 'me.%';

-- Only members whose value changes are written (F7): 2 of 3, and the contacts of the three
select status, candidates, assigned, object from dist.run_now('me');
select position, action, target, rows from dist.run_step where run_id = (select max(id) from dist.run) order by position;
select id, description from me.account order by id;
select tier, count(*) from me.contact group by tier order by tier;
select position, relation, record_key, field, before, after from dist.field_edit
 where run_id = (select max(id) from dist.run) and position = 1 order by record_key;
-- and a second time nothing
select status from dist.run_now('me');
select position, rows from dist.run_step where run_id = (select max(id) from dist.run) order by position;

-- The run's date in the schedule's zone (L5), a typed number, a document, and a field that is cleared
update dist.step set args = '{"fields": [{"field": "reviewed_on", "run_date": true}, {"field": "reviewed_at", "run_date": true},
    {"field": "score", "value": 99}, {"field": "attributes", "value": {"vip": true}}, {"field": "description", "clear": true}]}'
 where schedule = 'me' and position = 1;
select dist.tick('2031-03-03 04:30Z');
select id, reviewed_on, reviewed_at, score, attributes, description from me.account order by id;
select field, before, after, count(*) from dist.field_edit where run_id = (select max(id) from dist.run) group by 1, 2, 3 order by 1, 2;

-- A variable is what it is when the run starts (Z4)
insert into dist.variable (name, type, value) values ('me tier', 'text', 'silver');
update dist.step set args = '{"fields": [{"field": "tier", "value": {"var": "me tier"}}], "related": "contacts"}' where schedule = 'me' and position = 2;
update dist.variable set value = 'bronze' where name = 'me tier';
update dist.step set active = position = 2 where schedule = 'me';
select status from dist.run_now('me');
update dist.step set active = true where schedule = 'me';
select tier, count(*) from me.contact group by tier order by tier;

-- An error names the step, and what PostgreSQL says of the row (F3); nothing is half done
alter table me.account add constraint no_gold check (score < 100 or id <> 3);
update dist.step set args = '{"fields": [{"field": "score", "value": 100}]}' where schedule = 'me' and position = 1;
update dist.step set args = '{"fields": [{"field": "tier", "value": "silver"}], "related": "contacts"}' where schedule = 'me' and position = 2;
select status, sqlstate, message, detail from dist.run_now('me');
select tier, count(*) from me.contact group by tier order by tier;

-- Of an error of a trigger, too, the record is told, and the SQLSTATE is its own
create function me.refuse() returns trigger language plpgsql as $$ begin raise 'not this one' using errcode = 'ME001'; end $$;
create trigger refuse before update on me.account for each row when (new.id = 2) execute function me.refuse();
update dist.step set args = '{"fields": [{"field": "score", "value": 98}, {"field": "description", "value": "x"}]}' where schedule = 'me' and position = 1;
select status, sqlstate, message, detail, context is not null as context from dist.run_now('me');
-- A trigger that holds a record back without a word keeps the step from being half done
create or replace function me.refuse() returns trigger language plpgsql as $$ begin return null; end $$;
select status, sqlstate, message, detail from dist.run_now('me');
select id, score, description from me.account order by id limit 3;
-- Who owns a record is not edited, nor what identifies it
select test.refused($$update dist.step set args = '{"fields": [{"field": "owner", "value": "me 2"}]}' where schedule = 'me' and position = 1$$);
select test.refused($$delete from dist.segment where name = 'me all'$$);
delete from dist.schedule where name = 'me';
delete from dist.variable where name = 'me tier';
