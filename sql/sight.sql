-- Whose rows of intent somebody sees and edits (Z7). Which table goes by what is said in row_security.sql.

create function dist._is_mine(owner name) returns boolean
    language c stable strict parallel safe
    as 'MODULE_PATHNAME', 'is_mine_wrapper';
comment on function dist._is_mine(name) is 'Internal: whether the current user is a member of a role; of one that is gone nobody is';

-- Its body is bound when it is made, and without settings of its own it becomes part of whatever asks it.
create function dist._is_admin() returns boolean
    language sql stable parallel safe
    return pg_catalog.pg_has_role('dist_admin', 'member');
comment on function dist._is_admin() is 'Internal: whether the current user is a member of dist_admin, or a superuser';

-- Reading is granted apart: who has dist_reader otherwise than by way of dist_manager sees everything, and a manager, who has
-- it that way, what is his.
create function dist._sees_all(caller name default current_user) returns boolean
    language plpgsql stable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        with recursive held (role) as (
            select r.oid from pg_roles r where r.rolname = caller
            union
            select m.roleid
              from held h
              join pg_auth_members m on m.member = h.role
              join pg_roles r on r.oid = h.role
             where r.rolname <> 'dist_manager')
        select coalesce(bool_or(r.rolname in ('dist_admin', 'dist_reader') or r.rolname = caller and r.rolsuper), false)
          from held h
          join pg_roles r on r.oid = h.role);
end $$;
comment on function dist._sees_all(name) is 'Internal: whether a role sees everybody''s intent';

-- Whoever does not see all of a table is not told that a name is not there: it may be somebody else's. Nor that it is.
create function dist._or_hidden(relation text) returns text
    language sql stable
    set search_path = pg_catalog, pg_temp
    return case
        when dist._sees_all() or not (select c.relrowsecurity from pg_class c
                                       where c.relnamespace = 'dist'::regnamespace and c.relname = relation) then ''
        else ', or belongs to a role that you are not a member of' end;
comment on function dist._or_hidden(text) is 'Internal: what is added where a row is said not to exist and the current user may not see it';

-- For checks that look at everybody's rows (as the extension's owner) and name one of them: only to those who may see it.
create function dist._shown(row_name text, owner name) returns text
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- Whose session it is: the current user is the owner of such a check.
    caller name := coalesce(nullif(current_setting('role'), 'none'), session_user);
begin
    if owner is null or dist._sees_all(caller)
       or exists (select from pg_roles r where r.rolname = owner and pg_has_role(caller, r.oid, 'member')) then
        return quote_literal(row_name);
    end if;
    return '(of a role that you are not a member of)';
end $$;
comment on function dist._shown(text, name) is 'Internal: the name of a row, for whoever may see it';

-- To whom the rows of each table belong that managers write: to the role in owner; else to the owner of the row that they are
-- a part of; else to who wrote them; else to all managers. Which of these is not said but seen, but for the parts.
create view dist._row_owner as
    with written as (
        select c.oid, c.relname,
               exists (select from pg_catalog.pg_attribute a
                        where a.attrelid operator(pg_catalog.=) c.oid and a.attname operator(pg_catalog.=) 'owner' and not a.attisdropped) as owned,
               exists (select from pg_catalog.pg_attribute a
                        where a.attrelid operator(pg_catalog.=) c.oid and a.attname operator(pg_catalog.=) 'written_by' and not a.attisdropped) as signed
          from pg_catalog.pg_class c
         where c.relnamespace operator(pg_catalog.=) 'dist'::pg_catalog.regnamespace and c.relkind operator(pg_catalog.=) 'r'
           and pg_catalog.has_table_privilege('dist_manager', c.oid, 'INSERT')),
    parts (relname, whole) as (
        values ('step', 'schedule'), ('segment_part', 'segment'), ('segment_related', 'segment'), ('activity_plan', 'segment'))
    select w.oid::pg_catalog.regclass as relation, w.relname::text as name,
           case when w.owned then 'owner' when p.whole is not null then 'whole' when w.signed then 'written_by' else 'everybody' end as goes_by,
           p.whole
      from written w
      left join parts p on p.relname operator(pg_catalog.=) w.relname;
comment on view dist._row_owner is 'Internal: by what it is known to whom the rows of each table belong that managers write';
comment on column dist._row_owner.relation is 'The table';
comment on column dist._row_owner.name is 'Its name';
comment on column dist._row_owner.goes_by is 'owner or written_by (that column), whole (the owner of what it is a part of), or everybody';
comment on column dist._row_owner.whole is 'What it is a part of: the table, and the column that names its row';
