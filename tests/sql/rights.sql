-- Who may do what (invariants 6 and 7, Z7): what the three roles and PUBLIC can reach, that runs have their owner's rights,
-- and that nobody's text is run by somebody who does not trust them.
\pset tuples_only on
\pset format unaligned

-- PUBLIC has the schema and dist.as_of(), and nothing else: every relation, column, sequence and function is looked at.
select 'relation ' || c.relname from pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
 where c.relnamespace = 'dist'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and a.grantee = 0;
select 'column ' || t.attname from pg_attribute t join pg_class c on c.oid = t.attrelid
 where c.relnamespace = 'dist'::regnamespace and t.attacl is not null;
select 'function ' || p.oid::regprocedure from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
 where p.pronamespace = 'dist'::regnamespace and a.grantee = 0 order by p.oid::regprocedure::text collate "C";
select 'schema ' || a.privilege_type from pg_namespace n, aclexplode(n.nspacl) a where n.nspname = 'dist' and a.grantee = 0;
select 'default privileges' from pg_default_acl;

-- Who can write which relation; what is not listed, nobody but its owner can.
select c.relname || ': ' || string_agg(r.rolname || ' ' || p.privileges, '; ' order by r.rolname)
  from pg_class c
 cross join (values ('dist_reader'), ('dist_manager'), ('dist_admin'), ('test_outsider')) r(rolname)
 cross join lateral (select string_agg(w.p, ',') as privileges from unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) w(p)
                      where has_table_privilege(r.rolname, c.oid, w.p)) p
 where c.relnamespace = 'dist'::regnamespace and c.relkind in ('r', 'p', 'v') and p.privileges is not null
 group by c.relname order by c.relname;
-- Everybody of the three can read everything; others nothing.
select r.rolname || ': ' || case when bool_and(p.may) then 'all' when bool_or(p.may) then 'some' else 'none' end
  from pg_class c cross join (values ('dist_reader'), ('dist_manager'), ('dist_admin'), ('test_outsider')) r(rolname)
 cross join lateral (select has_table_privilege(r.rolname, c.oid, 'SELECT')) p(may)
 where c.relnamespace = 'dist'::regnamespace and c.relkind in ('r', 'p', 'v') group by r.rolname order by r.rolname;
-- What people call, and the least of the roles that may.
select p.proname || ': ' || case when has_function_privilege('test_outsider', p.oid, 'EXECUTE') then 'everybody'
                                 when has_function_privilege('dist_reader', p.oid, 'EXECUTE') then 'dist_reader'
                                 when has_function_privilege('dist_manager', p.oid, 'EXECUTE') then 'dist_manager'
                                 when has_function_privilege('dist_admin', p.oid, 'EXECUTE') then 'dist_admin' else 'nobody' end
  from pg_proc p where p.pronamespace = 'dist'::regnamespace and p.proname not like '\_%' order by p.proname;
-- Nothing runs as the extension's owner but these.
select p.oid::regprocedure || case when p.proconfig @> '{"search_path=pg_catalog, pg_temp"}' then ' (path pinned)' else ' (PATH OPEN)' end
  from pg_proc p where p.pronamespace = 'dist'::regnamespace and p.prosecdef order by 1;

create schema rights;
grant usage on schema rights to public;
create role test_other login in role dist_manager;
create role test_ops nologin in role dist_manager;
grant test_ops to test_manager;
create table rights.lead (id integer primary key, company text, moved_by name, owner text);
insert into rights.lead (id, company) values (1, 'Acme Sample'), (2, 'Bolt Sample');
create function rights.sign() returns trigger language plpgsql as $$ begin new.moved_by := current_user; return new; end $$;
create trigger sign before update on rights.lead for each row execute function rights.sign();
grant select on rights.lead to test_reader;
grant select, update on rights.lead to test_ops;
\c - test_admin
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'rights.lead', 'id', 'owner');
\c - test_manager
insert into dist.rep (rep) values ('ann'), ('ben');
insert into dist.team (team) values ('both');
insert into dist.team_member (team, rep) values ('both', 'ann'), ('both', 'ben');
insert into dist.distribution_rule (name, strategy, team) values ('turns', 'round_robin', 'both');
insert into dist.ruleset (name, object) values ('route', 'lead');
insert into dist.assignment_rule (ruleset, position, predicate, to_distribution_rule) values ('route', 1, 'r.company is not null', 'turns');
insert into dist.transfer (name, object, to_ruleset) values ('give', 'lead', 'route');
\c - postgres
update dist.object set written_by = 'postgres';

-- Outsiders can read and do nothing; as_of() they can call, for their functions may be part of a predicate.
\c - test_outsider
select test.refused('select from dist.run');
select test.refused('select from dist.rep');
select test.refused('select from dist.upcoming');
select test.refused($$insert into dist.rep (rep) values ('me')$$);
select test.refused($$select dist.execute('give')$$);
select test.refused($$select dist.preview('give')$$);
select test.refused($$select dist.explain('lead', '1')$$);
select test.refused($$select dist.undo(1)$$);
select test.refused($$select dist.tick()$$);
select test.refused($$select dist.pause('x')$$);
select test.refused($$select dist.next_runs_of(cron => '0 6 * * *')$$);
select test.refused('select dist._tick(now(), current_user)');
select test.refused($$create table dist.mine (id integer)$$);
select dist.as_of() is not null as as_of;

-- Readers read and preview; they change nothing (Z7).
\c - test_reader
select count(*) from dist.rep;
select count(*) >= 0 as views_work from dist.upcoming, dist.schedule_status, dist.failure, dist.fairness, dist.health, dist.policies;
select test.refused($$delete from dist.rep$$);
select test.refused($$update dist.schedule set enabled = false$$);
select test.refused($$delete from dist.run$$);
select test.refused($$select dist.execute('give')$$);
select test.refused($$select dist.run_now('x')$$);
select test.refused($$select dist.pause('x')$$);

-- Managers write rules and schedules, but neither objects nor policies, and least of all state and history.
\c - test_manager
select test.refused($$insert into dist.object (name, relation, key_column, owner_column) values ('o', 'rights.lead', 'id', 'owner')$$);
select test.refused($$update dist.policy set value = 1$$);
select test.refused($$update dist.pool set deficits = '{}'$$);
select test.refused($$delete from dist.assignment$$);
select test.refused($$insert into dist.run (trigger, started_at, finished_at, status, run_by) values ('execute', now(), now(), 'succeeded', 'me')$$);
select test.refused($$truncate dist.transfer$$);
select test.refused($$select nextval('dist.run_id_seq')$$);
select test.refused($$select dist._fire(1, now(), true)$$);
select test.refused($$select dist._arm(1, true)$$);
\c - test_admin
select test.refused($$delete from dist.unassigned$$);
select test.refused($$update dist.schedule_state set next_run_at = now()$$);

-- Who has no right on the user's table moves nothing of it, and leaves nothing behind. What is somebody else's he does not even see.
\c - test_other
update dist.transfer set description = description;
select count(*) from dist.transfer;
select test.refused($$select dist.preview('give')$$);
\c - postgres
update dist.transfer set written_by = 'test_other';
update dist.assignment_rule set written_by = 'test_other';
\c - test_other
select test.refused($$select dist.preview('give')$$);
select test.refused($$select dist.execute('give')$$);
select count(*) from dist.run where run_by = 'test_other';
select turns from dist.pool where distribution_rule = 'turns';

-- What test_other wrote last, others do not run: the row and its writer are named (invariant 7). A predicate of theirs would
-- be evaluated with the other's rights.
\c - test_manager
select test.refused($$select dist.execute('give')$$);
select test.refused($$select dist.preview('give')$$);
select test.refused($$select dist.explain('lead', '1', transfer => 'give')$$);
-- written_by is not for saying.
begin;
insert into dist.transfer (name, object, to_rep, written_by) values ('forged', 'lead', 'ann', 'postgres') returning written_by;
update dist.transfer set written_by = 'postgres' where name = 'forged' returning written_by;
insert into dist.assignment_rule (ruleset, position, predicate, to_rep) values ('route', 2, 'true', 'ann');
update dist.assignment_rule set written_by = 'postgres' returning written_by;
rollback;
-- A rename that cascades through rows is not their writing, neither to one's honour nor to one's shame.
update dist.ruleset set name = 'way' where name = 'route';
update dist.distribution_rule set name = 'both in turn' where name = 'turns';
select test.refused($$select dist.execute('give')$$);
\c - test_admin
select 'transfer ' || to_ruleset || ' by ' || written_by from dist.transfer;
select 'rule to ' || to_distribution_rule || ' by ' || written_by from dist.assignment_rule;
-- Once looked at and written again, it is one's own; written by a member of one's role it is trusted as well.
\c - postgres
grant test_other to test_manager;
\c - test_manager
update dist.transfer set description = 'looked at' where name = 'give';
\c - postgres
revoke test_other from test_manager;
\c - test_manager
select test.refused($$select dist.execute('give')$$);
\c - postgres
grant test_manager to test_other;
\c - test_manager
select status, assigned, run_by from dist.execute('give');
select id || ' ' || owner || ' moved by ' || moved_by from rights.lead order by id;
\c - postgres
revoke test_manager from test_other;
update rights.lead set owner = null;

-- A schedule's runs have its owner's rights, whoever starts them; only members of that role can (Z7).
update dist.assignment_rule set written_by = 'test_manager';
\c - test_manager
insert into dist.schedule (name, start_at, frequency, owner) values ('by ops', '2099-01-05 06:00', 'weekly', 'test_ops');
insert into dist.step (schedule, position, target) values ('by ops', 1, 'give');
select status, assigned, run_by from dist.run_now('by ops');
select id || ' ' || owner || ' moved by ' || moved_by from rights.lead order by id;
\c - test_other
select test.refused($$select dist.run_now('by ops')$$);
select dist.tick('2099-01-05 06:00+00') as fired;
select test.refused($$update dist.schedule set start_at = '2098-01-05 06:00' where name = 'by ops'$$);
select test.refused($$update dist.schedule set owner = 'test_other' where name = 'by ops'$$);
\c - postgres
update rights.lead set owner = null;
\c - test_manager
select dist.tick('2099-01-05 06:00+00') as fired;
select status, run_by, assigned from dist.run where schedule = 'by ops' and trigger = 'schedule';
select id || ' ' || owner || ' moved by ' || moved_by from rights.lead order by id;
-- The step's writer must be trusted like a rule's.
\c - test_admin
update dist.step set target = target where schedule = 'by ops';
\c - test_manager
select status, sqlstate, message, hint from dist.run_now('by ops');

-- A predicate's function that tries to become somebody else, under a superuser's hands: refused, the run fails, nothing moves.
\c - postgres
create function rights.escape(how text) returns boolean language plpgsql as $$ begin execute how; return true; end $$;
update rights.lead set owner = null;
\c - test_manager
insert into dist.schedule (name, start_at, owner) values ('escape', '2099-01-05 06:00', 'test_ops');
insert into dist.transfer (name, object, to_rep, predicate) values ('escape', 'lead', 'ann', 'rights.escape(''set role postgres'')');
insert into dist.step (schedule, position, target) values ('escape', 1, 'escape');
\c - postgres
select status, sqlstate, split_part(message, ' within', 1) from dist.run_now('escape');
update dist.transfer set predicate = 'rights.escape(''reset role'')', written_by = 'test_manager' where name = 'escape';
select status, sqlstate, split_part(message, ' within', 1) from dist.run_now('escape');
update dist.transfer set predicate = 'rights.escape(''set session authorization default'')', written_by = 'test_manager' where name = 'escape';
select status, sqlstate, split_part(message, ' within', 1) from dist.run_now('escape');
update dist.transfer set predicate = 'rights.escape($e$select set_config(''role'', ''postgres'', false)$e$)', written_by = 'test_manager' where name = 'escape';
select status, sqlstate, split_part(message, ' within', 1) from dist.run_now('escape');
-- What it may do is what its owner may.
update dist.transfer set predicate = 'rights.escape(''delete from dist.run'')', written_by = 'test_manager' where name = 'escape';
select status, sqlstate, message from dist.run_now('escape');
select session_user || ' ' || current_user;
select count(owner) from rights.lead;

select test.forget_intent();
set client_min_messages = warning;
drop schema rights cascade;
drop role test_other, test_ops;
