-- Whoever may not see a schedule is not told by its state what it is called and about (Z7).
\pset tuples_only on
\pset format unaligned
set client_min_messages = warning;
create role str_a role current_user in role dist_manager;
create role str_b in role dist_manager;
create role str_reader in role dist_reader;
create role str_admin in role dist_admin;
insert into dist.schedule (name, start_at, owner) values ('str of a', '2036-03-01 06:00', 'str_a');
create schema str;
grant usage on schema str to public;
-- How many rows each of them has for whoever looks.
create function str.seen() returns table (state bigint, armed bigint, agenda bigint) language sql as $$
    select (select count(*) from dist.schedule_state st where st.schedule = 'str of a'),
           (select count(*) from dist._armed a where a.schedule = 'str of a'),
           (select count(*) from dist._agenda a where a.owner = 'str_a')
$$;
update dist.schedule_state set next_run_at = '2036-03-01 06:00Z' where schedule = 'str of a';
set role str_a;
select * from str.seen();
set role str_b;
select * from str.seen();
set role str_reader;
select * from str.seen();
set role str_admin;
select * from str.seen();
reset role;
select test.forget_intent();
drop schema str cascade;
drop role str_a, str_b, str_reader, str_admin;
