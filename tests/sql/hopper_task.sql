-- What hoppers do by themselves, on the virtual clock: expiry to a fallback (L6), and queues (L8) released at a rate or when a rep
-- becomes available or falls under his load; and what waits, since when and why.
\set SHOW_CONTEXT never
set pg_dist.clock = '2097-02-01 08:00Z';
create schema hopt;
grant usage on schema hopt to public;
create table hopt.lead (id integer primary key, closed boolean not null default false, owner text);
grant select, insert, update, delete on hopt.lead to test_manager;
create function hopt.clock(at text) returns void language sql security definer as $$ select set_config('pg_dist.clock', at, false) $$;
create function hopt.moves() returns table (at text, what text, n bigint, who text[]) language sql as $$
    select to_char(a.at at time zone 'UTC', 'MM-DD HH24:MI:SS'), concat_ws(' ', r.trigger, a.reason, a.from_hopper), count(*), array_agg(coalesce(a.new_owner, '-') order by a.seq)
      from dist.assignment a join dist.run r on r.id = a.run_id where a.object = 'hopt' and r.trigger in ('expiry', 'release') group by a.run_id, 1, 2 order by a.run_id
$$;
insert into dist.object (name, relation, key_column, owner_column) values ('hopt', 'hopt.lead', 'id', 'owner');
insert into dist.calendar (name) values ('hopt');
insert into dist.shift values ('hopt', 1, '09:00', '17:00'), ('hopt', 2, '09:00', '17:00'), ('hopt', 3, '09:00', '17:00'), ('hopt', 4, '09:00', '17:00'), ('hopt', 5, '09:00', '17:00'), ('hopt', 6, '09:00', '17:00'), ('hopt', 7, '09:00', '17:00');
insert into dist.rep (rep, calendar) values ('hera', null), ('hank', 'hopt'), ('hold', null);
insert into dist.team (team) values ('hopt');
insert into dist.team_member (team, rep, position) values ('hopt', 'hera', 1), ('hopt', 'hank', 2);
insert into dist.distribution_rule (name, team, strategy) values ('hopt turns', 'hopt', 'round_robin');
insert into dist.distribution_rule (name, rep, strategy) values ('hopt hank', 'hank', 'rep');

-- Expiry: to a distribution rule, to a rep, or to nobody; each at its instant.
insert into dist.hopper (name, object, expires_after, expire_to_distribution_rule) values ('hopt rule', 'hopt', '2 hours', 'hopt turns');
insert into dist.hopper (name, object, expires_after, expire_to_rep) values ('hopt rep', 'hopt', '90 minutes', 'hold');
insert into dist.hopper (name, object, expires_after) values ('hopt none', 'hopt', '30 minutes');
insert into hopt.lead select n from generate_series(1, 10) n;
insert into dist.transfer (name, object, to_hopper, predicate) values ('hopt rule', 'hopt', 'hopt rule', 'r.id <= 4'), ('hopt rep', 'hopt', 'hopt rep', 'r.id between 5 and 6'), ('hopt none', 'hopt', 'hopt none', 'r.id between 7 and 8');
insert into dist.transfer (name, object, to_hopper, to_rep, predicate) values ('hopt own', 'hopt', 'hopt none', 'hera', 'r.id between 9 and 10');
select (dist.execute(t, '2097-02-01 08:00Z')).assigned from unnest('{hopt rule,hopt rep,hopt none,hopt own}'::text[]) t;
select kind, name, rep, since, why, due_at, count(*) from dist.queue where object = 'hopt' group by 1, 2, 3, 4, 5, 6 order by 2, 3;
select dist.tick('2097-02-01 08:29Z') as fired;
select dist.tick('2097-02-01 12:00Z') as fired;
select * from hopt.moves();
select owner, array_agg(id order by id) from hopt.lead group by 1 order by 1;
select count(*) from dist.hopper_record where object = 'hopt';
-- An expiry is undone like any run: the record is back, and expires at once again.
select assigned, unassigned from (select max(id) as id from dist.run where trigger = 'expiry') r, dist.undo(r.id);
select hopper, rep, since, expires_at, count(*) from dist.hopper_record where object = 'hopt' group by 1, 2, 3, 4 order by 1, 2;
select dist.tick('2097-02-01 12:01Z') as fired;
select count(*) from dist.hopper_record where object = 'hopt';
-- Nobody can have it: it stays and is tried again, and goes when somebody can. Another span counts for what lies there.
update dist.hopper set expire_to_distribution_rule = 'hopt hank', expires_after = '1 day' where name = 'hopt rule';
update hopt.lead set owner = null;
update dist.transfer set predicate = 'r.id = 1' where name = 'hopt rule';
select assigned from dist.execute('hopt rule', '2097-02-01 13:00Z');
update dist.hopper set expires_after = '5 hours' where name = 'hopt rule';
select expires_at from dist.hopper_record where hopper = 'hopt rule';
select dist.tick('2097-02-02 08:58:30Z') > 100 as tried_again;
select hopt.clock('2097-02-02 08:58:30Z');
select record_key, why from dist.queue where name = 'hopt rule';
select dist.tick('2097-02-02 09:10Z') > 0 as fired;
select * from hopt.moves() order by at desc limit 1;

-- A queue released at a rate: the first at once, then one every ten minutes; what nobody could take is not lost.
delete from hopt.lead;
insert into hopt.lead select n from generate_series(1, 20) n;
insert into dist.hopper (name, object, claimable) values ('hopt queue', 'hopt', false);
insert into dist.transfer (name, object, to_hopper) values ('hopt fill', 'hopt', 'hopt queue');
insert into dist.transfer (name, object, from_hopper, to_distribution_rule) values ('hopt out', 'hopt', 'hopt queue', 'hopt turns'), ('hopt hank', 'hopt', 'hopt queue', 'hopt hank');
select hopt.clock('2097-03-01 10:00Z');
insert into dist.release (name, transfer, per_hour) values ('hopt drip', 'hopt out', 6);
select hopper, when_available, every, owner from dist.release where name = 'hopt drip';
update dist.transfer set row_limit = 7 where name = 'hopt fill';
select assigned from dist.execute('hopt fill', '2097-03-01 10:00Z');
select dist.tick('2097-03-01 10:00Z') as fired;
select kind, name, why, due_at, count(*) from dist.queue where object = 'hopt' group by 1, 2, 3, 4;
select dist.tick('2097-03-01 10:35Z') as fired;
select at, what, n from hopt.moves() where at > '03-01';
select dist.tick('2097-03-01 23:00Z') > 0 as fired;
select count(*) from dist.hopper_record where object = 'hopt';
-- After an outage it does not save up more than an hour's.
select hopt.clock('2097-03-02 10:00Z');
update dist.transfer set row_limit = 9 where name = 'hopt fill';
select assigned from dist.execute('hopt fill', '2097-03-02 10:00Z');
select dist.tick('2097-03-02 10:00Z') as fired;
select dist._serve_release('hopt drip', '2097-03-02 20:00Z', false);
select at, what, n from hopt.moves() where at > '03-02';
select min(later - earlier) as apart from (select a.at as later, lag(a.at) over (order by a.run_id) as earlier from dist.assignment a join dist.run r on r.id = a.run_id where r.transfer = 'hopt out' and a.at < '2097-03-02') x;

-- When a rep becomes available (his shift begins), or falls under his load (a cap on what is open).
update dist.release set active = false where name = 'hopt drip';
select kind, name, why, count(*) from dist.queue where object = 'hopt' group by 1, 2, 3;
insert into dist.cap (name, rep, object, per, most, predicate) values ('hopt open', 'hank', 'hopt', 'open', 2, 'not r.closed');
update hopt.lead set closed = true where owner is not null;
update dist.transfer set row_limit = 4 where name = 'hopt fill';
select hopt.clock('2097-03-03 07:00Z');
select assigned from dist.execute('hopt fill', '2097-03-03 07:00Z');
insert into dist.release (name, transfer, when_available, every) values ('hopt free', 'hopt hank', true, '5 minutes');
select dist.tick('2097-03-03 08:55Z') > 0 as fired;
select count(*) from hopt.moves() where at > '03-03';
select dist.tick('2097-03-03 10:02Z') > 0 as fired;
select * from hopt.moves() where at > '03-03';
update hopt.lead set closed = true where owner = 'hank' and id = (select min(id) from hopt.lead where owner = 'hank' and not closed);
select dist.tick('2097-03-03 10:10Z') > 0 as fired;
select * from hopt.moves() where at > '03-03';
-- What is excluded does not use up what a release lets go: it stays, and the next goes.
select hopt.clock('2097-04-01 10:00Z');
update dist.release set active = false;
delete from dist.cap;
delete from hopt.lead;
insert into hopt.lead select n from generate_series(101, 103) n;
select assigned from dist.execute('hopt fill', '2097-04-01 10:00Z');
insert into dist.exclusion (name, object, predicate) values ('hopt first', 'hopt', 'r.id = 101');
insert into dist.release (name, transfer, per_hour) values ('hopt slow', 'hopt out', 1);
select dist.tick('2097-04-01 10:00Z') > 0 as fired;
select r.trigger, r.transfer, r.assigned, r.reasons, (select string_agg(a.record_key, ',') from dist.assignment a where a.run_id = r.id) as moved
  from dist.run r where r.cause_name = 'hopt slow' order by r.id;
-- Where nothing can go there is no run, and nothing that speaks of one.
update dist.exclusion set predicate = 'r.id > 0' where name = 'hopt first';
select dist.tick('2097-04-01 11:30Z') > 0 as fired;
select count(*) as runs, (select count(*) from dist.unassigned u where u.object = 'hopt' and not exists (select from dist.run r where r.id = u.run_id)) as of_no_run
  from dist.run r where r.cause_name = 'hopt slow';
delete from dist.exclusion where object = 'hopt';
-- Refused.
select test.refused($$insert into dist.release (name, transfer, per_hour) values ('x', 'hopt fill', 1)$$);
select test.refused($$insert into dist.release (name, transfer, hopper, per_hour) values ('x', 'hopt out', 'hopt rule', 1)$$);
select test.refused($$insert into dist.release (name, transfer, per_hour) values ('x', 'hopt out', 0)$$);
select test.refused($$insert into dist.release (name, transfer) values ('x', 'hopt out')$$);
select test.refused($$insert into dist.release (name, transfer, when_available, every) values ('x', 'hopt out', true, '0')$$);
select test.refused($$delete from dist.transfer where name = 'hopt out'$$);
reset pg_dist.clock;
select test.forget_intent();
select kind, name from dist.task where name like 'hopt%';
set client_min_messages = warning;
drop schema hopt cascade;
