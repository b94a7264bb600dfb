-- What the soak test routes: three tables, four owners of schedules, rules that share a pool, and recurrences of a
-- second or two. Run by a superuser once; every session of the load is one of an ordinary role.

set client_min_messages = warning;
create extension pg_dist;

create role ann login;
create role bob login;
create role cid login;
create role dee login;
create role web login;
create role another_tool login;
create role auditor login;
grant dist_manager to ann, bob, cid, dee;
grant dist_reader to auditor;

create schema crm;
create table crm.lead (
    id     bigint generated always as identity primary key,
    region text not null,
    tier   integer not null,
    stale  boolean not null default false,
    rep    text
);
create index on crm.lead (rep);
create table crm.account (id uuid primary key default gen_random_uuid(), size integer not null, rep text);
create index on crm.account (rep);
create table crm.ticket (id text primary key, rep text);
create index on crm.ticket (rep);

-- The truth about owners, kept by the tables themselves: what dist.assignment says is compared with it. n is drawn
-- while the record is locked, so per record it ascends in the order in which its changes committed.
create table crm.change (
    n          bigint generated always as identity,
    object     text not null,
    record_key text not null,
    was        text,
    becomes    text,
    tool       boolean not null
);
create function crm.note_change() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into crm.change (object, record_key, was, becomes, tool)
    values (tg_table_name,
            case when tg_op = 'DELETE' then old.id::text else new.id::text end,
            case when tg_op <> 'INSERT' then old.rep end,
            case when tg_op <> 'DELETE' then new.rep end,
            -- Everything else that changes an owner here is a run or an undo.
            session_user in ('another_tool', 'web'));
    return null;
end $$;
create function crm.take_time() returns trigger language plpgsql as $$ begin perform pg_sleep(0.005); return new; end $$;
do $$
declare
    t text;
begin
    foreach t in array array['lead', 'account', 'ticket'] loop
        execute format('create trigger note_update after update of rep on crm.%I
                            for each row when (old.rep is distinct from new.rep) execute function crm.note_change()', t);
        execute format('create trigger note_insert after insert on crm.%I
                            for each row when (new.rep is not null) execute function crm.note_change()', t);
        execute format('create trigger note_delete after delete on crm.%I
                            for each row when (old.rep is not null) execute function crm.note_change()', t);
    end loop;
end $$;
-- Runs over tickets take long enough to be hit in the middle.
create trigger take_time before update on crm.ticket for each row execute function crm.take_time();

-- Some runs are to fail: with 0 in here, and then with "division by zero" and nothing else.
create table crm.fault (divisor integer not null);
insert into crm.fault values (1);

-- When each plan held. It was written between two readings of the clock, so a due instant between them may belong to
-- the plan before it or to this one; all others belong to one for certain.
create table crm.plan (
    n        bigint generated always as identity primary key,
    schedule text not null,
    seconds  integer[],
    once     timestamptz,
    maybe_from   timestamptz not null,
    certain_from timestamptz not null
);
create index on crm.plan (schedule);
create table crm.refused (n bigint generated always as identity primary key, message text not null);

-- The seconds of a minute that each cron expression means, by hand and not by pg_dist.
create table crm.recurrence (cron text primary key, seconds integer[] not null);
insert into crm.recurrence values
    ('* * * * * *',      array(select generate_series(0, 59))),
    ('*/2 * * * * *',    array(select generate_series(0, 58, 2))),
    ('1-59/2 * * * * *', array(select generate_series(1, 59, 2))),
    ('*/3 * * * * *',    array(select generate_series(0, 57, 3))),
    ('*/4 * * * * *',    array(select generate_series(0, 56, 4))),
    ('2-59/5 * * * * *', array(select generate_series(2, 57, 5))),
    ('*/5 * * * * *',    array(select generate_series(0, 55, 5)));

grant usage on schema crm to public;
grant select, update on crm.lead, crm.account, crm.ticket to ann, bob, cid, dee;
grant select on crm.fault to ann, bob, cid, dee;
grant select, insert on crm.lead, crm.account, crm.ticket to web;
grant select, update, delete on crm.lead, crm.account, crm.ticket to another_tool;
grant select, update on crm.fault to another_tool;
grant insert on crm.plan, crm.refused to ann, bob, cid, dee;
grant select on crm.plan, crm.recurrence to ann, bob, cid, dee;
grant select on all tables in schema crm to auditor;

-- Rules ---------------------------------------------------------------------------------------------------------

-- No schedule is to be suspected because of what is done to it here.
insert into dist.policy (name, value) values ('misfire_grace', 1), ('unassigned_rows', 100), ('crash_limit', 1000000);
insert into dist.object (name, relation, key_column, owner_column)
values ('lead', 'crm.lead', 'id', 'rep'), ('account', 'crm.account', 'id', 'rep'), ('ticket', 'crm.ticket', 'id', 'rep');
insert into dist.rep (rep) select format('rep %s', n) from generate_series(1, 9) n;
insert into dist.team (team) values ('north'), ('south'), ('everybody');
insert into dist.team_member (team, rep) select 'north', format('rep %s', n) from generate_series(1, 4) n;
insert into dist.team_member (team, rep) select 'south', format('rep %s', n) from generate_series(5, 7) n;
insert into dist.team_member (team, rep, weight)
values ('everybody', 'rep 1', 1), ('everybody', 'rep 3', 2), ('everybody', 'rep 5', 3.5), ('everybody', 'rep 8', 0.5),
       ('everybody', 'rep 9', 5);
insert into dist.distribution_rule (name, strategy, team)
values ('north in turn', 'round_robin', 'north'), ('south in turn', 'round_robin', 'south'),
       ('shared', 'weighted', 'everybody'), ('given again', 'weighted', 'everybody'), ('tickets in turn', 'round_robin', 'south'), ('by hand', 'round_robin', 'north');
insert into dist.ruleset (name, object, default_to_distribution_rule) values ('lead rules', 'lead', 'shared');
insert into dist.assignment_rule (ruleset, position, predicate, to_rep, to_distribution_rule)
values ('lead rules', 1, 'r.tier = 9', 'rep 1', null),
       ('lead rules', 2, 'r.region = ''north''', null, 'north in turn'),
       ('lead rules', 3, 'r.region = ''south''', null, 'south in turn');

-- Transfers and schedules: written by those whose runs they are -----------------------------------------------

create function crm.schedule(name text, cron text, misfire text, targets text[], max_runs integer default null,
                             overlap text default 'skip', attempts integer default 1, pause_after integer default null,
                             run_timeout interval default null, misfire_max integer default null) returns void
    language plpgsql
as $$
declare
    before timestamptz := clock_timestamp();
begin
    insert into dist.schedule (name, cron, misfire, max_runs, overlap, attempts, retry_after, pause_after, run_timeout, misfire_max)
    values (name, cron, misfire, max_runs, overlap, attempts, '0.7 s', pause_after, run_timeout, misfire_max);
    insert into dist.step (schedule, position, target)
    select name, t.n, t.target from unnest(targets) with ordinality t(target, n);
    insert into crm.plan (schedule, seconds, maybe_from, certain_from)
    select name, r.seconds, before, clock_timestamp() from crm.recurrence r where r.cron = $2;
end $$;

set session authorization ann;
insert into dist.transfer (name, object, to_ruleset, row_limit) values ('route leads', 'lead', 'lead rules', 200);
insert into dist.transfer (name, object, to_distribution_rule, row_limit, predicate)
values ('hand out', 'lead', 'by hand', 5, 'r.tier < 9');
select crm.schedule('leads, each second', '* * * * * *', 'one', '{route leads}');
select crm.schedule('leads, every instant', '*/2 * * * * *', 'all', '{route leads}');
select crm.schedule('leads, in time or not', '1-59/2 * * * * *', 'skip', '{route leads}');
select crm.schedule('leads, the latest three', '* * * * * *', 'all', '{hand out}', misfire_max => 3);

-- What is taken back is given out again in the same run.
set session authorization bob;
insert into dist.transfer (name, kind, object, predicate, row_limit, set_fields)
values ('take stale leads', 'retrieval', 'lead', 'r.stale', 50, '{"stale": false}');
insert into dist.transfer (name, object, to_distribution_rule, row_limit)
values ('give leads', 'lead', 'given again', 50), ('give tickets', 'ticket', 'tickets in turn', 50);
select crm.schedule('rebalance', '*/3 * * * * *', 'one', '{take stale leads,give leads}');
select crm.schedule('rebalance, every instant', '2-59/5 * * * * *', 'all', '{take stale leads,give leads}');
select crm.schedule('edited 1', '*/2 * * * * *', 'one', '{give leads}');
select crm.schedule('edited 2', '*/2 * * * * *', 'all', '{take stale leads}');
select crm.schedule('edited 3', '*/2 * * * * *', 'skip', '{take stale leads,give leads}');
select crm.schedule('edited 4', '*/2 * * * * *', 'one', '{give tickets,give leads}');
insert into dist.transfer (name, object, to_distribution_rule, row_limit, predicate)
values ('faulty leads', 'lead', 'shared', 20, '1 / (select f.divisor from crm.fault f) = 1 and r.stale');
select crm.schedule('faulty, edited 5', '* * * * * *', 'one', '{faulty leads}', attempts => 3);
select crm.schedule('faulty, stops', '*/2 * * * * *', 'one', '{faulty leads}', attempts => 2, pause_after => 2);

set session authorization cid;
insert into dist.transfer (name, object, to_distribution_rule, row_limit)
values ('route tickets', 'ticket', 'tickets in turn', 100);
select crm.schedule('tickets', '*/2 * * * * *', 'one', '{route tickets}');
select crm.schedule('tickets, in time or not', '*/5 * * * * *', 'skip', '{route tickets}');
select crm.schedule('tickets, one after the other', '* * * * * *', 'one', '{route tickets}', overlap => 'queue_one');
select crm.schedule('hurried', '*/3 * * * * *', 'all', '{route tickets}', attempts => 2, run_timeout => '100 ms');

-- Accounts take their turns from the same pool as leads.
set session authorization dee;
insert into dist.transfer (name, object, to_distribution_rule, row_limit) values ('route accounts', 'account', 'shared', 100);
insert into dist.transfer (name, object, to_distribution_rule, predicate)
values ('faulty', 'account', 'north in turn', '1 / (select f.divisor from crm.fault f) = 1 and r.size > 500');
select crm.schedule('accounts, every instant', '1-59/2 * * * * *', 'all', '{route accounts}');
select crm.schedule('faulty', '*/4 * * * * *', 'one', '{faulty}');
select crm.schedule('faulty, every instant', '*/3 * * * * *', 'all', '{route accounts,faulty}');
select crm.schedule('faulty, again and again', '*/2 * * * * *', 'one', '{faulty}', attempts => 4, overlap => 'queue_one');
reset session authorization;
