-- Where others may create in a schema of the session's search_path (public, as before PostgreSQL 15), what they put there
-- is found by triggers on the user's table, but by no statement of pg_dist itself, also where it would fit better than
-- PostgreSQL's own.
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role sec_boss login in role dist_manager;
create role sec_other login;
create schema sec;
grant usage on schema sec to public;
grant create, usage on schema public to sec_other;
create table sec.lead (id varchar primary key, owner varchar, since date);
insert into sec.lead values ('a'), ('b');
grant select, update on sec.lead to sec_boss;
create table sec.seen (by name, through text);
grant insert, select on sec.seen to public;
insert into dist.object (name, relation, key_column, owner_column) values ('sec lead', 'sec.lead', 'id', 'owner');
\c - sec_other
create function public.caught(through text) returns void language sql as $$ insert into sec.seen values (current_user, through) $$;
create function public.unnest(tid[]) returns setof tid language plpgsql as $$
begin perform public.caught('unnest(tid[])'); return query select pg_catalog.unnest($1); end $$;
create function public.unnest(text[]) returns setof text language plpgsql as $$
begin perform public.caught('unnest(text[])'); return query select pg_catalog.unnest($1); end $$;
create function public.same(varchar, varchar) returns boolean language plpgsql as $$
begin perform public.caught('varchar = varchar'); return $1::text = $2::text; end $$;
create operator public.= (leftarg = varchar, rightarg = varchar, function = public.same);
create function public.part(jsonb, jsonb) returns jsonb language plpgsql as $$
begin perform public.caught('jsonb -> jsonb'); return null; end $$;
create operator public.-> (leftarg = jsonb, rightarg = jsonb, function = public.part);
create operator public.? (leftarg = jsonb, rightarg = jsonb, function = public.part);

\c - sec_boss
insert into dist.rep (rep) values ('sec rep');
insert into dist.transfer (name, object, to_rep, set_fields) values ('sec give', 'sec lead', 'sec rep', '{"since": "2026-05-06"}');
begin;
select id as run, assigned from dist.execute('sec give') \gset
select :assigned as given;
select assigned as back from dist.undo(:run);
select * from sec.lead order by id;
select * from sec.seen;
rollback;

\c - postgres
set client_min_messages = warning;
delete from dist.transfer where name = 'sec give';
delete from dist.object where name = 'sec lead';
delete from dist.rep where rep = 'sec rep';
drop owned by sec_other cascade;
drop schema sec cascade;
drop role sec_boss, sec_other;
