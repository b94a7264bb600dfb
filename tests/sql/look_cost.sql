-- What is not due costs nothing: looks read as many pages of the state's indexes beside 3 000 schedules of other days as beside few (F7).
\pset tuples_only on
\pset format unaligned
set client_min_messages = warning;
create schema cost;
create table cost.lead (id integer primary key, owner text);
insert into dist.object (name, relation, key_column, owner_column) values ('cost lead', 'cost.lead', 'id', 'owner');
insert into dist.rep (rep) values ('cost ben');
insert into dist.transfer (name, object, to_rep) values ('cost give', 'cost lead', 'cost ben');
insert into dist.schedule (name, start_at, frequency) select 'cost ' || n, timestamp '2037-03-01 06:00' + n * interval '1 minute', 'yearly' from generate_series(1, 3000) n;
insert into dist.step (schedule, target) select 'cost ' || n, 'cost give' from generate_series(1, 3000) n;
vacuum analyze dist.schedule_state;
vacuum analyze dist.schedule;
-- So many, if it reads all of it.
select max(pg_relation_size(i.indexrelid) / current_setting('block_size')::integer) > 25 as many_pages from pg_index i where i.indrelid = 'dist.schedule_state'::regclass;
create function cost.pages(query text) returns text language plpgsql as $$
declare
    was bigint;
    found text;
    pages bigint;
begin
    -- Its plan is made.
    execute query;
    select sum(pg_stat_get_xact_blocks_fetched(c.oid)) into was from pg_class c where c.relname like 'schedule%' and c.relnamespace = 'dist'::regnamespace;
    execute query into found;
    select sum(pg_stat_get_xact_blocks_fetched(c.oid)) - was into pages from pg_class c where c.relname like 'schedule%' and c.relnamespace = 'dist'::regnamespace;
    return coalesce(found, 'none') || case when pages <= 20 then '' else ' by ' || pages || ' pages' end;
end $$;
-- The scheduler's, where nothing is due yet, and where something is; a runner's.
select cost.pages($$select d.owner = current_user, d.number from dist._owners_due('2037-03-01 05:00Z', 100) d$$);
select cost.pages($$select d.number from dist._owners_due('2037-03-01 06:02Z', 100) d$$);
select cost.pages($$select dist._next_due('2037-03-01 05:00Z', '2037-12-01 05:00Z') at time zone 'UTC'$$);
select cost.pages(format($$select dist._next_due('2037-03-01 05:00Z', '2037-12-01 05:00Z', %L) at time zone 'UTC'$$, current_user));
select cost.pages(format($$select d.name from dist._due('2037-03-01 06:01Z', %L, 100) d$$, current_user));

select test.forget_intent();
drop schema cost cascade;
