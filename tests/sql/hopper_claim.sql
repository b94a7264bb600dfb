-- Claims (L6, and of L5 what has an owner): best first, of what the rep is eligible for, under limits per rep and day in the rep's
-- zone and under caps; put back with a reason and a cool-off; left by its owner; all in the audit, and undone.
\set SHOW_CONTEXT never
create schema claims;
grant usage on schema claims to public;
create table claims.lead (id integer primary key, region text, score integer, owner text);
grant select, insert, update, delete on claims.lead to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('claims', 'claims.lead', 'id', 'owner');
insert into claims.lead select n, (array['north', 'south'])[1 + n % 2], n * 7 % 10, null from generate_series(1, 40) n;
create function claims.clock(at text) returns void language sql security definer as $$ select set_config('pg_dist.clock', at, false) $$;
create function claims.hide(hidden boolean) returns void language plpgsql security definer as $$ begin execute format('alter table claims.lead %s row level security', case when hidden then 'enable' else 'disable' end); end $$;
\c - test_manager
insert into dist.rep (rep, time_zone, active) values ('cleo', 'Asia/Tokyo', true), ('carl', 'America/Los_Angeles', true), ('cora', 'UTC', false), ('cyra', 'UTC', true);
insert into dist.hopper (name, object, cool_off) values ('claims tank', 'claims', '2 hours');
insert into dist.hopper (name, object, ranking, blind, claim_limit, others_may_claim) values ('claims best', 'claims', 'r.score desc', false, 3, true);
insert into dist.transfer (name, object, to_hopper, predicate) values ('claims in', 'claims', 'claims tank', 'r.id <= 10'), ('claims best', 'claims', 'claims best', 'r.id > 20');
select claims.clock('2033-03-01 14:00Z');
select assigned from dist.execute('claims in', '2033-03-01 12:00Z');
select assigned from dist.execute('claims best', '2033-03-01 12:30Z');

-- The oldest first, where nothing else is said; it is an assignment, and out of the hopper.
select * from dist.claim('claims tank', 'cleo');
select * from dist.claim('claims tank', 'carl', 3);
select a.run_id - min(a.run_id) over () as run, a.seq, a.record_key, a.old_owner, a.new_owner, a.reason, a.from_hopper, a.at from dist.assignment a where a.object = 'claims' and a.reason = 'claim' order by a.run_id, a.seq;
select trigger, object, status, candidates, assigned, unassigned, reasons, run_by from dist.run where object = 'claims' and trigger = 'claim' order by id;
select id, owner from claims.lead where owner is not null order by id;
select array_agg(record_key order by record_key::integer) from dist.hopper_record where hopper = 'claims tank';
select stage, item, outcome from dist.explain('claims', '1');
-- Ranked; a rep looks at what he could have, and chooses where it is not blind.
select array_agg(record_key) from dist.claimable('claims best', 'cyra', 4);
select * from dist.claim('claims best', 'cyra', 2);
select * from dist.claim('claims best', 'cyra', record_keys => '{33,21,30}');
-- That was the limit of her day (L6), which is the UTC day; Cleo's ends at 15:00 UTC, Carl's at 08:00.
select count(*) from dist.claim('claims best', 'cyra', 5);
select array_agg(record_key) from dist.claim('claims best', 'cleo', 5) having count(*) = 3;
select array_agg(record_key) from dist.claim('claims best', 'carl', 5) having count(*) = 3;
select claims.clock('2033-03-01 15:00Z');
select array_agg(record_key) from dist.claim('claims best', 'cleo', 2);
select count(*) from dist.claim('claims best', 'cyra');
select count(*) from dist.claim('claims best', 'carl');
select claims.clock('2033-03-02 07:59Z');
select count(*) from dist.claim('claims best', 'carl');
select claims.clock('2033-03-02 08:00Z');
select count(*) from dist.claim('claims best', 'carl');
select * from dist.claim_use where hopper = 'claims best' order by rep;
-- An undone claim counts no more, and the record is back where and since when it was.
select assigned from (select max(id) as id from dist.run where trigger = 'claim') r, dist.undo(r.id);
select used from dist.claim_use where hopper = 'claims best' and rep = 'carl';
select since from dist.hopper_record where hopper = 'claims best' group by 1;

-- Put back, with a reason: for two hours he cannot have it, others can.
select assigned from dist.release_record('claims', '2', 'wrong number');
select a.old_owner, a.new_owner, a.reason, a.note, a.hopper from dist.assignment a where a.object = 'claims' and a.record_key = '2' order by run_id desc limit 1;
select rep, until from dist.cool_off where object = 'claims';
select owner from claims.lead where id = 2;
-- It is the youngest in the hopper.
select array_agg(record_key) from dist.claim('claims tank', 'carl', 100);
select count(*) from dist.claimable('claims tank', 'carl');
select claims.clock('2033-03-02 10:00Z');
select * from dist.claim('claims tank', 'carl');
select assigned from dist.release_record('claims', '2', 'not for me either');
select * from dist.claim('claims tank', 'cleo', 5);

-- Only what the rep is eligible for.
insert into dist.eligibility (name, object, rep, criteria) values ('carl south', 'claims', 'carl', '{"field": "region", "op": "=", "value": "south"}'),
                                                                 ('carl 12', 'claims', 'carl', '{"field": "id", "op": "=", "value": 12}');
update dist.transfer set predicate = 'r.id between 11 and 20' where name = 'claims in';
select assigned from dist.execute('claims in', '2033-03-02 09:00Z');
select array_agg(record_key) from dist.claim('claims tank', 'carl', 100);
-- Caps count claims, and hold them back.
insert into dist.cap (name, rep, per, most) values ('claims cleo', 'cleo', 'day', 8);
select used from dist.cap_use where cap = 'claims cleo' and rep = 'cleo' order by since desc limit 1;
select count(*) from dist.claim('claims tank', 'cleo', 3);
insert into dist.cap (name, object, per, most, predicate) values ('claims open', 'claims', 'open', 4, 'r.score > 0');
select count(*) as holds from claims.lead where owner = 'cyra' and score > 0;
select count(*) from dist.claim('claims tank', 'cyra', 100);
delete from dist.cap where name like 'claims%';

-- With an owner (L5): others may claim it only where the hopper says so, he himself takes it out; and it leaves when his claim ends.
insert into claims.lead values (50, 'north', 5, null), (51, 'north', 5, null), (52, 'north', 5, null);
insert into dist.transfer (name, object, to_hopper, to_rep, predicate) values ('claims owned', 'claims', 'claims tank', 'cyra', 'r.id between 50 and 52');
select assigned from dist.execute('claims owned', '2033-03-02 09:30Z');
select array_agg(record_key) from dist.claimable('claims tank', 'cleo') where record_key::integer >= 50;
update dist.hopper set others_may_claim = true where name = 'claims tank';
select array_agg(record_key) from dist.claimable('claims tank', 'cleo') where record_key::integer >= 50;
select dist.leave_hopper('claims', '50');
select dist.leave_hopper('claims', '50');
select a.old_owner, a.new_owner, a.reason, a.from_hopper from dist.assignment a where a.object = 'claims' and a.record_key = '50' order by run_id desc limit 1;
-- What row security hides from the caller is not claimed, nor taken for gone.
select claims.hide(true);
select count(*) from dist.claim('claims tank', 'cleo', 100);
select claims.hide(false);
select count(*) from dist.hopper_record where hopper = 'claims tank';
-- Given away or deleted past the hopper: found when it is looked at, and forgotten.
update claims.lead set owner = 'carl' where id = 51;
delete from claims.lead where id = 19;
select count(*) from dist.hopper_record where hopper = 'claims tank' and record_key in ('19', '51');
select bool_or(record_key in ('19', '51')) as wrong from dist.claim('claims tank', 'cleo', 100);
select count(*) from dist.hopper_record where hopper = 'claims tank' and record_key in ('19', '51');
select a.old_owner, a.new_owner from dist.assignment a where a.object = 'claims' and a.record_key = '52' order by run_id desc limit 1;
select assigned, unassigned from (select max(id) as id from dist.run where trigger = 'claim') r, dist.undo(r.id);
select rep, count(*) from dist.hopper_record where hopper = 'claims tank' group by 1 order by 1;

-- Refused.
select test.refused($$select dist.claim('claims tnk', 'cleo')$$);
select test.refused($$select dist.claim('claims tank', 'clea')$$);
select test.refused($$select dist.claim(null, 'cleo')$$);
select test.refused($$select dist.claim('claims tank', 'cora')$$);
select test.refused($$select dist.claim('claims tank', 'cleo', record_keys => '{1}')$$);
update dist.hopper set active = false where name = 'claims tank';
select test.refused($$select dist.claim('claims tank', 'cleo')$$);
update dist.hopper set active = true, claimable = false where name = 'claims tank';
select test.refused($$select dist.claim('claims tank', 'cleo')$$);
select test.refused($$select dist.release_record('claims', '11', ' ')$$);
select test.refused($$select dist.release_record('claims', '9999', 'gone')$$);
insert into claims.lead values (60, 'north', 5, 'cleo');
select test.refused($$select dist.release_record('claims', '60', 'never was in one')$$);
select test.refused($$select dist.release_record('claims', '60', 'x', 'claims tnk')$$);
select assigned from dist.release_record('claims', '60', 'into another', 'claims best');
\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema claims cascade;
