-- Levelling against what it promises, on random books and loads (L4, G16): each run is previewed and replayed (X4), and what it did
-- is judged in SQL that shares nothing with it.
create schema oracle;
grant usage on schema oracle to public;
create table oracle.lead (id integer primary key, worth numeric, owner text);
grant select, update, insert, delete on oracle.lead to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'oracle.lead', 'id', 'owner');
\c - test_manager
insert into dist.rep (rep) select 'rep ' || n from generate_series(1, 6) n;
insert into dist.team (team) values ('all');
insert into dist.team_member (team, rep) select 'all', rep from dist.rep;
insert into dist.distribution_rule (name, strategy, team) values ('least', 'load', 'all'), ('worth', 'value', 'all'), ('fill', 'top_off', 'all');
insert into dist.measure (distribution_rule, measure, object, value) values ('worth', 'value', 'lead', 'r.worth');
insert into dist.transfer (name, object, to_distribution_rule) values ('least', 'lead', 'least'), ('worth', 'lead', 'worth'), ('fill', 'lead', 'fill');

-- How often, of so many tries with so many leads, some of them held, a promise was broken; and how many leads were given.
create function pg_temp.tried(strategy text, tries integer, out broken integer, out given integer, out full_books integer)
    language plpgsql as $$
declare
    done dist.run;
    bad boolean;
begin
    broken := 0; given := 0; full_books := 0;
    for n in 1 .. tries loop
        delete from oracle.lead;
        delete from dist.book;
        insert into oracle.lead
        select g, round((random() * 90)::numeric, 2), case when random() < 0.6 then 'rep ' || ceil(random() * random() * 6) end
          from generate_series(1, (5 + random() * 40)::integer) g;
        update dist.team_member set weight = (array[1, 1, 2, 0.5, 2.25])[ceil(random() * 5)];
        insert into dist.book (object, rep, target) select 'lead', rep, (random() * 9)::integer from dist.rep;
        done := test.run_as_previewed(strategy);
        given := given + done.assigned;
        with rep as (
            select m.rep, m.weight, b.target, count(l.id) as held, coalesce(sum(l.worth), 0) as worth,
                   count(a.record_key) as got, min(l.worth) filter (where a.record_key is not null) as least,
                   coalesce(sum(l.worth) filter (where a.record_key is not null), 0) as got_worth
              from dist.team_member m
              join dist.book b using (rep)
              left join oracle.lead l on l.owner = m.rep
              left join dist.assignment a on a.run_id = done.id and a.record_key = l.id::text
             group by m.rep, m.weight, b.target)
        select case strategy
                   -- The exchange condition: no lead would better be with somebody else.
                   when 'least' then exists (select from rep i, rep j where i.got > 0 and i.held / i.weight > (j.held + 1) / j.weight)
                   -- Before its last lead, which was its least, nobody who received stood higher than another does now.
                   when 'worth' then exists (select from rep i, rep j where i.got > 0 and (i.worth - i.least) / i.weight > j.worth / j.weight)
                   -- Over-full books get nothing; all are full, or none is left over and no lead would better be with somebody else.
                   else exists (select from rep where got > 0 and held > target)
                        or done.unassigned > 0 and exists (select from rep where held < target)
                        or exists (select from rep i, rep j where i.got > 0 and j.held < j.target and i.held * j.target > (j.held + 1) * i.target)
               end,
               full_books + (select count(*) from rep where got > 0 and held = target)
          into bad, full_books;
        broken := broken + bad::integer;
    end loop;
end $$;
select setseed(0.4);
select broken, given > 100 as given from pg_temp.tried('least', 15);
select broken, given > 100 as given from pg_temp.tried('worth', 15);
select broken, given > 50 as given, full_books > 10 as full_books from pg_temp.tried('fill', 15);

-- Weights times ten are the same weights.
update oracle.lead set owner = null where id % 2 = 0;
create temporary table light as select * from dist.preview('least');
update dist.team_member set weight = weight * 10;
select count(*) > 3 as leads, count(*) filter (where l.new_owner is distinct from h.new_owner) as differ
  from light l full join dist.preview('least') h using (record_key);
-- Nobody to give to, nothing to give.
delete from oracle.lead;
select candidates, assigned from test.run_as_previewed('least');
insert into oracle.lead (id) values (1);
update dist.team_member set active = false;
select assigned, reasons from test.run_as_previewed('least');
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema oracle cascade;
