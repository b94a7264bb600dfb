-- A run's locks: the objects, then the pools, then the caps, each in one order for everybody, before anything is read
-- (src/router/lock.rs).

create function dist._needs(transfer text) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
begin
    return jsonb_build_object('objects', array(select t.object from dist.transfer t where t.name = $1),
                              'pools', dist._pools($1), 'caps', dist._caps($1));
end $$;
comment on function dist._needs(text) is 'Internal: what a run of the transfer locks';
