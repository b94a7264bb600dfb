-- Caps (X9): per rep, team or distribution rule; per hour, day, week, month or on what is open; of the calendar or rolling;
-- all at once. What a cap keeps from a rep goes to the others, and when all are full it is left with reason caps_full.
create schema cap;
grant usage on schema cap to public;
create table cap.lead (id integer primary key, stage text not null default 'new', owner text);
create table cap.deal (id integer primary key, owner text);
insert into cap.lead (id) select n from generate_series(1, 400) n;
insert into cap.deal (id) select n from generate_series(1, 100) n;
grant all on cap.lead, cap.deal to test_manager;
grant select on cap.lead to test_reader;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'cap.lead', 'id', 'owner'), ('deal', 'cap.deal', 'id', 'owner');
grant execute on function dist._cap_audit(text[]), dist._cap_memory(text) to test_manager;
\c - test_manager
insert into dist.rep (rep, time_zone) values ('ada', 'Europe/Berlin'), ('bob', 'America/New_York'), ('cyd', 'UTC');
insert into dist.team (team) values ('all'), ('two');
insert into dist.team_member (team, rep) values ('all', 'ada'), ('all', 'bob'), ('all', 'cyd'), ('two', 'ada'), ('two', 'bob');
insert into dist.distribution_rule (name, strategy, team) values ('turns', 'round_robin', 'all'), ('two turns', 'round_robin', 'two');
insert into dist.transfer (name, object, to_distribution_rule, row_limit) values ('leads', 'lead', 'turns', 9), ('deals', 'deal', 'two turns', 4);
insert into dist.transfer (name, object, to_rep, row_limit) values ('leads to ada', 'lead', 'ada', 2);
-- Who received how many in a run, and why the rest was left; a preview of it says the same.
create function pg_temp.given(transfer text, as_of timestamptz) returns text language plpgsql as $$
declare
    foreseen text;
    made dist.run;
    came text;
begin
    select array_agg(p order by p.record_key::integer)::text into foreseen from dist.preview(transfer, as_of) p;
    select * into made from dist.execute(transfer, as_of);
    if foreseen is distinct from (
            select array_agg((m.record_key, null, m.new_owner, null, m.reason) order by m.record_key::integer)::text
              from (select a.record_key, a.new_owner, a.reason from dist.assignment a where a.run_id = made.id
                    union all select u.record_key, null, u.reason from dist.unassigned u where u.run_id = made.id) m) then
        raise 'the preview was another one: %', foreseen;
    end if;
    select string_agg(format('%s %s', n.new_owner, n.n), ', ' order by n.new_owner) into came
      from (select a.new_owner, count(*) as n from dist.assignment a where a.run_id = made.id group by 1) n;
    return concat_ws('; ', came, nullif(made.reasons::text, '{}'));
end $$;
-- What has been counted is what the audit says, at any time.
create function pg_temp.as_audited() returns boolean language sql as $$
    select not exists ((select u.cap, u.rep, u.since, u.used from dist.cap_use u where u.used > 0
                        except select a.cap, a.rep, a.since, a.used from dist._cap_audit(array(select name from dist.cap)) a)
                       union all
                       (select a.cap, a.rep, a.since, a.used from dist._cap_audit(array(select name from dist.cap)) a
                        except select u.cap, u.rep, u.since, u.used from dist.cap_use u));
$$;

-- Each two a day, of their own days: on 2031-03-09, when New York's clocks change, it is the tenth in Berlin from 23:00 UTC on,
-- and in New York from 04:00 UTC on.
insert into dist.cap (name, per, most) values ('two a day', 'day', 2);
select pg_temp.given('leads', '2031-03-09 22:00+00');
select pg_temp.given('leads', '2031-03-09 22:59:59.999+00');
select pg_temp.given('leads', '2031-03-09 23:00+00');
select pg_temp.given('leads', '2031-03-10 00:00+00');
select pg_temp.given('leads', '2031-03-10 03:59+00');
select pg_temp.given('leads', '2031-03-10 04:00+00');
select * from dist._balance_of_caps('2031-03-10 04:30+00') order by cap, rep;
select rep, since, used from dist.cap_use order by rep, since;
-- A run about an instant of long before, or after, has the windows of that instant.
select pg_temp.given('leads', '2031-03-09 12:00+00');
select pg_temp.given('leads', '2031-03-08 12:00+00');
select pg_temp.given('leads', '2031-03-12 12:00+00');
-- To whom a record is given directly is capped as well.
select pg_temp.given('leads to ada', '2031-03-12 13:00+00');
select pg_temp.given('leads to ada', '2031-03-13 13:00+00');
select stage, item, outcome, detail from dist.explain('lead', (select min(id)::text from cap.lead where owner is null), 'leads to ada', as_of => '2031-03-13 13:00+00');
select stage, item, outcome, detail from dist.explain('lead', (select min(id)::text from cap.lead where owner is null), 'leads', as_of => '2031-03-09 22:00+00') where stage in ('rep', 'outcome');
select pg_temp.as_audited();

-- Caps stack: of all that cover a rep the least counts; one of another object, or of a rule, counts only that.
insert into dist.cap (name, per, most, rep) values ('one for bob', 'week', 1, 'bob');
insert into dist.cap (name, per, most, object) values ('one lead', 'day', 1, 'lead');
insert into dist.cap (name, per, most, distribution_rule) values ('three turns', 'month', 3, 'two turns');
select pg_temp.given('leads', '2031-04-01 12:00+00');
select pg_temp.given('deals', '2031-04-01 12:00+00');
select pg_temp.given('leads', '2031-04-02 12:00+00');
select pg_temp.given('deals', '2031-04-02 12:00+00');
select pg_temp.given('deals', '2031-04-03 12:00+00');
select * from dist._balance_of_caps('2031-04-03 12:00+00') where cap <> 'two a day'  order by cap, rep;
select pg_temp.as_audited();

-- A team together, by the clock of one place; a rep by itself within it.
update dist.cap set active = false;
insert into dist.cap (name, per, most, team, counts, time_zone) values ('five of two', 'day', 5, 'two', 'together', 'Asia/Tokyo');
insert into dist.cap (name, per, most, rep) values ('ada at most one', 'day', 1, 'ada');
select pg_temp.given('leads', '2031-05-05 14:59+00');
select pg_temp.given('deals', '2031-05-05 14:59+00');
select pg_temp.given('deals', '2031-05-05 15:00+00');
select * from dist._balance_of_caps('2031-05-05 15:00+00') order by cap, rep;
select pg_temp.as_audited();

-- Undo gives back (X5), whatever became of the cap meanwhile, and what was undone can be used again at once.
select run_id as last from dist.assignment order by run_id desc limit 1 \gset
select (dist.undo(:last)).assigned;
select * from dist._balance_of_caps('2031-05-05 15:00+00') order by cap, rep;
select pg_temp.as_audited();
select pg_temp.given('deals', '2031-05-05 15:00+00');
select run_id as last from dist.assignment order by run_id desc limit 1 \gset
update dist.cap set counts = 'each', time_zone = null where name = 'five of two';
select pg_temp.as_audited();
-- One of four has moved on, and stays counted.
update cap.deal set owner = 'cyd' where id = (select record_key::integer from dist.assignment where run_id = :last and new_owner = 'bob' limit 1);
select (dist.undo(:last)).assigned;
select cap, rep, used from dist._balance_of_caps('2031-05-05 15:00+00') order by cap, rep;
select pg_temp.as_audited();

-- None at all, and passive.
update dist.cap set active = false;
insert into dist.cap (name, per, most) values ('nobody', 'hour', 0);
select pg_temp.given('leads', '2031-06-01 12:00+00');
update dist.cap set active = false;
select pg_temp.given('leads', '2031-06-01 12:00+00');

-- Rolling: an hour is never passed at any minute; a run about earlier minutes counts in all hours that contain it.
insert into dist.cap (name, per, most, rolling, rep) values ('four an hour', 'hour', 4, true, 'ada');
select pg_temp.given('leads to ada', '2031-07-01 10:00:30+00');
select pg_temp.given('leads to ada', '2031-07-01 10:40:00+00');
select pg_temp.given('leads to ada', '2031-07-01 10:59:59+00');
select pg_temp.given('leads to ada', '2031-07-01 11:00:29+00');
select pg_temp.given('leads to ada', '2031-07-01 11:01:00+00');
select pg_temp.given('leads to ada', '2031-07-01 10:20:00+00');
select pg_temp.given('leads to ada', '2031-07-01 09:30:00+00');
select pg_temp.given('leads to ada', '2031-07-01 09:30:00+00');
select pg_temp.given('leads to ada', '2031-07-01 09:50:00+00');
select pg_temp.given('leads to ada', '2031-07-01 12:30:00+00');
select since, used from dist.cap_use where cap = 'four an hour' order by since;
-- Of all sixty minutes in which anything was received none has more than four.
select max(n) from (select count(*) over (order by at range between interval '1 hour' preceding and current row) as n
                      from dist.assignment where at > '2031-07-01' and at < '2031-07-02' and new_owner = 'ada') w;
select * from dist._balance_of_caps('2031-07-01 10:30+00');
select stage, item, outcome, detail from dist.explain('lead', '400', 'leads to ada', as_of => '2031-07-01 10:45+00') where stage = 'rep';
select pg_temp.as_audited();

-- A cap that is written counts what was received before, and one that comes to mean something else counts anew.
update dist.cap set active = false;
insert into dist.cap (name, per, most, team) values ('of july', 'month', 1000, 'all');
select pg_temp.given('deals', '2031-07-02 03:00+00');
select cap, rep, since, used from dist._balance_of_caps('2031-07-01 12:00+00') order by rep;
update dist.cap set per = 'day', distribution_rule = 'turns' where name = 'of july';
select cap, rep, since, used from dist._balance_of_caps('2031-07-01 12:00+00') order by rep;
update dist.cap set per = 'month', distribution_rule = null, object = 'deal' where name = 'of july';
select cap, rep, since, used from dist._balance_of_caps('2031-07-01 12:00+00') order by rep;
update dist.cap set object = null where name = 'of july';
update dist.rep set time_zone = 'Asia/Tokyo' where rep = 'ada';
select cap, rep, since, used from dist._balance_of_caps('2031-07-01 12:00+00') order by rep;
delete from dist.team_member where team = 'all' and rep = 'ada';
select cap, rep, since, used from dist._balance_of_caps('2031-07-01 12:00+00') order by rep;
insert into dist.team_member (team, rep) values ('all', 'ada');
select cap, rep, since, used from dist._balance_of_caps('2031-07-01 12:00+00') order by rep;
select pg_temp.as_audited();
-- A rep's new name takes it along.
update dist.rep set rep = 'ann' where rep = 'ada';
select cap, rep, since, used from dist._balance_of_caps('2031-07-01 12:00+00') order by rep;
update dist.rep set rep = 'ada' where rep = 'ann';
-- Raising a cap needs no counting.
select sum(taken) as before from dist.cap_state \gset
update dist.cap set most = 2000 where name = 'of july';
select sum(taken) = :before from dist.cap_state;

-- In a schedule the second step counts what the first has given.
update dist.cap set active = false;
insert into dist.cap (name, per, most, rep) values ('three a day', 'day', 3, 'ada');
insert into dist.schedule (name, start_at) values ('twice', '2099-01-01 00:00');
insert into dist.step (schedule, position, target) values ('twice', 1, 'leads to ada'), ('twice', 2, 'leads to ada');
update dist.transfer set row_limit = 2 where name = 'leads to ada';
select assigned, unassigned, reasons from dist.run_now('twice');
-- dist.preview_schedule takes all back.
select count(*) from dist.preview_schedule('twice', '2031-08-01');
select sum(used) from dist.cap_use where cap = 'three a day';
-- What fails counts nothing.
insert into dist.transfer (name, object, to_rep, predicate) values ('broken', 'lead', 'ada', '1 / (r.id - r.id) = 0');
update dist.step set target = 'broken' where position = 2;
update dist.cap set most = 100 where name = 'three a day';
select status, message from dist.run_now('twice');
begin;
select count(*) from dist.execute('leads to ada', '2031-08-02');
rollback;
select sum(used) from dist.cap_use where cap = 'three a day';
select pg_temp.as_audited();

-- A run inside of a run (a trigger on the records calls pg_dist) must not count by the same cap: the outer one had looked
-- at what is left before.
\c - postgres
create function cap.inside() returns trigger language plpgsql as $$ begin perform dist.execute('deals', '2031-09-01'); return null; end $$;
create trigger inside after update on cap.lead for each row when (new.id = 300) execute function cap.inside();
update cap.deal set owner = null;
\c - test_manager
insert into dist.transfer (name, object, to_rep, predicate) values ('lead 300', 'lead', 'ada', 'r.id = 300');
select test.refused($$select dist.execute('lead 300', '2031-09-01')$$);
select * from dist._balance_of_caps('2031-09-01');
update dist.cap set active = false;
select (dist.execute('lead 300', '2031-09-01')).assigned;
update dist.cap set active = true, most = 3 where name = 'three a day';

-- Nothing is kept that no window needs any more.
select count(*) from generate_series(timestamptz '2020-01-01', '2020-02-01', '1 day') d, lateral dist.execute('leads to ada', d) x;
select count(*), min(since) from dist.cap_use where cap = 'three a day' and since < '2021-01-01';
\c - postgres
select test.forget_intent();
drop schema cap cascade;
