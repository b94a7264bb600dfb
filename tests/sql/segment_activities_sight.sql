-- Who sees, changes and deletes activities: those that a run made belong to whom their segment belongs, or their schedule (Z7, F9).
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role acs_a_team in role dist_manager;
create role acs_b_team in role dist_manager;
create role acs_a login in role acs_a_team;
create role acs_b login in role acs_b_team;
create role acs_b_reads login in role acs_b_team, dist_reader;
create role acs_admin login in role dist_admin;
create schema acs;
create table acs.account (id integer primary key, owner text);
insert into dist.object (name, relation, key_column, owner_column) values ('acs account', 'acs.account', 'id', 'owner');
insert into dist.rep (rep) values ('acs ada');
insert into dist.segment (name, object, owner) values ('acs of a', 'acs account', 'acs_a_team'), ('acs of b', 'acs account', 'acs_b_team');
insert into dist.schedule (name, start_at, owner) values ('acs plans', '2999-01-01', 'acs_a_team');
-- As runs write them; of one the segment has another name by now, and of one it is gone.
insert into dist.step (schedule, action, target) values ('acs plans', 'refresh_segment', 'acs of a');
grant select on acs.account to acs_a_team;
grant usage on schema acs to public;
set role acs_a;
select status from dist.run_now('acs plans');
reset role;
insert into dist.activity (run_id, segment, plan, object, record_key, rep, subject, starts_at, ends_at)
    select case when run then (select r.id from dist.run r where r.schedule = 'acs plans') else 0 end, segment, 'call', 'acs account', key, 'acs ada', subject, '2031-06-02 09:00Z', '2031-06-02 10:00Z'
      from (values (false, 'acs of a', '1', 'Of A'), (false, 'acs of b', '2', 'Of B'), (true, 'acs before', '3', 'Of a schedule of A'),
                   (false, 'acs gone', '4', 'Of nobody')) a (run, segment, key, subject);
create function acs.tries(verb text) returns text language plpgsql as $$
declare
    reached text;
begin
    execute format('with x as (%s) select string_agg(subject, %L order by subject collate "C") from x', case verb
        when 'reads' then 'select subject from dist.activity where rep = ''acs ada'''
        when 'writes' then 'update dist.activity set status = ''done'' where rep = ''acs ada'' returning subject'
        else 'delete from dist.activity where rep = ''acs ada'' returning subject' end, ', ') into reached;
    raise exception using errcode = 'P0TST', message = coalesce(reached, 'nothing');
exception when sqlstate 'P0TST' then
    return sqlerrm;
end $$;
\c - acs_b
set client_min_messages = warning;
insert into dist.activity (rep, subject, starts_at, ends_at) values ('acs ada', 'Added by B', '2031-06-03 09:00Z', '2031-06-03 10:00Z');
select verb, acs.tries(verb) from unnest(array['reads', 'writes', 'deletes']) verb;
\c - acs_a
select verb, acs.tries(verb) from unnest(array['reads', 'writes', 'deletes']) verb;
\c - acs_b_reads
select verb, acs.tries(verb) from unnest(array['reads', 'writes', 'deletes']) verb;
\c - acs_admin
select verb, acs.tries(verb) from unnest(array['reads', 'writes', 'deletes']) verb;
\c - postgres
set client_min_messages = warning;
delete from dist.activity where rep = 'acs ada';
delete from dist.schedule where name = 'acs plans';
delete from dist.segment where name like 'acs%';
delete from dist.object where name like 'acs%';
delete from dist.rep where rep = 'acs ada';
