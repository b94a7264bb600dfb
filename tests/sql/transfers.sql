-- Transfers: sources, retrievals, ranking, row_limit, set_fields of every type, as_of; and preview, which says row for row,
-- in order, what the run then does (G17, G18, G19, X4).
create schema transfers;
grant usage on schema transfers to public;
create type transfers.stage as enum ('new', 'open', 'won');
create domain transfers.percent as numeric(5, 2) check (value between 0 and 100);
create table transfers.lead (
    id integer primary key, company text, score integer, touched timestamptz, owner text, plain text not null default 'plain', code char(3),
    short varchar(4), small smallint, big bigint, price numeric(8, 2), ratio double precision, hot boolean, born date, at timestamp,
    seen timestamptz, wait interval, token uuid, stage transfers.stage, share transfers.percent, tags text[], doc json, attributes jsonb);
insert into transfers.lead (id, company, score, touched)
select n, 'Sample ' || n, (n * 7) % 10, timestamptz '2030-01-01 00:00+00' + n * interval '1 day' from generate_series(1, 12) n;
grant select, update on transfers.lead to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'transfers.lead', 'id', 'owner');
\c - test_manager
insert into dist.rep (rep, active) values ('ann', true), ('ben', true), ('cem', true), ('pool', true), ('dee', false);
insert into dist.team (team) values ('three');
insert into dist.team_member (team, rep, position, weight) values ('three', 'ann', 1, 3), ('three', 'ben', 2, 2), ('three', 'cem', 3, 1);
insert into dist.distribution_rule (name, strategy, team) values ('equal', 'round_robin', 'three'), ('by weight', 'weighted', 'three');

-- Previews a transfer, runs it, and compares: the moves in order, what is left as a set. `agrees` is the claim.
create function pg_temp.run(transfer text, about timestamptz default '2031-01-01 00:00+00',
                            out moves text, out left_alone text, out reasons jsonb, out agrees boolean) language plpgsql as $$
declare
    foreseen_moves text[];
    foreseen_left text[];
    moved text[];
    remained text[];
    made dist.run;
begin
    select array_agg(format('%s:%s>%s %s', p.key, coalesce(p.was, '-'), coalesce(p.becomes, '-'), p.reason) order by p.n)
               filter (where p.reason in ('rep', 'round_robin', 'weighted', 'default', 'retrieval')),
           array_agg(format('%s %s', p.key, p.reason) order by p.key::integer)
               filter (where p.reason not in ('rep', 'round_robin', 'weighted', 'default', 'retrieval'))
      into foreseen_moves, foreseen_left
      from dist.preview(transfer, about) with ordinality p(key, was, becomes, rule, reason, n);
    made := dist.execute(transfer, about);
    select array_agg(format('%s:%s>%s %s', a.record_key, coalesce(a.old_owner, '-'), coalesce(a.new_owner, '-'), a.reason) order by a.seq)
      into moved from dist.assignment a where a.run_id = made.id;
    select array_agg(format('%s %s', u.record_key, u.reason) order by u.record_key::integer)
      into remained from dist.unassigned u where u.run_id = made.id;
    moves := coalesce(array_to_string(moved, ', '), '(none)');
    left_alone := coalesce(array_to_string(remained, ', '), '(none)');
    reasons := made.reasons;
    agrees := foreseen_moves is not distinct from moved and foreseen_left is not distinct from remained
              and made.candidates = coalesce(cardinality(moved), 0) + coalesce(cardinality(remained), 0);
end $$;

-- Source (G17): unowned by default, owned, or any. The key decides the order where no ranking does: as a number, not a text.
insert into dist.transfer (name, object, to_distribution_rule) values ('give', 'lead', 'equal');
insert into dist.transfer (name, object, source, criteria, to_distribution_rule, on_owned)
values ('shuffle', 'lead', 'owned', '{"field": "id", "op": "<=", "value": 4}', 'equal', 'reassign');
insert into dist.transfer (name, object, source, predicate, to_rep) values ('all to pool', 'lead', 'any', 'r.id in (1, 2, 9, 11)', 'pool');
update transfers.lead set owner = 'pool' where id > 9;
select * from pg_temp.run('give');
select * from pg_temp.run('give');
select * from pg_temp.run('shuffle');
update transfers.lead set owner = null where id = 2;
select * from pg_temp.run('all to pool');
-- A pool can give a record back to the one who has it: it still is a move, for it took a turn.
select count(*) filter (where old_owner = new_owner) as to_the_same, count(*) as of from dist.assignment
 where run_id = (select max(id) from dist.run where transfer = 'shuffle' and status = 'succeeded');

-- Retrieval (G18): to nobody, or to a holding rep; owned records by default; who has nothing to give is passed over.
insert into dist.transfer (name, kind, object, predicate) values ('take back', 'retrieval', 'lead', 'r.id <= 3');
insert into dist.transfer (name, kind, object, source, predicate) values ('take back any', 'retrieval', 'lead', 'any', 'r.id <= 4');
insert into dist.transfer (name, kind, object, predicate, to_rep) values ('to pool', 'retrieval', 'lead', 'r.id between 4 and 10', 'pool');
insert into dist.transfer (name, kind, object, to_rep) values ('to dee', 'retrieval', 'lead', 'dee');
select * from pg_temp.run('take back');
select * from pg_temp.run('take back any');
select * from pg_temp.run('to pool');
select * from pg_temp.run('to dee');
select string_agg(l.id || ':' || coalesce(l.owner, '-'), ' ' order by l.id) as owners from transfers.lead l;

-- Ranking (G17) and row_limit, which cuts before records become candidates; equals go by the key; nulls as ORDER BY has them.
update transfers.lead set owner = null, score = case when id = 12 then null else (id * 7) % 10 end;
insert into dist.transfer (name, object, ranking, row_limit, to_distribution_rule)
values ('best five', 'lead', 'r.score desc nulls last, r.company', 5, 'by weight');
select string_agg(l.id || ':' || coalesce(l.score::text, 'null'), ' ' order by l.score desc nulls last, l.company) as ranked from transfers.lead l;
select * from pg_temp.run('best five');
select * from pg_temp.run('best five');
update dist.transfer set row_limit = 0 where name = 'best five';
select * from pg_temp.run('best five');
update dist.transfer set row_limit = null, ranking = 'r.hot nulls first, -r.score -- the last word' where name = 'best five';
select * from pg_temp.run('best five');

-- set_fields: each type, null, and what it was is kept in the audit in text form.
update transfers.lead set owner = null;
insert into dist.transfer (name, object, predicate, to_rep, set_fields) values ('stamp', 'lead', 'r.id in (1, 2)', 'ann',
    '{"plain": "it''s \"set\"", "code": "abc", "short": "12", "small": -7, "big": 9007199254740993, "price": 12.5, "ratio": 1e-3, "hot": true, "born": "2030-02-28",
      "at": "2030-02-28 06:30", "seen": "2030-02-28 06:30+02:00", "wait": "1 day 02:00", "token": "11111111-2222-3333-4444-555555555555",
      "stage": "won", "share": 99.5, "tags": "{a,\"b c\"}", "doc": {"a": [1, null]}, "attributes": {"source": "fair"}, "score": null}');
update transfers.lead set tags = '{x}', hot = false, attributes = '{"old": true}' where id = 2;
select * from pg_temp.run('stamp');
select plain, code, short, small, big, price, ratio, hot, born, at, seen, wait, token, stage, share, tags, doc, attributes, score
  from transfers.lead where id = 1 \gx
select a.record_key, f.key, f.value from dist.assignment a, jsonb_each(a.fields) f
 where a.run_id = (select max(id) from dist.run where transfer = 'stamp') and f.key in ('tags', 'hot', 'attributes', 'score', 'wait', 'code', 'plain')
 order by a.record_key, f.key;
-- A record that does not move is not stamped.
update transfers.lead set plain = 'mine', owner = 'ann' where id = 1;
update dist.transfer set source = 'any' where name = 'stamp';
select * from pg_temp.run('stamp');
select plain from transfers.lead where id = 1;

-- as_of: older and newer than, and dist.as_of(), mean the instant the run is about, also one to come (X4, G13).
update transfers.lead set owner = null;
insert into dist.transfer (name, object, criteria, predicate, to_rep) values
    ('untouched', 'lead', '{"field": "touched", "op": "older than", "value": "30 days"}', null, 'ann'),
    ('fresh', 'lead', '{"field": "touched", "op": "newer than", "value": "2 days"}', 'r.touched < dist.as_of()', 'ben');
select string_agg(record_key, ' ') as a_month_after_the_third from dist.preview('untouched', '2030-02-03 12:00+00');
select string_agg(record_key, ' ') as none_yet from dist.preview('untouched', '2030-01-31 00:00+00');
select string_agg(record_key, ' ') as of_the_eighth from dist.preview('fresh', '2030-01-08 12:00+00');
select * from pg_temp.run('fresh', '2030-01-08 12:00+00');
select * from pg_temp.run('untouched', '2030-02-03 12:00+00');
select as_of at time zone 'UTC' as as_of, (select count(distinct at) = 1 and min(at) = r.as_of from dist.assignment a where a.run_id = r.id) as audited_so
  from dist.run r where id = (select max(id) from dist.run where transfer = 'untouched');
select dist.as_of() = now() as outside_a_run_it_is_now;

-- What preview shows is not written: no owner, no audit, no turn, no run.
update transfers.lead set owner = null;
select count(*) as runs, (select turns from dist.pool where distribution_rule = 'equal') as turns, (select count(*) from dist.assignment) as moves
  from dist.run \gset before_
select count(*) from dist.preview('give');
select count(*) - :before_runs as runs, (select turns from dist.pool where distribution_rule = 'equal') - :before_turns as turns,
       (select count(*) from dist.assignment) - :before_moves as moves, (select count(owner) from transfers.lead) as owned
  from dist.run;
-- Totals per rep are a query away (G19).
select new_owner, count(*) from dist.preview('give') group by 1 order by 1;

-- A template is never run; a copy of it is (G12).
insert into dist.transfer (name, object, to_rep, predicate, is_template) values ('welcome', 'lead', 'ann', 'r.id = 1', true);
insert into dist.transfer (name, object, to_rep, predicate) select 'welcome in May', object, to_rep, predicate from dist.transfer where name = 'welcome';
select * from pg_temp.run('welcome in May');

\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema transfers cascade;
