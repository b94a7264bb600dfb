-- 10 000 schedules of three owners, one after another, each due once; and broken ones, one of each kind, that join them in
-- every second window. psql variables: number, base, window (seconds).
create role gone login;
create role barred;
grant dist_manager, dist_reader to gone, barred;
create table bad (id bigint primary key, owner text);
insert into bad values (0);
create table bad_raises (like bad including all);
create table bad_slow (like bad including all);
create table bad_column (like bad including all, score integer);
create table bad_table (like bad including all);
create table bad_rights (like bad including all);
insert into bad_raises select * from bad;
insert into bad_slow select * from bad;
insert into bad_rights select * from bad;
create function raises() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
create trigger raises before update on bad_raises for each row execute function raises();
create function sleeps() returns trigger language plpgsql as $$ begin perform pg_sleep(600); return new; end $$;
create trigger sleeps before update on bad_slow for each row execute function sleeps();
create function dropped() returns void language sql as '';
grant select, update on all tables in schema public to crm, crm2, crm3, crm4;
insert into dist.object (name, relation, key_column, owner_column)
select t, t::regclass, 'id', 'owner' from unnest(array['bad_raises', 'bad_slow', 'bad_column', 'bad_table', 'bad_rights']) t;
insert into dist.transfer (name, object, source, criteria, to_distribution_rule, on_owned)
select o.name, o.name, 'any', case o.name when 'bad_column' then '{"field": "score", "op": ">", "value": 1}'::jsonb end,
       case o.name when 'bad_slow' then 'turns' else 'turns 0' end, 'reassign'
  from dist.object o where o.name like 'bad%';

begin;
insert into dist.schedule (name, start_at, owner)
select 'good ' || n, (:'base'::timestamptz + n * 4.0 * :window / :number * interval '1 s') at time zone 'UTC',
       (array['crm', 'crm2', 'crm3'])[1 + n % 3]
  from generate_series(0, :number - 1) n;
insert into dist.step (schedule, target)
select 'good ' || n, 'move ' || 1 + n % 1000 from generate_series(0, :number - 1) n;

-- Those that only fail do so each second. What takes its time has an owner and a pool of its own: an owner's runs take place
-- one after another, and so do those that take turns in one pool.
create temp table kind (kind text, action text, target text, owner text, attempts integer);
insert into kind values ('raises', 'transfer', 'bad_raises', 'crm', 1), ('is tried again', 'transfer', 'bad_raises', 'crm2', 5),
    ('lacks rights', 'transfer', 'bad_rights', 'crm3', 1), ('takes too long', 'transfer', 'bad_slow', 'crm4', 1),
    ('dropped column', 'transfer', 'bad_column', 'crm', 1), ('dropped table', 'transfer', 'bad_table', 'crm2', 1),
    ('dropped function', 'function', 'public.dropped', 'crm3', 1),
    ('dropped role', 'transfer', 'move 1', 'gone', 1), ('barred role', 'transfer', 'move 2', 'barred', 1);
insert into dist.schedule (name, start_at, cron, max_runs, owner, attempts, retry_after, run_timeout)
select kind || ' ' || w, (:'base'::timestamptz + w * :window * interval '1 s') at time zone 'UTC', '* * * * * *', :window - 1, owner,
       attempts, interval '1 second', interval '300 ms'
  from kind, unnest(array[1, 3]) w;
insert into dist.step (schedule, action, target)
select kind || ' ' || w, action, target from kind, unnest(array[1, 3]) w;
commit;

revoke select on bad_rights from crm3;
alter table bad_column drop column score;
drop table bad_table;
drop function dropped;
drop role gone;
