-- What is asked about a time reads the runs of that time, however long the history is (X7): dist.run as a whole is not read.
\pset tuples_only on
\pset format unaligned
create database fair_long;
\c fair_long
\pset tuples_only on
\pset format unaligned
set client_min_messages = warning;
create extension pg_dist;
create table public.lead (id integer primary key, owner text);
insert into public.lead select n from generate_series(1, 4) n;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'public.lead', 'id', 'owner');
insert into dist.rep (rep) values ('ada'), ('bob');
insert into dist.team (team) values ('all');
insert into dist.team_member (team, rep) values ('all', 'ada'), ('all', 'bob');
insert into dist.distribution_rule (name, strategy, team) values ('turns', 'round_robin', 'all');
insert into dist.transfer (name, object, to_distribution_rule, row_limit) values ('some', 'lead', 'turns', 2);
-- A run every minute for a month, before the two that are asked about.
insert into dist.run (transfer, trigger, as_of, started_at, finished_at, status, run_by)
select 'old', 'execute', at, at, at, 'succeeded', 'postgres' from generate_series(now() - interval '31 days', now() - interval '1 day', interval '1 minute') at;
select assigned from dist.execute('some');
select assigned from dist.execute('some');
vacuum analyze dist.run;
create function pg_temp.read_whole() returns bigint language plpgsql as $$
begin
    perform pg_stat_force_next_flush();
    return (select s.seq_scan from pg_stat_user_tables s where s.relid = 'dist.run'::regclass);
end $$;
-- (What is read is told of after the transaction that has read.)
select pg_temp.read_whole() is not null;
select pg_temp.read_whole() as before \gset
select rep, received, entitled from dist.fairness_between(now() - interval '1 hour', 'infinity');
select rep, received, entitled from dist.fairness_by_segment(now() - interval '1 hour', 'infinity');
select pg_temp.read_whole() is not null;
select pg_temp.read_whole() - :before as read_whole;
select idx_scan > 0 from pg_stat_user_indexes where indexrelname = 'run_finished';
\c regress
drop database fair_long with (force);
