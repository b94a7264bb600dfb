-- The same accounts by what agents have won, by what they work on, and by the size of their books (L4, G13 to G16); every
-- figure is computed again in plain SQL.
\set QUIET on
reset session authorization;
grant set on parameter pg_dist.clock to sales_ops;
set client_min_messages = error;
insert into dist.object (name, relation, key_column, owner_column) values ('opportunity', 'crm.opportunity', 'opportunity_id', 'sales_agent');
reset client_min_messages;
analyze crm.opportunity;
set session authorization sales_ops;
update crm.account set "Owner" = null;

-- By won value: of what the products in an agent's closed deals are worth, how much was won.
insert into dist.distribution_rule (name, strategy, prior, floor, ceiling) values ('by won value', 'performance', 100000, 0.57, 0.7);
insert into dist.measure (distribution_rule, measure, object, criteria, value) values
    ('by won value', 'wins', 'opportunity', '{"field": "deal_stage", "op": "=", "value": "Won"}', 'r.close_value'),
    ('by won value', 'handled', 'opportunity', '{"field": "deal_stage", "op": "in", "value": ["Won", "Lost"]}',
     $$(select p.sales_price from crm.product p where p.product = replace(r.product, 'GTXPro', 'GTX Pro'))$$);
insert into dist.transfer (name, object, to_distribution_rule, ranking) values ('by won value', 'account', 'by won value', 'r.revenue desc');

create temporary table stood as
select a.sales_agent as rep, coalesce(sum(o.close_value) filter (where o.deal_stage = 'Won'), 0) as won,
       coalesce(sum(p.sales_price) filter (where o.deal_stage in ('Won', 'Lost')), 0) as worth
  from crm.agent a
  join dist.rep r on r.rep = a.sales_agent and r.active
  left join crm.opportunity o using (sales_agent)
  left join crm.product p on p.product = replace(o.product, 'GTXPro', 'GTX Pro')
 group by a.sales_agent;
create temporary table weighed as
select rep, least(0.7, greatest(0.57, round((round(100000 * sum(won) over () / sum(worth) over (), 6) + won) / (100000 + worth), 6))) as weight
  from stood;
select test.same('won of worth, in all', (sum(won), sum(worth)), (10005534::numeric, 15969950::numeric)) from stood;
select test.holds('the view has what each won, and of how much', not exists (
           select from stood s full join (select * from dist.performance where active and rep in (select sales_agent from crm.agent)) p using (rep)
            where (s.won, s.worth) is distinct from (p.wins, p.handled)));
select test.holds('and what each weighs (managers, who sell nothing, weigh the mean)', not exists (
           select from weighed w full join (select * from dist.performance where active and handled > 0) p using (rep)
            where w.weight is distinct from p.weight));
select test.same('some are held at the floor or the ceiling, most are not', (count(*) filter (where weight = 0.57), count(*) filter (where weight = 0.7)), (2::bigint, 3::bigint))
  from weighed;

create temporary table foreseen_books as select * from dist.preview('by won value') with ordinality;
create temporary table done_books as select * from dist.execute('by won value');
select test.same('all 85 are placed', (candidates, assigned), (85::bigint, 85::bigint)) from done_books;
select test.holds('as the preview had said (X4)', not exists (
           select from foreseen_books f full join (select x.* from dist.assignment x, done_books d where x.run_id = d.id) a on a.seq = f.ordinality
            where (a.record_key, a.new_owner) is distinct from (f.record_key, f.new_owner)));
select test.holds('nobody is a whole account off the exact share of the weights (X3)', bool_and(abs(got * total - 85 * weight) < total))
  from (select p.rep, p.weight, sum(p.weight) over () as total, (select count(*) from crm.account c where c."Owner" = p.rep) as got
          from dist.performance p where p.active) s;
select test.same('a replay agrees', bool_and(r.agrees), true) from done_books d, dist.replay(d.id) r;

-- By the open pipeline: who works on least for his weight (deals won, as above) gets most. Closed deals, nearly four in five, do not count.
update crm.account set "Owner" = null;
insert into dist.distribution_rule (name, strategy, team) values ('least open', 'load', 'Central');
insert into dist.measure (distribution_rule, measure, object, criteria)
values ('least open', 'load', 'opportunity', '{"field": "deal_stage", "op": "in", "value": ["Engaging", "Prospecting"]}');
insert into dist.transfer (name, object, to_distribution_rule) values ('to the least busy', 'account', 'least open');
create temporary table busy as
select m.rep, m.weight, (select count(*) from crm.opportunity o where o.sales_agent = m.rep and o.close_date is null) as open
  from dist.team_member m join dist.rep p using (rep) where m.team = 'Central' and p.active;
select test.same('what those of Central work on', (sum(open), min(open), max(open)), (908::numeric, 43::bigint, 194::bigint)) from busy;
select test.same('all are placed', assigned, 85::bigint) from dist.execute('to the least busy');
create temporary table busier as select b.*, (select count(*) from crm.account c where c."Owner" = b.rep) as got from busy b;
select test.holds('no account would better be with somebody else (the exchange condition)',
           not exists (select from busier i, busier j where i.got > 0 and (i.open + i.got) * j.weight > (j.open + j.got + 1) * i.weight));
select test.holds('who was busier than the fullest who received got none', bool_and(got = 0))
  from busier where open / weight > (select max((open + got) / weight) from busier where got > 0);
select test.same('as many as are among the 85 lowest places of all', array_agg(format('%s %s', rep, b.got) order by rep), array_agg(format('%s %s', rep, coalesce(lowest.got, 0)) order by rep))
  from busier b
  left join (select rep, count(*) as got
               from (select rep from busy, generate_series(1, 85) k order by (open + k) / weight limit 85) l group by rep) lowest using (rep);

-- Top-off: 85 accounts for 30 agents. Two for each: exactly full, 25 are left. Three: five have to do with two.
update crm.account set "Owner" = null;
insert into dist.book (object, team, target) select 'account', team, 2 from dist.team;
insert into dist.distribution_rule (name, strategy) values ('fill books', 'top_off');
insert into dist.transfer (name, object, to_distribution_rule, ranking) values ('top off', 'account', 'fill books', 'r.revenue desc');
select test.same('two for each', (assigned, unassigned, reasons), (60::bigint, 25::bigint, '{"books_full": 25}'::jsonb)) from dist.execute('top off');
select test.same('every book is exactly full, those of the five who work no more are empty', array_agg(format('%s of %s: %s', held, target, n) order by held),
           array['0 of 2: 5', '2 of 2: 30'])
  from (select held, target, count(*) as n from dist.book_balance group by held, target) b;
select test.holds('the largest went first', min(revenue) filter (where "Owner" is not null) >= max(revenue) filter (where "Owner" is null)) from crm.account;
update dist.book set target = 3;
select test.same('three for each', (assigned, unassigned), (25::bigint, 0::bigint)) from dist.execute('top off');
select test.same('as equal as whole accounts allow', array_agg(format('%s: %s', held, n) order by held), array['2: 5', '3: 25'])
  from (select held, count(*) as n from (select count(*) as held from crm.account group by "Owner") o group by held) h;

-- Retrieval: accounts without a deal since the Monday before the run's, read when it runs (G13, G14); and the weekly balancing of
-- books: one schedule takes them back, then fills every book again, in that order and in one run (G15).
insert into dist.transfer (name, kind, object, criteria) values ('take back', 'retrieval', 'account',
    '{"not": {"related": "crm.opportunity", "on": {"account": "account"},
              "where": {"all": [{"field": "deal_stage", "op": "=", "value": "Won"}, {"field": "close_date", "op": "newer than", "value": "8 days"}]}}}');
create temporary table held_before as select account, "Owner" as owner from crm.account;
create temporary table idle as
select a.account from crm.account a
 where not exists (select from crm.opportunity o where o.account = a.account and o.deal_stage = 'Won' and o.close_date >= '2017-12-25');
select test.same('so many had no deal since the 25th', count(*), 20::bigint) from idle;
select test.same('of those asked a week later all had none', count(*) filter (where new_owner is null and reason = 'retrieval'), 85::bigint)
  from dist.preview('take back', '2018-01-08 06:00+00');
update dist.book set target = 2;
update dist.distribution_rule set cool_down = '7 days' where name = 'fill books';
set pg_dist.clock = '2017-12-31 12:00+00';
insert into dist.schedule (name, start_at, time_zone, frequency, every) values ('balance books', '2018-01-01 06:00', 'UTC', 'weekly', 1);
insert into dist.step (schedule, position, action, target) values ('balance books', 1, 'transfer', 'take back'), ('balance books', 2, 'transfer', 'top off');
create temporary table weekly as select * from dist.tick('2018-01-01 06:00+00') t(fired);
select test.same('one run', (fired, (select count(*) from dist.run where schedule = 'balance books' and status = 'succeeded')),
           (1, 1::bigint)) from weekly;
create temporary table balanced as select * from dist.run where schedule = 'balance books' and status = 'succeeded';
select test.holds('it took back exactly those without a deal', not exists (
           select from idle i full join (select a.record_key from dist.assignment a, balanced b where a.run_id = b.id and a.reason = 'retrieval') t
               on t.record_key = i.account where i.account is null or t.record_key is null));
create temporary table room as
select b.rep, b.target, b.held,
       (select count(*) from held_before h where h.owner = b.rep and h.account not in (select account from idle)) as kept
  from dist.book_balance b join dist.rep r on r.rep = b.rep and r.active;
select test.holds('who kept as many as the book holds, or more, got none; the others are full, or nobody had any left',
           bool_and(held = greatest(kept, target)) or (bool_and(held <= greatest(kept, target)) and not exists (select from crm.account where "Owner" is null)))
  from room;
select test.holds('nothing went back to whom it was taken from', not exists (
           select from dist.assignment t join dist.assignment f using (run_id, record_key) join balanced b on b.id = t.run_id
            where t.reason = 'retrieval' and f.reason = 'top_off' and f.new_owner = t.old_owner));
select test.same('so many are left for next week', (select count(*) from crm.account where "Owner" is null), 85 - sum(greatest(kept, target))::bigint) from room;
