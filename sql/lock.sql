-- A run's locks: the objects, then the pools, each in one order for everybody, before anything is read.

create function dist._lock(objects text[], pools text[], nowait boolean) returns void
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    name text;
begin
    for name in select distinct o collate "C" from unnest(objects) o order by 1 loop
        perform from dist.object_state s where s.object = name;
        if not found then
            insert into dist.object_state (object) values (name) on conflict do nothing;
        end if;
        if nowait then
            perform from dist.object_state s where s.object = name for update nowait;
        else
            perform from dist.object_state s where s.object = name for update;
        end if;
    end loop;
    for name in select distinct p collate "C" from unnest(pools) p order by 1 loop
        perform from dist.pool s where s.distribution_rule = name;
        if not found then
            insert into dist.pool (distribution_rule) values (name) on conflict do nothing;
        end if;
        if nowait then
            perform from dist.pool s where s.distribution_rule = name for update nowait;
        else
            perform from dist.pool s where s.distribution_rule = name for update;
        end if;
    end loop;
end $$;
comment on function dist._lock(text[], text[], boolean) is 'Internal: takes a run''s locks';

create function dist._lock_transfers(transfers text[], nowait boolean) returns jsonb
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    objects text[] := array(select distinct t.object from dist.transfer t where t.name = any (transfers));
    pools text[] := array(select distinct p from unnest(transfers) t, unnest(dist._pools(t)) p);
begin
    perform dist._lock(objects, pools, nowait);
    return jsonb_build_object('objects', objects, 'pools', pools);
end $$;
comment on function dist._lock_transfers(text[], boolean) is
    'Internal: takes the locks that runs of these transfers need; returns what is locked, for intent may change meanwhile';

-- Rows whose writer is not trusted by the role that a run belongs to.
create function dist._distrusted(run_owner name, writers text[]) returns text[]
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return (
        select array_agg(w)
          from unnest(writers) w
          left join pg_roles r on r.rolname = w
         where r.rolname is null
            or not (r.rolsuper or pg_has_role(r.oid, (select o.oid from pg_roles o where o.rolname = run_owner), 'member')));
end $$;
comment on function dist._distrusted(name, text[]) is
    'Internal: the writers that are neither superusers nor members of the run owner''s role';
