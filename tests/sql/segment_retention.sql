-- Who joined and left is history, and goes with its runs (policy history_days); who is a member stays (F1, Z6).
\pset tuples_only on
\pset format unaligned
create database sgr_history;
\c sgr_history
\pset tuples_only on
\pset format unaligned
set client_min_messages = warning;
create extension pg_dist;
create table public.lead (id integer primary key, size integer, owner text);
insert into public.lead select n, n from generate_series(1, 6) n;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'public.lead', 'id', 'owner');
insert into dist.segment (name, object, predicate) values ('large', 'lead', 'r.size > 2');
select candidates from dist.refresh_segment('large', '2020-01-05');
update public.lead set size = 7 - size;
select candidates from dist.refresh_segment('large', '2020-01-06');
update dist.run set started_at = as_of, finished_at = as_of;
-- And activities that are to be done stay, whatever run made them (F6).
insert into dist.activity (run_id, position, segment, plan, object, record_key, rep, subject, starts_at, ends_at, status)
select min(r.id), 1, 'large', 'call', 'lead', s, 'ada', s, '2020-01-05 10:00Z', '2020-01-05 11:00Z', s from dist.run r, unnest(array['open', 'done']) s group by s;
insert into dist.activity_left (run_id, position, segment, plan, record_key, reason) select min(id), 1, 'large', 'call', '1', 'full' from dist.run;
update public.lead set size = 0 where id = 1;
select candidates from dist.refresh_segment('large');
insert into dist.policy values ('history_days', 365);
-- A little at a time: a run stays until what is told of it is gone.
select runs, more from dist.purge(3);
select count(*) from dist.segment_change;
select runs, more from dist.purge(3);
select runs, more from dist.purge();
select runs, more from dist.purge();
select record_key, change from dist.segment_change order by seq;
select string_agg(status, ' ') from dist.activity;
select count(*) from dist.activity_left;
select count(*), array_agg(action) from dist.run_step;
select record_key from dist.segment_member order by 1;
select count(*) from dist.preview_segment('large');
\c regress
drop database sgr_history with (force);
