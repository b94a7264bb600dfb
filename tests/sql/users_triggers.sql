-- Triggers on the user's table find what they find in the user's own sessions (X1), and no more than that where the
-- caller could not be the user.
\set SHOW_CONTEXT never
create schema trg;
create table trg.lead (id bigint primary key, owner text);
create table trg.log (id bigint, owner text);
insert into trg.lead select n from generate_series(1, 3) n;
create function trg.log() returns trigger language plpgsql as $$
begin
    insert into log values (new.id, new.owner);
    return new;
end $$;
create trigger log after update on trg.lead for each row execute function trg.log();
create role trg_ops login;
grant dist_admin to trg_ops;
grant usage, create on schema trg to trg_ops;
grant select, insert, update on all tables in schema trg to trg_ops;
alter role trg_ops set search_path = trg, public;

\c - trg_ops
insert into dist.object (name, relation, key_column, owner_column) values ('trg', 'trg.lead', 'id', 'owner');
insert into dist.rep (rep) values ('trg.ann');
insert into dist.transfer (name, object, to_rep) values ('trg', 'trg', 'trg.ann');
select status, assigned from dist.execute('trg');
select * from log order by id;
select status, assigned from dist.undo((select max(id) from dist.run));
select count(*) from log;
insert into dist.schedule (name, start_at) values ('trg', '2100-01-04 06:00');
insert into dist.step (schedule, position, target) values ('trg', 1, 'trg');
select status, assigned, message from dist.run_now('trg');

-- In a function that runs with the rights of somebody else, the caller's path does not choose what the triggers find.
create function trg.as_owner() returns text language sql security definer set search_path = pg_catalog, pg_temp
    as $$ select status from dist.execute('trg') $$;
revoke all on function trg.as_owner() from public;
\c - postgres
create role trg_caller login;
grant usage on schema trg to trg_caller;
grant execute on function trg.as_owner() to trg_caller;
create schema trg_evil authorization trg_caller;
create table trg_evil.log (id bigint, owner text);
alter role trg_caller set search_path = trg_evil;
set search_path = trg;
update trg.lead set owner = null;
delete from log;
\c - trg_caller
select trg.as_owner();
\c - postgres
select (select count(*) from trg.log) as log, (select count(*) from trg_evil.log) as evil;
