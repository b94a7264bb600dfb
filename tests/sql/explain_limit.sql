-- Explain knows the limits of a transfer (C4): a record that is beyond row_limit in this run is told so, by the order that the run
-- has: after the limit of each rep, out of a hopper, and without what is excluded.
\pset format unaligned
\pset tuples_only on
create schema exl;
grant usage on schema exl to public;
create table exl.lead (id integer primary key, size integer, owner text);
insert into exl.lead select n, n % 5, case when n > 9 then 'exl ' || n % 2 end from generate_series(1, 18) n;
grant all on exl.lead to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('exl', 'exl.lead', 'id', 'owner');
\c - test_manager
\pset format unaligned
\pset tuples_only on
insert into dist.rep (rep) values ('exl 0'), ('exl 1'), ('exl 2');
-- Records of which explain says otherwise than a preview whether they move; and how many move.
create function pg_temp.differ(transfer text) returns setof text language sql as $$
    with told as (
        select r.id, x.item as told, coalesce(p.reason, '') as previewed
          from exl.lead r
          left join dist.preview(transfer) p on p.record_key = r.id::text
         cross join lateral dist.explain('exl', r.id::text, transfer) x
         where x.stage = 'outcome')
    select concat_ws(' ', id, told, previewed) from told where case when previewed in ('', 'excluded') then told in ('rep', 'retrieval') else told <> previewed end
    union all
    select count(*) || ' move' from told where told in ('rep', 'retrieval')
$$;
create function pg_temp.told(key text, transfer text) returns setof text language sql as $$
    select concat_ws(': ', x.item, x.outcome, x.detail) from dist.explain('exl', key, transfer) x where x.item ~ 'limit' or x.stage = 'outcome' order by x.step
$$;
insert into dist.transfer (name, object, source, to_rep, ranking, row_limit) values ('exl three', 'exl', 'unowned', 'exl 2', 'r.size desc', 3);
select string_agg(record_key, ' ') from dist.preview('exl three');
select pg_temp.differ('exl three');
select pg_temp.told('9', 'exl three');
-- As large, and later by the key.
select pg_temp.told('8', 'exl three');
-- What is no candidate has no place.
select pg_temp.told('14', 'exl three');
-- What is excluded uses up no place.
insert into dist.exclusion (name, object, criteria) values ('exl small', 'exl', '{"field": "id", "op": "in", "value": [4, 9]}');
select pg_temp.differ('exl three');
select pg_temp.told('8', 'exl three');
update dist.transfer set row_limit = 0 where name = 'exl three';
select pg_temp.differ('exl three');
select pg_temp.told('8', 'exl three');
-- After the limit of each rep.
insert into dist.transfer (name, kind, object, ranking, limit_per_rep, row_limit) values ('exl back', 'retrieval', 'exl', 'r.size desc', 2, 3);
select string_agg(record_key || ' of ' || old_owner, ', ') from dist.preview('exl back');
select pg_temp.differ('exl back');
select pg_temp.told('14', 'exl back');
select pg_temp.told('18', 'exl back');
select pg_temp.told('17', 'exl back');
select pg_temp.told('10', 'exl back');
-- Out of a hopper, by the hopper's own order: the older first.
insert into dist.hopper (name, object) values ('exl fresh', 'exl');
insert into dist.transfer (name, object, source, to_hopper, predicate) values ('exl in', 'exl', 'unowned', 'exl fresh', 'r.id in (5, 6, 7)');
select assigned from dist.execute('exl in', '2031-01-02Z');
update dist.transfer set predicate = 'r.id in (1, 2)' where name = 'exl in';
select assigned from dist.execute('exl in', '2031-01-01Z');
insert into dist.transfer (name, object, source, from_hopper, to_rep, row_limit) values ('exl out', 'exl', 'any', 'exl fresh', 'exl 2', 3);
select string_agg(record_key, ' ') from dist.preview('exl out', '2031-01-03Z');
select pg_temp.differ('exl out');
select pg_temp.told('2', 'exl out');
select pg_temp.told('6', 'exl out');
-- It is what the run then does.
select assigned from dist.execute('exl out', '2031-01-03Z');
select string_agg(id::text, ' ' order by id) from exl.lead where owner = 'exl 2';
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema exl cascade;
