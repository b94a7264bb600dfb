-- Objects (X1): keys and owners of every type, names that need quotes, tables outside the search path, partitions and
-- inheritance, domains, row security, and columns named like pg_dist's own aliases; and no change to the user's table.
create schema "Sales CRM";
grant usage on schema "Sales CRM" to public;
create domain "Sales CRM"."Lead Number" as bigint check (value > 0);
create domain "Sales CRM".person as varchar(6) check (value <> 'nobody');

create function test.shape(relation regclass) returns text language sql as $$
    select md5(concat(
        (select string_agg(concat_ws(' ', a.attnum, a.attname, a.atttypid::regtype, a.atttypmod, a.attnotnull, a.atthasdef, a.attisdropped, a.attacl), ',' order by a.attrelid::regclass::text, a.attnum)
           from pg_attribute a where a.attrelid in (select relid from (select relation as relid union select inhrelid from pg_inherits where inhparent = relation) t)),
        (select string_agg(pg_get_constraintdef(oid), ',' order by conname) from pg_constraint where conrelid = relation),
        (select string_agg(pg_get_indexdef(indexrelid), ',' order by indexrelid) from pg_index where indrelid = relation),
        (select string_agg(pg_get_triggerdef(oid), ',' order by tgname) from pg_trigger where tgrelid = relation),
        (select string_agg(rulename, ',' order by rulename) from pg_rewrite where ev_class = relation),
        (select concat_ws(' ', relkind, relacl, relrowsecurity, relforcerowsecurity, relhastriggers, relhasrules, reloptions, relreplident) from pg_class where oid = relation)))
$$;

-- Every key type with every owner type, under names that need quotes: six records, the first is somebody's already. Says
-- what held: the run, who got what in the order of the keys, the keys in the audit, explain, undo, the table's definition.
create function pg_temp.combine(key_type text, owner_type text, keys text, reps text[]) returns text language plpgsql as $$
declare
    before text;
    seen text;
    made dist.run;
begin
    execute format('create table "Sales CRM"."Lead Table" ("Lead Id" %s primary key, "Owner" %s, note text)', key_type, owner_type);
    execute format('insert into "Sales CRM"."Lead Table" select %s, case when n = 1 then %L::text::%s end from generate_series(1, 6) n',
                   keys, reps[1], owner_type);
    before := test.shape('"Sales CRM"."Lead Table"');
    insert into dist.object (name, relation, key_column, owner_column) values ('Lead "1"', '"Sales CRM"."Lead Table"', 'Lead Id', 'Owner');
    insert into dist.rep (rep) select unnest(reps);
    insert into dist.team (team) values ('two');
    insert into dist.team_member (team, rep, position) select 'two', u.rep, u.n from unnest(reps) with ordinality u(rep, n);
    insert into dist.distribution_rule (name, strategy, team) values ('it''s turns', 'round_robin', 'two');
    insert into dist.transfer (name, object, source, predicate, to_distribution_rule, set_fields)
    values ('give', 'Lead "1"', 'any', 'r."Lead Id" is not null', 'it''s turns', '{"note": "given"}');
    made := dist.execute('give');
    execute 'select string_agg(concat_ws(''>'', "Lead Id", "Owner", note), '','' order by n) from (select *, '
            'row_number() over (order by "Lead Id") as n from "Sales CRM"."Lead Table") l where n > 1' into seen;
    return concat_ws(', ',
        case when made.assigned = 5 and made.reasons = '{"already_owned": 1}' then 'run' end,
        case when seen = (select string_agg(a.record_key || '>' || reps[2 - a.seq % 2] || '>given', ',' order by a.seq)
                            from dist.assignment a where a.run_id = made.id) then 'audit' end,
        case when (select e.outcome from dist.explain('Lead "1"', (select a.record_key from dist.assignment a where a.run_id = made.id and a.seq = 3),
                                                      transfer => 'give') e where e.stage = 'outcome') = 'left where it is' then 'explain' end,
        case when (dist.undo(made.id)).assigned = 5 then 'undo' end,
        case when before = test.shape('"Sales CRM"."Lead Table"') then 'unchanged' end);
end $$;
do $$
declare
    k record;
    o record;
    held text;
    different integer := 0;
begin
    for k in select * from (values ('smallint', 'n'), ('integer', 'n'), ('bigint', '9007199254740990 + n'), ('uuid', 'lpad(n::text, 32, ''0'')::uuid'),
                            ('text collate "C"', $k$'it''s "' || n || '\'$k$), ('varchar(40) collate "C"', $k$'K ' || n$k$), ('"Sales CRM"."Lead Number"', 'n')) k(type, keys) loop
        for o in select * from (values ('smallint', '{7,12}'::text[]), ('integer', '{7,12}'), ('bigint', '{9007199254740993,-12}'), ('text', '{"Ann \"A\" O''Neil","ben\\"}'),
                                ('uuid', '{00000000-0000-0000-0000-00000000000a,00000000-0000-0000-0000-00000000000b}'),
                                ('varchar(40)', '{ann smith,Ben}'), ('"Sales CRM".person', '{ann,ben}')) o(type, reps) loop
            held := pg_temp.combine(k.type, o.type, k.keys, o.reps);
            if held <> 'run, audit, explain, undo, unchanged' then
                raise warning 'key %, owner %: only %', k.type, o.type, held;
                different := different + 1;
            end if;
            perform test.forget_intent();
            drop table "Sales CRM"."Lead Table";
        end loop;
    end loop;
    raise warning '% combinations were not as they should be', different;
end $$;

-- Partitions: by list and by range, one below the other; the key is unique only with its partition's column.
create schema objects;
grant usage on schema objects to public;
create table objects.lead (id integer, region text, day date, owner text, primary key (id, region, day)) partition by list (region);
create table objects.lead_north partition of objects.lead for values in ('north');
create table objects.lead_other partition of objects.lead default partition by range (day);
create table objects.lead_old partition of objects.lead_other for values from (minvalue) to ('2030-01-01');
create table objects.lead_new partition of objects.lead_other for values from ('2030-01-01') to (maxvalue);
insert into objects.lead select n, case n % 3 when 0 then 'north' else 'south' end, case when n % 2 = 0 then date '2029-05-01' else '2030-05-01' end from generate_series(1, 9) n;
-- Inheritance: records of the children are records as well.
create table objects.account (id integer primary key, owner text);
create table objects.key_account (rating text) inherits (objects.account);
insert into objects.account select n from generate_series(1, 3) n;
insert into objects.key_account select n, null, 'A' from generate_series(4, 6) n;
-- Names that pg_dist uses itself, and the order by one of them.
create table objects.clash (key integer primary key, r text, rep text, tid text, n integer, old text, d_key integer, d_tid text, d_leaf integer, d_owner text,
                            d_owner_number integer, d_fields text, d_table text, p text, new_owner text, m text, d text, tab text, here text, moved text, fields text, was text, owner text);
insert into objects.clash (key, n, d_key, d_leaf, d_tid) select n, -n, 10 - n, n % 2, (10 - n)::text from generate_series(1, 5) n;
-- A key that PostgreSQL generates, and an owner column in the middle.
create table objects.generated (id bigint generated always as identity primary key, owner smallint, twice bigint generated always as (owner * 2) stored);
insert into objects.generated (owner) values (null), (null);
grant select, update on all tables in schema objects to test_manager;
create table objects.shape_before as
    select c.oid::regclass as relation, test.shape(c.oid) as shape from pg_class c where c.relnamespace = 'objects'::regnamespace and c.relkind in ('r', 'p');
insert into dist.object (name, relation, key_column, owner_column) values
    ('lead', 'objects.lead', 'id', 'owner'), ('account', 'objects.account', 'id', 'owner'), ('clash', 'objects.clash', 'key', 'owner'),
    ('generated', 'objects.generated', 'id', 'owner');
\c - test_manager
insert into dist.rep (rep) values ('ann'), ('ben'), ('1'), ('2');
insert into dist.team (team) values ('two'), ('numbers');
insert into dist.team_member (team, rep, position) values ('two', 'ann', 1), ('two', 'ben', 2), ('numbers', '1', 1), ('numbers', '2', 2);
insert into dist.distribution_rule (name, strategy, team) values ('turns', 'round_robin', 'two'), ('numbers', 'round_robin', 'numbers');
insert into dist.transfer (name, object, to_distribution_rule) values ('leads', 'lead', 'turns'), ('accounts', 'account', 'turns'), ('generated', 'generated', 'numbers');
insert into dist.transfer (name, object, source, on_owned, ranking, predicate, set_fields, to_distribution_rule)
values ('clash', 'clash', 'any', 'reassign', 'd_key, r.n, d_leaf', 'n < 0 and r.key > 0 and key > 0', '{"rep": "r", "tid": "t", "old": "o", "d_key": 7, "d_owner": "x", "fields": "f"}', 'turns');
create function pg_temp.moves(transfer text) returns text language sql as $$
    select string_agg(a.record_key || ':' || a.new_owner, ' ' order by a.seq) from dist.execute(transfer) r join dist.assignment a on a.run_id = r.id
$$;
select string_agg(record_key || ':' || new_owner, ' ') as foreseen from dist.preview('leads');
select (dist.execute('leads')).id as run \gset
select string_agg(record_key || ':' || new_owner, ' ' order by seq) as moved from dist.assignment where run_id = :run;
select l.tableoid::regclass as lies_in, string_agg(l.id || ':' || l.owner, ' ' order by l.id) as owners from objects.lead l group by 1 order by 1;
select assigned from dist.undo(:run);
select (dist.execute('accounts')).id as run \gset
select l.tableoid::regclass as lies_in, string_agg(l.id || ':' || l.owner, ' ' order by l.id) as owners from objects.account l group by 1 order by 1;
select assigned from dist.undo(:run);
select string_agg(record_key || ':' || new_owner, ' ') as foreseen from dist.preview('clash');
select (dist.execute('clash')).id as run \gset
select string_agg(record_key || ':' || new_owner, ' ' order by seq) as moved from dist.assignment where run_id = :run;
select l.key, l.owner, l.rep, l.tid, l.old, l.d_key, l.d_owner, l.fields from objects.clash l order by l.key limit 2;
select item, outcome from dist.explain('clash', '3', transfer => 'clash') where stage in ('candidate', 'outcome');
select assigned from dist.undo(:run);
select l.key, l.owner, l.rep, l.tid, l.old, l.d_key, l.d_owner, l.fields from objects.clash l order by l.key limit 2;
select (dist.execute('generated')).id as run \gset
select id, owner, twice from objects.generated order by id;
select assigned from dist.undo(:run);
\c - postgres
-- A materialised view has no records to be given an owner.
select test.refused($$create materialized view objects.m as select * from objects.account;
                      insert into dist.object (name, relation, key_column, owner_column) values ('m', 'objects.m', 'id', 'owner')$$);
-- What is registered is defined as it was.
select c.relation, c.shape = test.shape(c.relation) as unchanged from objects.shape_before c order by c.relation::text;

-- Row security: only records that the role sees are candidates, in preview, run, explain and undo (invariant 6).
create table objects.guarded (id integer primary key, country text, owner text);
insert into objects.guarded select n, case n % 2 when 0 then 'DE' else 'FR' end from generate_series(1, 6) n;
alter table objects.guarded enable row level security;
create policy germans on objects.guarded to test_manager using (country = 'DE');
grant select, update on objects.guarded to test_manager, test_admin;
insert into dist.object (name, relation, key_column, owner_column) values ('guarded', 'objects.guarded', 'id', 'owner');
\c - test_manager
insert into dist.transfer (name, object, to_distribution_rule) values ('guarded', 'guarded', 'turns');
insert into dist.transfer (name, kind, object) values ('all back', 'retrieval', 'guarded');
select string_agg(record_key || ':' || new_owner, ' ') as foreseen from dist.preview('guarded');
select id as run, candidates, assigned, unassigned from dist.execute('guarded') \gset made_
select :made_candidates as candidates, :made_assigned as assigned, :made_unassigned as unassigned;
select test.refused($$select dist.explain('guarded', '1', transfer => 'guarded')$$);
\c - postgres
select string_agg(id || ':' || coalesce(owner, '-'), ' ' order by id) as owners from objects.guarded;
-- A record that has gone out of sight is gone for the undo of somebody who cannot see it.
update objects.guarded set country = 'FR' where id = 2;
\c - test_manager
select assigned, reasons from dist.undo(:made_run);
\c - postgres
select string_agg(id || ':' || coalesce(owner, '-'), ' ' order by id) as owners from objects.guarded;
-- What a policy refuses to be written fails the run.
create policy ann_only on objects.guarded as restrictive for update to test_manager using (true) with check (owner = 'ann');
update objects.guarded set owner = null;
\c - test_manager
select test.refused($$select dist.execute('guarded')$$);
select count(owner) from objects.guarded;

-- Triggers of the user's own: what they refuse fails the run as they said it; what they keep from moving is noticed.
\c - postgres
create function objects.refuse() returns trigger language plpgsql as $$
begin
    if new.id = 3 and new.owner is not null then
        raise exception using errcode = 'CRM01', message = 'lead 3 is not for sale', hint = 'Ask its keeper.';
    end if;
    return case when new.id = 4 and tg_argv[0] = 'hold' then null else new end;
end $$;
create trigger refuse before update on objects.generated for each row execute function objects.refuse('pass');
insert into objects.generated (owner) values (null), (null);
\c - test_manager
select test.refused($$select dist.execute('generated')$$);
update dist.transfer set predicate = 'r.id <> 3' where name = 'generated';
\c - postgres
drop trigger refuse on objects.generated;
create trigger refuse before update on objects.generated for each row execute function objects.refuse('hold');
\c - test_manager
select test.refused($$select dist.execute('generated')$$);
update dist.transfer set predicate = 'r.id < 3' where name = 'generated';
select assigned from dist.execute('generated');

\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema objects, "Sales CRM" cascade;
drop function test.shape(regclass);
