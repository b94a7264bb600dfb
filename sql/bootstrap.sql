-- The schema, the three roles and the helpers that every check uses. Runs before everything else.

-- A plain CREATE: a schema that somebody squatted makes the installation fail loudly.
create schema dist;
comment on schema dist is 'pg_dist: intent that people write, state and history that it writes itself';

do $$
begin
    -- Roles belong to the cluster, so another database may have made them already.
    if not exists (select from pg_catalog.pg_roles where rolname operator(pg_catalog.=) 'dist_reader') then
        create role dist_reader nologin;
    end if;
    if not exists (select from pg_catalog.pg_roles where rolname operator(pg_catalog.=) 'dist_manager') then
        create role dist_manager nologin;
    end if;
    if not exists (select from pg_catalog.pg_roles where rolname operator(pg_catalog.=) 'dist_admin') then
        create role dist_admin nologin;
    end if;
    grant dist_reader to dist_manager;
    grant dist_manager to dist_admin;
end $$;

grant usage on schema dist to public;

-- Restoring a dump must take every row as it was, also one that has gone bad meanwhile: pg_dump turns
-- check_function_bodies off, and what is skipped at writing is checked again by every run. Anybody can turn it off, but
-- only a superuser's rows are then taken as they are.
create function dist._checks_off() returns boolean
    language sql stable
    set search_path = pg_catalog, pg_temp
    return current_setting('check_function_bodies')::boolean is false
           and (select rolsuper from pg_roles where rolname = current_user);
comment on function dist._checks_off() is 'Internal: true while a dump is being restored';

create function dist._refuse(relation text, row_name text, code text, problem text, advice text) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception using
        errcode = code,
        message = format('dist.%s %s: %s', relation, coalesce(quote_literal(row_name), '(unnamed)'), problem),
        hint = coalesce(advice, ''),
        schema = 'dist',
        table = relation;
end $$;
comment on function dist._refuse(text, text, text, text, text) is
    'Internal: raises the one form of error that intent tables give: table, row, what is wrong, and a HINT';

-- A foreign key's cascade: it rewrites rows on behalf of the system, as the owner of the tables. The depth alone would
-- not do, for anybody can write a row of intent from a trigger on a table of their own.
create function dist._cascaded() returns boolean
    language sql stable
    set search_path = pg_catalog, pg_temp
    return pg_trigger_depth() > 1
           and current_user = (select pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = 'dist');
comment on function dist._cascaded() is 'Internal: true in a trigger that a foreign key''s cascade has fired';

-- Who wrote a row that carries executable text or a target (a run refuses text of somebody who is not a member
-- of its owner's role). A superuser may state another writer: that is what restoring a dump does. A cascade must not
-- pass for its author; nor a superuser, whom every run trusts, for that of a text when he edits something else
-- (dist._adopt). Nor must an admin, who edits everybody's rows, make one his own by that: its author would lose sight of it.
create function dist._writer(claimed name, was name) returns name
    language sql stable
    set search_path = pg_catalog, pg_temp
    return case
        when was is not null and (dist._cascaded() or pg_has_role('dist_admin', 'member')
                                  and not (select rolsuper from pg_roles where rolname = current_user)) then was
        when claimed is not null and (select rolsuper from pg_roles where rolname = current_user) then claimed
        else current_user
    end;
comment on function dist._writer(name, name) is 'Internal: the name to be stored in written_by';

-- For triggers on UPDATE OF the columns that are executed or say where to: whoever sets them, be it to what they were,
-- has looked at them.
create function dist._adopt() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if new.written_by = old.written_by and not dist._cascaded() and not dist._checks_off() then
        new.written_by := current_user;
    end if;
    return new;
end $$;
comment on function dist._adopt() is 'Internal: makes whoever sets text or a target the writer of the row';
