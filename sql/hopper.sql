-- What the router asks about hoppers.

create function dist._is_routing() returns boolean
    language c volatile
    as 'MODULE_PATHNAME', 'is_routing_wrapper';
comment on function dist._is_routing() is 'Internal: whether the router is running a statement in this session';

-- Part of the statement that reads candidates, which runs with the rights of the run's owner and sees one snapshot.
create function dist._in_hopper(object text, hopper text)
    returns table (record_key text, rep text, since timestamptz)
    language plpgsql stable security definer rows 1000
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    if not dist._is_routing() then
        raise exception using errcode = '42501', message = 'dist._in_hopper is for the router', hint = 'See dist.hopper_record.';
    elsif $2 is null then
        return query select h.record_key, h.rep, h.since from dist.hopper_record h where h.object = $1;
    else
        return query select h.record_key, h.rep, h.since from dist.hopper_record h where h.hopper = $2;
    end if;
end $$;
comment on function dist._in_hopper(text, text) is 'Internal: what lies in a hopper, or in any of the object';

create function dist._hopper_intent(object text) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
begin
    return (select coalesce(jsonb_agg(jsonb_build_object('name', h.name, 'ranking', h.ranking, 'written_by', h.written_by)
                                      order by h.name collate "C"), '[]')
              from dist.hopper h where h.object = $1);
end $$;
comment on function dist._hopper_intent(text) is 'Internal: the hoppers of an object, as Rust reads them';
