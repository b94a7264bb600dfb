-- What the router asks about hoppers.

create function dist._is_routing() returns boolean
    language c volatile
    as 'MODULE_PATHNAME', 'is_routing_wrapper';
comment on function dist._is_routing() is 'Internal: whether the router is running a statement in this session';

-- Part of the statement that reads candidates, which runs with the rights of the run's owner and sees one snapshot.
create function dist._in_hopper(object text, hopper text, expired_by timestamptz)
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
        return query select h.record_key, h.rep, h.since from dist.hopper_record h where h.hopper = $2 and (expired_by is null or h.expires_at <= expired_by);
    end if;
end $$;
comment on function dist._in_hopper(text, text, timestamptz) is 'Internal: what lies in a hopper, or in any of the object';

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

create function dist._claim_intent(hopper text, rep text) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    h dist.hopper;
begin
    select x.* into h from dist.hopper x where x.name = $1;
    return jsonb_build_object(
        'hopper', case when h.name is not null then to_jsonb(h) end,
        'rep', (select to_jsonb(p) from dist.rep p where p.rep = $2),
        'intent', dist._intent(null, null, null, h.object)::jsonb
                  || jsonb_build_object('reps', jsonb_build_object($2, true), 'caps', dist._cap_intent(h.object, '{}'),
                                        'eligibility', dist._eligibility_intent(h.object), 'protections', null));
end $$;
comment on function dist._claim_intent(text, text) is 'Internal: what a rep''s claims from a hopper go by';

create function dist.claim(hopper text, rep text, n integer default null, record_keys text[] default null)
    returns table (record_key text)
    language c volatile rows 10
    as 'MODULE_PATHNAME', 'claim_wrapper';
comment on function dist.claim(text, text, integer, text[]) is
    'Gives up to n (by default 1) records of a hopper to a rep who asks for them, the best first: what others are claiming at the moment is skipped. record_keys: of these that he has chosen (by default all), where the hopper is not blind. Returns the keys; none where the limit of the day, or a cap, is reached';

create function dist.claimable(hopper text, rep text, n integer default 100)
    returns table (record_key text)
    language c volatile rows 100
    as 'MODULE_PATHNAME', 'claimable_wrapper';
comment on function dist.claimable(text, text, integer) is 'What a rep could claim of a hopper now, the best first; limits of the day and caps are not asked';

create function dist.leave_hopper(object text, record_key text) returns boolean
    language c volatile
    as 'MODULE_PATHNAME', 'leave_hopper_wrapper';
comment on function dist.leave_hopper(text, text) is
    'Takes a record out of its hopper and leaves it with its owner, who works it or does not want it to lie there; false where it lies in none';

create function dist._release_record(object text, record_key text, reason text, hopper text) returns bigint
    language c volatile
    as 'MODULE_PATHNAME', 'release_record_wrapper';
comment on function dist._release_record(text, text, text, text) is 'Internal: dist.release_record, returning the run''s id';

create function dist.release_record(object text, record_key text, reason text, hopper text default null) returns dist.run
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    made bigint;
    result dist.run;
begin
    begin
        perform dist._last_failure();
        made := dist._release_record(object, record_key, reason, hopper);
    exception when internal_error then
        perform dist._raise_original();
        raise;
    end;
    select * into strict result from dist.run r where r.id = made;
    return result;
end $$;
comment on function dist.release_record(text, text, text, text) is
    'A rep puts a record back into the hopper it came from, or into another, and says why; for the hopper''s cool_off he cannot claim it again. Refused as dist.return_record';
