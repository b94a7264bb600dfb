-- Caps on what is open (X9): counted anew by each run, from the object's table and with the rights of the run's owner; what a
-- run gives counts at once, whatever it is.
create schema capo;
grant usage on schema capo to public;
create table capo.lead (id integer primary key, stage text not null default 'new', touched timestamptz, owner bigint);
insert into capo.lead (id, stage, touched, owner)
select n, case when n <= 4 then 'open' when n <= 6 then 'won' else 'new' end, timestamptz '2031-01-01' + n * interval '1 day',
       case when n <= 3 then 7 when n <= 6 then 8 when n = 7 then 99 end
  from generate_series(1, 60) n;
create table capo.deal (id integer primary key, owner bigint);
insert into capo.deal (id) select n from generate_series(1, 20) n;
grant all on capo.lead, capo.deal to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'capo.lead', 'id', 'owner'), ('deal', 'capo.deal', 'id', 'owner');
\c - test_manager
insert into dist.rep (rep) values ('7'), ('8'), ('9');
insert into dist.team (team) values ('all');
insert into dist.team_member (team, rep) values ('all', '7'), ('all', '8'), ('all', '9');
insert into dist.distribution_rule (name, strategy, team) values ('turns', 'round_robin', 'all');
insert into dist.transfer (name, object, to_distribution_rule) values ('leads', 'lead', 'turns'), ('deals', 'deal', 'turns');
insert into dist.transfer (name, object, to_rep, source, on_owned, predicate) values ('to 9', 'lead', '9', 'any', 'reassign', 'r.id = 1');
create function pg_temp.given(transfer text) returns text language sql as $$
    select concat_ws('; ', (select string_agg(format('%s %s', n.new_owner, n.n), ', ' order by n.new_owner)
                              from (select p.new_owner, count(*) as n from dist.preview(transfer, '2031-01-05') p where p.new_owner is not null group by 1) n),
                           (select string_agg(format('%s %s', n.reason, n.n), ', ' order by n.reason)
                              from (select p.reason, count(*) as n from dist.preview(transfer, '2031-01-05') p where p.new_owner is null group by 1) n));
$$;

-- All that a rep holds; what is open by criteria; by an expression over the run's as_of; all of them at once.
insert into dist.cap (name, per, most, object) values ('ten each', 'open', 10, 'lead');
select pg_temp.given('leads');
update dist.cap set most = 5, criteria = '{"field": "stage", "op": "in", "value": ["open", "new"]}';
select pg_temp.given('leads');
insert into dist.cap (name, per, most, object, rep, predicate) values ('seven', 'open', 3, 'lead', '7', 'r.touched > dist.as_of() - interval ''2 days 1 hour''');
select pg_temp.given('leads');
-- Together: what others of the team hold counts, also where the transfer does not give to them; who is no rep does not.
insert into dist.cap (name, per, most, object, counts) values ('all of us', 'open', 7, 'lead', 'together');
select pg_temp.given('leads');
select pg_temp.given('to 9');
update dist.cap set most = 6 where name = 'all of us';
select pg_temp.given('to 9');
-- Another object is not concerned.
select pg_temp.given('deals');
select stage, item, outcome, detail from dist.explain('lead', '60', 'leads', as_of => '2031-01-05') where stage = 'rep';
select stage, item, outcome, detail from dist.explain('lead', '1', 'to 9', as_of => '2031-01-05') where stage = 'rep';

-- People see it too, with rights of their own.
select cap, rep, since, most, used, "left", note from dist.cap_balance order by cap, rep;
\c - test_reader
select cap, rep, most, used, "left", note from dist.cap_balance order by cap, rep;
\c - postgres
select cap, rep, most, used, "left", note from dist.cap_balance order by cap, rep;
\c - test_manager
-- Somebody who cannot own such records covered by a cap of all is in nobody's way.
insert into dist.rep (rep) values ('not a number');
select count(*), bool_and(rep is distinct from 'not a number') from dist.cap_balance;
select count(*) from dist.preview('leads', '2031-01-05') where new_owner is not null;
delete from dist.rep where rep = 'not a number';

-- A run does what its preview said, and after it the next one finds everybody full; what is closed makes room.
update dist.cap set active = false where name = 'all of us';
select assigned, reasons from dist.execute('leads', '2031-01-05');
select owner, count(*) from capo.lead where owner is not null group by 1 order by 1;
select assigned, reasons from dist.execute('leads', '2031-01-05');
update capo.lead set stage = 'won' where id = (select min(id) from capo.lead where owner = 8 and stage = 'new');
select assigned, reasons from dist.execute('leads', '2031-01-05');
-- Undo makes room as well: it is what is held that counts.
select (dist.undo((select max(id) from dist.run where assigned > 0))).assigned;
select assigned, reasons from dist.execute('leads', '2031-01-05');
-- There is nothing to be counted in windows.
select count(*) from dist.cap_state;

-- Text of somebody whom the run's owner does not trust is not executed, be it only to count, and for a view.
\c - postgres
create role capo_stranger login in role dist_manager;
create function capo.spy(id integer) returns boolean language sql as 'select true';
\c - capo_stranger
insert into dist.cap (name, per, most, object, predicate) values ('strange', 'open', 1, 'lead', 'capo.spy(r.id)');
\c - test_manager
select test.refused($$select dist.execute('leads')$$);
select test.refused($$select * from dist.preview('leads')$$);
select cap, rep, used, note from dist.cap_balance where used is null order by cap, rep;
\c - postgres
update dist.cap set active = false where name = 'strange';
\c - test_manager
-- What goes wrong says where.
update dist.cap set predicate = '1 / (r.id - r.id) = 0' where name = 'seven';
select test.refused($$select dist.execute('leads')$$);
\c - postgres
alter table capo.lead rename stage to phase;
\c - test_manager
select test.refused($$select dist.execute('leads')$$);
\c - postgres
select test.forget_intent();
drop schema capo cascade;
drop role capo_stranger;
