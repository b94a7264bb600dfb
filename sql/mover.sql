-- Who moves records: a transfer, or what acts as one. Each is known to the router by a kind and a name, and read as a transfer:
-- an automation moves what has come to it, whoever owns it; a service level what nobody has worked on in time; a hopper what
-- has expired in it.

create function dist._mover(kind text, name text) returns setof dist.transfer
    language plpgsql stable rows 1
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
begin
    case $1
        when 'transfer' then
            return query select t.* from dist.transfer t where t.name = $2;
        when 'automation' then
            return query
                select m.*
                  from dist.automation a,
                       jsonb_populate_record(null::dist.transfer, to_jsonb(a) || jsonb_build_object(
                           'kind', 'distribution', 'source', 'any', 'on_owned', coalesce(a.on_owned, 'skip'), 'is_template', false)) m
                 where a.name = $2;
        when 'sla' then
            return query
                select m.*
                  from dist.sla s,
                       jsonb_populate_record(null::dist.transfer, jsonb_build_object(
                           'name', s.name, 'kind', 'distribution', 'object', s.object, 'source', 'owned', 'on_owned', 'reassign',
                           'to_hopper', s.to_hopper, 'to_distribution_rule', s.to_distribution_rule,
                           'is_template', false, 'written_by', s.written_by)) m
                 where s.name = $2 and s.on_breach <> 'notify';
        when 'hopper' then
            return query
                select m.*
                  from dist.hopper h,
                       jsonb_populate_record(null::dist.transfer, jsonb_build_object(
                           'name', h.name, 'object', h.object, 'source', 'any', 'from_hopper', h.name, 'on_owned', 'reassign',
                           'kind', case when num_nonnulls(h.expire_to_rep, h.expire_to_distribution_rule) = 0 then 'retrieval' else 'distribution' end,
                           'to_rep', h.expire_to_rep, 'to_distribution_rule', h.expire_to_distribution_rule,
                           'is_template', false, 'written_by', h.written_by)) m
                 where h.name = $2;
        else
            -- A ruleset, or an object, by itself.
    end case;
end $$;
comment on function dist._mover(text, text) is
    'Internal: what moves records, as a transfer; kind: transfer, automation, sla (what it does at a breach) or hopper (what it does with what expires)';
