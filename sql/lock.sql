-- A run's locks: the objects, then the pools, then the caps, each in one order for everybody, before anything is read
-- (src/router/lock.rs).

-- Two transactions that bring records do not know of each other's, so none of them could plan the records of another. They
-- share the object, unless what they would give out depends on what others' reps hold (a count of the object's table, which
-- only being alone keeps right).
create function dist._needs(kind text, name text) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
declare
    pools text[] := dist._pools($1, $2);
    about text := (select t.object from dist._mover($1, $2) t);
begin
    return jsonb_build_object('objects', array_remove(array[about], null), 'pools', pools, 'caps', dist._caps($1, $2),
        'alone', exists (select from dist.cap c where c.active and c.per = 'open' and (c.object is null or c.object = about))
                 or exists (select from dist.distribution_rule d
                             where d.name = any (pools) and d.strategy not in ('round_robin', 'weighted', 'sticky', 'random', 'performance')));
end $$;
comment on function dist._needs(text, text) is 'Internal: what a run of the transfer locks; alone: not beside others of the object';
