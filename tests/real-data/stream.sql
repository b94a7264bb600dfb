-- A marketplace's leads as they came in, day by day, beside another tool: what is said to pg_dist. An automation with a wait
-- (L1, C3), exclusions of an object, a ruleset and an automation (C1), owners left alone (C2), rules to a round robin or a
-- hopper (L3, L5), claims under a limit (L6), and service levels (X10). stream-play.sql plays it, stream-check.sql judges it.
--
-- The period is 2018-01-29 to 2018-03-25: eight weeks, 2 124 of the 8 000 leads, with a carnival (two holidays), the end of
-- summer time in Brazil, and a day on which Lisbon's begins.
\set QUIET on
create role other_tool;
grant set on parameter pg_dist.clock to sales_ops, other_tool;
grant usage, create on schema funnel to other_tool;
create table funnel.lead (like funnel.arrived including all, owner text);
-- Calls that reps made, meetings that the other tool has booked, and who took a lead from whom, told by the table itself.
create table funnel.call (mql_id text not null, rep text not null, at timestamptz not null);
create table funnel.meeting (mql_id text not null, booked_on date not null);
create table funnel.moved (n bigint generated always as identity, mql_id text not null, old_owner text, new_owner text, at timestamptz not null, by name not null);
create table funnel.asked (n bigint generated always as identity, rep text not null, at timestamptz not null, got bigint not null);
create index on funnel.call (mql_id);
create index on funnel.meeting (mql_id);
grant select on funnel.arrived, funnel.deal to other_tool;
grant select, insert, update, delete on funnel.lead, funnel.meeting to other_tool;
grant insert on funnel.moved to other_tool;
alter table funnel.lead owner to sales_ops;
alter table funnel.call owner to sales_ops;
alter table funnel.meeting owner to sales_ops;
alter table funnel.moved owner to sales_ops;
alter table funnel.asked owner to sales_ops;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'funnel.lead', 'mql_id', 'owner');
set session authorization sales_ops;
create function funnel.note_move() returns trigger language plpgsql as $$
begin
    insert into funnel.moved (mql_id, old_owner, new_owner, at, by)
    values (new.mql_id, old.owner, new.owner, current_setting('pg_dist.clock')::timestamptz, current_user);
    return null;
end $$;
create trigger note_move after update of owner on funnel.lead
    for each row when (old.owner is distinct from new.owner) execute function funnel.note_move();

-- Who works here. The eight busiest development reps take turns, the next three look again; five who closed many deals, and
-- are none of these, claim.
create table funnel.person (rep text primary key, name text not null, team text, place integer, zone text not null);
insert into funnel.person
select s.sdr_id, format('sdr %s', n), case when n <= 8 then 'sdrs' else 'seniors' end, n,
       case n when 4 then 'America/Manaus' when 6 then 'Europe/Lisbon' else 'America/Sao_Paulo' end
  from (select sdr_id, row_number() over (order by count(*) desc, sdr_id) as n from funnel.deal group by sdr_id) s
 where n <= 11;
insert into funnel.person
select s.sr_id, format('closer %s', n), 'closers', n, (array['America/Sao_Paulo', 'America/Sao_Paulo', 'America/Manaus', 'Europe/Lisbon', 'Asia/Tokyo'])[n]
  from (select sr_id, row_number() over (order by count(*) desc, sr_id) as n
          from funnel.deal where sr_id not in (select rep from funnel.person) group by sr_id) s
 where n <= 5;
insert into funnel.person values ('partner desk', 'partner desk', null, null, 'America/Sao_Paulo'), ('nurture', 'nurture', null, null, 'America/Sao_Paulo');

insert into dist.calendar (name) values ('office');
insert into dist.shift select 'office', d, '09:00', '18:00' from generate_series(1, 5) d;
insert into dist.holiday values ('office', '2018-02-12', 'Carnival'), ('office', '2018-02-13', 'Carnival');
insert into dist.rep (rep, name, time_zone, calendar) select rep, name, zone, case when team is not null then 'office' end from funnel.person;
insert into dist.team (team) select distinct team from funnel.person where team is not null;
insert into dist.team_member (team, rep, position) select team, rep, place from funnel.person where team is not null;
insert into dist.absence (rep, starts, ends, reason) select rep, '2018-02-19', '2018-03-03', 'leave' from funnel.person where name = 'sdr 3';

insert into dist.distribution_rule (name, strategy, team, if_unavailable)
values ('sdrs in turn', 'round_robin', 'sdrs', 'assign_anyway'), ('seniors in turn', 'round_robin', 'seniors', 'assign_anyway');
insert into dist.hopper (name, object, ranking, claim_limit, expires_after, expire_to_rep)
values ('fresh', 'lead', $$array_position('{direct traffic,email,social}', r.origin)$$, 3, '72 hours', 'nurture');
insert into dist.ruleset (name, object, default_to_hopper) values ('by origin', 'lead', 'fresh');
insert into dist.assignment_rule (ruleset, position, name, criteria, to_distribution_rule, to_hopper, to_rep, on_owned) values
    ('by origin', 1, 'searched for us', '{"field": "origin", "op": "in", "value": ["paid search", "organic search"]}', 'sdrs in turn', null, null, null),
    ('by origin', 2, 'referred', '{"field": "origin", "op": "=", "value": "referral"}', null, 'fresh', 'partner desk', 'skip');
insert into dist.automation (name, object, criteria, to_ruleset, wait)
values ('new leads', 'lead', '{"field": "origin", "op": "is not null"}', 'by origin', '10 minutes');
insert into dist.exclusion (name, object, ruleset, automation, criteria) values
    ('partner page', 'lead', null, null, '{"field": "landing_page_id", "op": "=", "value": "40dec9f3d5259a3d2dbcdab2114fae47"}'),
    ('agency', null, null, 'new leads', '{"field": "origin", "op": "=", "value": "other publicities"}'),
    ('meeting booked', null, 'by origin', null, '{"related": "funnel.meeting", "on": {"mql_id": "mql_id"}}');
insert into dist.sla (name, object, distribution_rule, team, within, touched_predicate, on_breach, to_distribution_rule, to_hopper, max_attempts)
select name, 'lead', rule, team, within::interval, 'exists (select from funnel.call k where k.mql_id = r.mql_id and k.rep = c.rep and k.at >= c.started_at)',
       breach, other_rule, hopper, attempts
  from (values ('called in four hours', 'sdrs in turn', null, '4 hours', 'reassign', 'seniors in turn', null, 3),
               ('worked in six hours', null, 'closers', '6 hours', 'hopper', null, 'fresh', 2))
       as s(name, rule, team, within, breach, other_rule, hopper, attempts);
