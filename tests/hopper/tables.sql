-- Leads in two hoppers: one by age and with an owner here and there, one ranked and with a limit of the day.
create extension pg_dist;
create role ops login;
grant dist_manager to ops;
create schema hop authorization ops;
create table hop.lead (id integer primary key, score integer, kind text, owner text);
alter table hop.lead owner to ops;
insert into hop.lead select n, n * 7919 % 1000, case when n % 2 = 0 then 'tank' else 'best' end, null from generate_series(1, 4000) n;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'hop.lead', 'id', 'owner');
set role ops;
insert into dist.rep (rep, time_zone) select 'rep ' || n, (array['UTC', 'Asia/Tokyo', 'America/Los_Angeles'])[1 + n % 3] from generate_series(1, 6) n;
insert into dist.hopper (name, object, ranking, claim_limit, cool_off, others_may_claim)
values ('tank', 'lead', null, null, '1 millisecond', true), ('best', 'lead', 'r.score', 150, null, false);
insert into dist.cap (name, rep, object, per, most) values ('rep 1', 'rep 1', 'lead', 'day', 200);
insert into dist.transfer (name, object, to_hopper, predicate, row_limit)
values ('fill tank', 'lead', 'tank', 'r.kind = ''tank''', 300), ('fill best', 'lead', 'best', 'r.kind = ''best''', 300);
insert into dist.transfer (name, object, from_hopper, to_rep, row_limit) values ('take', 'lead', 'tank', 'rep 2', 3);
reset role;
