-- Who may do what with whose rows (Z7): everybody who can come, every table, view, sequence and function of dist, and every verb,
-- tried. The matrix is made from the catalogue, so that nothing new can be forgotten: a table whose rows belong to nobody shows
-- up as everybody's, and one that the roles reach otherwise than the others as a line of its own kind.
--   nothing    refused            reads      select; what is said of A and B are the rows of team A and of team B
--   writes     insert, update and delete, of whose rows
\pset tuples_only on
\pset format unaligned
set client_min_messages = warning;
create schema roles;
grant usage on schema roles to public;
create role roles_team_a in role dist_manager;
create role roles_team_b in role dist_manager;
create role roles_public;
create role roles_reader in role dist_reader;
create role roles_a in role roles_team_a;
create role roles_b in role roles_team_b;
-- Somebody to whom reading has been granted apart sees everything, and edits what is his.
create role roles_b_reads in role roles_team_b, dist_reader;
create role roles_admin in role dist_admin;
create table roles.role (place integer, role name, title text);
insert into roles.role values
    (1, 'roles_public', 'public'), (2, 'roles_reader', 'reader'), (3, 'roles_a', 'manager of A'), (4, 'roles_b', 'manager of B'),
    (5, 'roles_b_reads', 'manager of B who reads'), (6, 'roles_admin', 'admin');

-- What a statement comes to in the hands of a role: the number of its rows, or the SQLSTATE. It is taken back.
create function roles.tried(role name, statement text) returns text language plpgsql as $$
declare
    n bigint;
begin
    execute format('set local role %I', role);
    execute statement;
    get diagnostics n = row_count;
    raise exception using errcode = 'P0TST', message = n;
exception when others then
    return case when sqlstate = 'P0TST' then sqlerrm else sqlstate end;
end $$;

-- A row of a table for a team, made of what its columns take; with owner and written_by of the team.
create function roles.row_of(relation regclass, team text) returns text language plpgsql as $$
declare
    columns text;
    items text;
begin
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum),
           string_agg(case
               when a.attname in ('owner', 'written_by') then quote_literal('roles_team_' || team)
               else coalesce(quote_literal(case format_type(a.atttypid, null)
                   when 'text' then 'roles ' || team when 'name' then 'roles ' || team when 'integer' then (1000 + ascii(team))::text
                   when 'bigint' then (1000 + ascii(team))::text when 'numeric' then '1' when 'boolean' then 't' when 'jsonb' then '{}'
                   when 'interval' then '1 hour' when 'time without time zone' then '09:00' when 'date' then '2031-01-01'
                   when 'timestamp without time zone' then '2031-01-01' when 'timestamp with time zone' then '2031-01-01+00'
                   when 'regclass' then 'pg_class' when 'regtype' then 'text' when 'text[]' then '{}' end),
                   -- A type that is not known here is to fail, not to be left out.
                   'roles.teach_the_test(''' || format_type(a.atttypid, null) || ''')') end, ', ' order by a.attnum)
      into columns, items
      from pg_attribute a
      left join pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
     where a.attrelid = relation and a.attnum > 0 and not a.attisdropped and a.attidentity = ''
       and (a.attnotnull and d.adrelid is null or a.attname in ('owner', 'written_by'));
    return format('insert into %s (%s) values (%s)', relation, columns, items);
end $$;

-- Only rights and row security count here: what the rows say is nothing that a check would let through.
set session_replication_role = replica;
create table roles.mark (relation regclass, team text, place tid, primary key (relation, team));
do $$
declare
    t record;
    made tid;
begin
    for t in select c.oid::regclass as relation, team
               from pg_class c, unnest(array['a', 'b']) team
              where c.relnamespace = 'dist'::regnamespace and c.relkind = 'r' and has_table_privilege('dist_admin', c.oid, 'INSERT') loop
        execute roles.row_of(t.relation, t.team) || ' returning ctid' into made;
        insert into roles.mark values (t.relation, t.team, made);
    end loop;
end $$;

-- Which teams' rows a verb reaches, all where nobody has any, or nothing where it is refused.
create function roles.reach(role name, relation regclass, verb text) returns text language plpgsql as $$
declare
    one name := (select a.attname from pg_attribute a
                  where a.attrelid = relation and a.attnum > 0 and not a.attisdropped and a.attidentity = '' order by a.attnum limit 1);
    m record;
    outcome text;
    reached text := '';
begin
    outcome := roles.tried(role, case verb
        when 'reads' then format('select from %s where false', relation)
        when 'inserts' then format('insert into %s (%I) select %2$I from %1$s where false', relation, one)
        when 'updates' then format('update %s set %I = %2$I where false', relation, one)
        else format('delete from %s where false', relation) end);
    if outcome <> '0' then
        return '';
    elsif not exists (select from roles.mark x where x.relation = $2) then
        return 'all';
    end if;
    for m in select x.team, x.place from roles.mark x where x.relation = $2 order by x.team loop
        outcome := roles.tried(role, case verb
            when 'reads' then format('select from %s where ctid = %L', relation, m.place)
            -- Once more: where it may be there it is there twice.
            when 'inserts' then roles.row_of(relation, m.team)
            when 'updates' then format('update %s set %I = %2$I where ctid = %L', relation, one, m.place)
            else format('delete from %s where ctid = %L', relation, m.place) end);
        reached := reached || case when outcome in ('1', '23505') then upper(m.team) when outcome in ('0', '42501') then ''
                                   else format('%s of %s: %s', verb, m.team, outcome) end;
    end loop;
    return reached;
end $$;

create function roles.says(role name, relation regclass) returns text language plpgsql as $$
declare
    reads text := roles.reach(role, relation, 'reads');
    inserts text := roles.reach(role, relation, 'inserts');
    updates text := roles.reach(role, relation, 'updates');
    deletes text := roles.reach(role, relation, 'deletes');
    truncates text := roles.tried(role, format('truncate %s', relation));
begin
    return coalesce(nullif(concat_ws(', ', 'reads ' || nullif(reads, ''),
        case when inserts = updates and updates = deletes then 'writes ' || nullif(inserts, '')
             else concat_ws(', ', 'inserts ' || nullif(inserts, ''), 'updates ' || nullif(updates, ''), 'deletes ' || nullif(deletes, '')) end,
        case when truncates = '0' then 'truncates' end), ''), 'nothing');
end $$;

-- Tables and views. By what it is known whose rows are, stands behind those that managers write.
create table roles.matrix as
    select c.relname::text as name, case c.relkind when 'v' then 'view' else coalesce(o.goes_by, 'table') end as kind,
           (select array_agg(r.title || ': ' || roles.says(r.role, c.oid::regclass) order by r.place) from roles.role r) as who
      from pg_class c
      left join dist._row_owner o on o.relation = c.oid
     where c.relnamespace = 'dist'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition;
select case when place = 0 then E'\n' || array_to_string(who, '; ') else '    ' || name || ' (' || kind || ')' end
  from (select 0 as place, who, null as name, null as kind from roles.matrix group by who
        union all
        select row_number() over (partition by who order by name collate "C"), who, name, kind from roles.matrix) x
 order by array_to_string(who, ';') collate "C", place;

-- Sequences: nobody draws numbers before their time.
select r.title || ' draws from ' || c.relname
  from pg_class c, roles.role r
 where c.relnamespace = 'dist'::regnamespace and c.relkind = 'S' and roles.tried(r.role, format('select nextval(%L)', c.oid::regclass)) <> '42501'
 order by 1;

-- Functions, each called with nulls, which come from where no planner sees them: the least of the roles that is let in. What is not listed, nobody can call.
create function roles.lets_in(role name, p pg_proc) returns boolean language plpgsql as $$
declare
    call text := format('select dist.%I(%s)', p.proname,
        (select string_agg('(select null::' || case when t::regtype::text like 'any%' then 'text' else t::regtype::text end || ')', ', ' order by n)
           from unnest(p.proargtypes) with ordinality x(t, n)));
begin
    execute format('set local role %I', role);
    execute call;
    raise exception using errcode = 'P0TST';
exception when others then
    return sqlerrm <> 'permission denied for function ' || p.proname;
end $$;
create table roles.call as
    select p.oid::regprocedure::text as name, (select array_agg(r.title order by r.place) filter (where roles.lets_in(r.role, p)) from roles.role r) as who
      from pg_proc p where p.pronamespace = 'dist'::regnamespace;
select case when place = 0 then E'\n' || array_to_string(who, ', ') else '    ' || name end
  from (select 0 as place, who, null as name from roles.call where who is not null group by who
        union all
        select row_number() over (partition by who order by name collate "C"), who, name from roles.call where who is not null) x
 order by cardinality(who), array_to_string(who, ';') collate "C", place;

-- Whose rows are is known of every table that managers write: it is said here of which it is nobody's, and why that is right.
-- Reps, teams, working hours and holidays are the company's; distribution rules and rulesets are used by everybody's transfers
-- (whose rules they hold is known); books are said of reps and teams.
select 'everybody''s: ' || string_agg(o.name, ', ' order by o.name collate "C") from dist._row_owner o where o.goes_by = 'everybody';

-- All of it has been taken back but the made-up rows.
do $$
declare
    m record;
begin
    for m in select * from roles.mark loop
        execute format('delete from %s where ctid = %L', m.relation, m.place);
    end loop;
end $$;
set session_replication_role = origin;
drop schema roles cascade;
drop role roles_public, roles_reader, roles_a, roles_b, roles_b_reads, roles_admin, roles_team_a, roles_team_b;
