-- Where this database is at home. A copy of it (a restored dump, CREATE DATABASE ... TEMPLATE, pg_upgrade) has all its
-- plans, and must not fire them beside the original: it starts paused, until dist.resume_all accepts it as the new home.

-- Not filled by CREATE EXTENSION: the row of a dump would then find another one in its place.
create table dist.home (
    here              boolean primary key default true check (here),
    database_oid      oid not null,
    database          name not null,
    system_identifier text not null,
    tz_version        text not null,
    since             timestamptz not null
);
comment on table dist.home is 'State: one row, the database in which the schedules fire; a copy of it starts paused';
comment on column dist.home.here is 'Always true: there is one row';
comment on column dist.home.database_oid is 'pg_database.oid';
comment on column dist.home.database is 'Name of the database at that time, for messages';
comment on column dist.home.system_identifier is 'The cluster, as pg_control_system() names it';
comment on column dist.home.tz_version is 'Version of the time zone data from which the next runs were derived';
comment on column dist.home.since is 'Since when it is at home there';

create function dist._system_identifier() returns text
    language c stable
    as 'MODULE_PATHNAME', 'system_identifier_wrapper';
comment on function dist._system_identifier() is 'Internal: the cluster''s identifier, without reading the control file';

create function dist._this_home() returns dist.home
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    h dist.home;
begin
    select true, d.oid, d.datname, dist._system_identifier(), dist._tz_version(), clock_timestamp() into h
      from pg_database d where d.datname = current_database();
    return h;
end $$;
comment on function dist._this_home() is 'Internal: the row of dist.home that this database would have';

-- The first schedule that is armed makes this database the home of all.
create function dist._settle() returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from dist.home) then
        insert into dist.home select h.* from dist._this_home() h on conflict do nothing;
    end if;
end $$;
comment on function dist._settle() is 'Internal: writes the row of dist.home where there is none';

create function dist._is_paused_copy() returns text
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    h dist.home;
begin
    select * into h from dist.home;
    if not found then
        -- A dump that is being restored by several jobs: its plans can come before this row.
        return case when exists (select from dist.schedule_state st where st.next_run_at is not null) or exists (select from dist.task)
            then 'it is being restored, or was restored without the row of dist.home' end;
    end if;
    if h.system_identifier = dist._system_identifier()
       and h.database_oid = (select d.oid from pg_database d where d.datname = current_database()) then
        return null;
    end if;
    return format('it is a copy (restored dump, CREATE DATABASE ... TEMPLATE or pg_upgrade) of database %L, oid %s, of cluster %s',
                  h.database, h.database_oid, h.system_identifier);
end $$;
comment on function dist._is_paused_copy() is 'Internal: why no schedule fires in this database; null where they do';

create function dist._refuse_paused_copy() returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    why text := dist._is_paused_copy();
begin
    if why is not null then
        raise exception using errcode = '55000',
            message = format('no schedule fires in database %L: %s', current_database(), why),
            hint = 'If its schedules are to fire here, and not in the original, call dist.resume_all(). dist.run_now and dist.execute work.';
    end if;
end $$;
comment on function dist._refuse_paused_copy() is 'Internal: refuses to fire in a copy of the database';

-- Asked by the scheduler when it starts: a new version of pg_dist may bring other time zone data.
create function dist._adopt_zones() returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    derived_with text;
    changed integer;
begin
    select h.tz_version into derived_with from dist.home h where h.tz_version <> dist._tz_version() for update;
    if found then
        changed := dist._rederive();
        update dist.home set tz_version = dist._tz_version();
        raise log 'pg_dist: time zone data % in place of %: % next runs are at another instant now',
            dist._tz_version(), derived_with, changed;
    end if;
end $$;
comment on function dist._adopt_zones() is 'Internal: derives the next runs again where that was done with other time zone data';

create function dist.resume_all() returns void
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    target integer;
    h dist.home := dist._this_home();
begin
    if dist._is_paused_copy() is null then
        raise exception using errcode = '55000', message = format('database %L is no copy: nothing is paused in it', current_database()),
            hint = 'dist.resume(schedule) resumes a schedule that was paused.';
    end if;
    insert into dist.home select h.*
        on conflict (here) do update
        set database_oid = h.database_oid, database = h.database, system_identifier = h.system_identifier, since = h.since;
    -- A dump has it too; but whoever restored a part of one may have changed intent with the triggers off.
    perform dist._know_turn(st.schedule_id) from dist.schedule_state st order by st.schedule_id;
    -- What passed since the copy was made has been run where it came from, or is not wanted.
    for target in
        select st.schedule_id
          from dist.schedule_state st
          join dist.schedule s on s.id = st.schedule_id
         where st.next_run_at <= dist._clock() and s.enabled and s.cancelled_at is null
         order by st.schedule_id
    loop
        perform dist._arm(target, false, resumed => true);
    end loop;
    perform dist._wake();
end $$;
comment on function dist.resume_all() is
    'Lets a copy of a database fire its schedules from now on; instants that passed are recorded as skipped and never caught up';
