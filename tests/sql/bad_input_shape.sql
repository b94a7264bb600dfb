-- Every column of intent that must have a value, set to null, and every array, set to an array of arrays: refused with SQLSTATE, table and row, value and
-- a HINT of how to mend it (X13).
\pset tuples_only on
\pset format unaligned
set client_min_messages = warning;
create extension if not exists pg_dist;
begin;
create schema bsh;
create table bsh.lead (id integer primary key, name text, size integer, owner text);
create table bsh.side (id integer primary key, owner text);
insert into dist.object (name, relation, key_column, owner_column) values ('bsh', 'bsh.lead', 'id', 'owner');
insert into dist.calendar (name) values ('bsh');
insert into dist.shift values ('bsh', 1, '09:00', '17:00');
insert into dist.holiday values ('bsh', '2031-06-06', 'Some Day');
insert into dist.rep (rep, calendar) values ('bsh ada', 'bsh');
insert into dist.absence (rep, starts, ends) values ('bsh ada', '2031-06-02', '2031-06-09');
insert into dist.team (team) values ('bsh');
insert into dist.team_member (team, rep) values ('bsh', 'bsh ada');
insert into dist.distribution_rule (name, strategy, team) values ('bsh', 'performance', 'bsh');
insert into dist.measure (distribution_rule, measure, object) values ('bsh', 'handled', 'bsh');
insert into dist.book_segment (name, object, position) values ('bsh', 'bsh', 1);
insert into dist.book (object, rep, segment, target) values ('bsh', 'bsh ada', 'bsh', 3);
insert into dist.ruleset (name, object, default_to_rep) values ('bsh', 'bsh', 'bsh ada');
insert into dist.assignment_rule (ruleset, position, to_rep) values ('bsh', 1, 'bsh ada');
insert into dist.hopper (name, object, claimable) values ('bsh', 'bsh', false);
insert into dist.transfer (name, object, from_hopper, source, to_ruleset) values ('bsh', 'bsh', 'bsh', 'any', 'bsh');
insert into dist.release (name, hopper, transfer, per_hour) values ('bsh', 'bsh', 'bsh', 5);
insert into dist.segment (name, object, responsible_rep) values ('bsh', 'bsh', 'bsh ada'), ('bsh part', 'bsh', null);
insert into dist.segment_part (segment, part) values ('bsh', 'bsh part');
insert into dist.segment_related (segment, name, relation, key_column, join_on) values ('bsh', 'sides', 'bsh.side', 'id', '{"id": "id"}');
insert into dist.activity_plan (segment, name, subject, duration) values ('bsh', 'call', 'Call', '1 hour');
insert into dist.activity (rep, subject, starts_at, ends_at) values ('bsh ada', 'Dentist', '2031-06-20 10:30Z', '2031-06-20 11:00Z');
insert into dist.automation (name, object, on_insert, to_ruleset, active) values ('bsh', 'bsh', true, 'bsh', false);
insert into dist.cap (name, rep, per, most) values ('bsh', 'bsh ada', 'day', 5);
insert into dist.consumer (name) values ('bsh');
insert into dist.eligibility (name, object, rep, predicate) values ('bsh', 'bsh', 'bsh ada', 'r.size > 1');
insert into dist.exclusion (name, object, predicate) values ('bsh', 'bsh', 'r.size > 100');
insert into dist.formula (name, object, field, expression) values ('bsh', 'bsh', 'name', 'r.name || 1');
insert into dist.match (name, object, position, kind, own, other_object, other_column) values ('bsh', 'bsh', 1, 'key', 'r.name', 'bsh', 'name');
insert into dist.policy values ('history_days', 100) on conflict do nothing;
insert into dist.protection (name, object, predicate) values ('bsh', 'bsh', 'r.size > 50');
insert into dist.public_domain (domain) values ('bsh.example');
insert into dist.sla (name, object, within, touched_predicate) values ('bsh', 'bsh', '1 hour', 'r.size > 1');
insert into dist.variable (name, type, value) values ('bsh', 'integer', '3');
insert into dist.schedule (name, start_at, frequency) values ('bsh', '2999-01-01 06:00', 'daily');
insert into dist.step (schedule, action, target) values ('bsh', 'refresh_segment', 'bsh');
create function pg_temp.tried(relation text, attempt text, what text) returns setof text language plpgsql as $$
declare
    hint text;
begin
    execute format('update dist.%I set %I = %s where ctid = (select max(ctid) from dist.%I)', relation, attempt, what, relation);
    return next concat_ws(' ', relation, attempt, 'ACCEPTED');
exception when others then
    get stacked diagnostics hint = pg_exception_hint;
    if hint = '' or sqlerrm !~ ('^dist\.' || relation || ' (''.+''|\(unnamed\)): ') or position(attempt in sqlerrm) = 0 then
        return next concat_ws(' ', relation, attempt, sqlstate, sqlerrm, '//', hint);
    end if;
end $$;
-- Tables of intent that have no row here.
with intent as materialized (
    select c.relname from pg_class c
     where c.relnamespace = 'dist'::regnamespace and exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'check_row'))
select relname from intent where query_to_xml(format('select from dist.%I', relname), false, false, '')::text !~ '<row' order by 1;
create temp view must as
    select c.relname::text as relation, a.attname::text as field, a.attnotnull, a.atttypid in (select typarray from pg_type) as is_array
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity = ''
     where c.relnamespace = 'dist'::regnamespace and a.attname not in ('written_by', 'changed_at')
       and exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'check_row');
select count(*) > 100 from must where attnotnull;
-- (A release's hopper is that of its transfer, whatever is given.)
select t.* from must m, pg_temp.tried(m.relation, m.field, 'null') t where m.attnotnull order by 1;
select count(*) > 5 from must where is_array;
select t.* from must m, pg_temp.tried(m.relation, m.field, format('array[[null], [null]]::%s', (select format_type(a.atttypid, null) from pg_attribute a where a.attrelid = ('dist.' || m.relation)::regclass and a.attname = m.field))) t
 where m.is_array order by 1;
-- As people see it.
select test.refused($$update dist.team_member set weight = null where team = 'bsh'$$);
select test.refused($$insert into dist.cap (name, rep, per, most) values ('bsh x', 'bsh ada', 'day', null)$$);
select test.refused($$insert into dist.transfer (name, kind, object, from_reps) values ('bsh x', 'retrieval', 'bsh', '{{bsh ada}}')$$);
rollback;
