-- Steps that act on a segment, or on its records: what Rust asks of them (src/action), and what keeps a step's segment there.

create function dist._check_action(relation text, row_name text, action text, segment text, args jsonb) returns void
    language c stable
    as 'MODULE_PATHNAME', 'check_action_wrapper';
comment on function dist._check_action(text, text, text, text, jsonb) is
    'Internal: refuses a step whose arguments its action does not take';

create function dist._segment_target(segment text) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return (
        select jsonb_build_object(
                   'name', s.name, 'object', dist._object_intent(s.object), 'many', dist._has_many(s.name),
                   'related', (
                       select coalesce(jsonb_agg(jsonb_build_object(
                                  'name', x.name, 'relation', dist._relation(x.relation), 'key_column', x.key_column,
                                  'join_on', x.join_on, 'written_by', x.written_by,
                                  'object', (select dist._object_intent(min(o.name)) from dist.object o where o.relation = x.relation))
                                  order by x.name collate "C"), '[]')
                         from dist.segment_related x
                        where x.segment = s.name))
          from dist.segment s
         where s.name = $1);
end $$;
comment on function dist._segment_target(text) is 'Internal: a segment with its object and its related tables, as steps need it';

-- The objects whose records the actions of a schedule change or look through: each run locks them first.
create function dist._step_objects(schedule text) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return (
        select coalesce(jsonb_agg(distinct o.name), '[]')
          from dist.step p
          join dist.segment s on s.name = case when p.action = 'function' then p.segment else p.target end
          join dist.object o on o.name = s.object
                             or o.relation = (select x.relation from dist.segment_related x
                                               where x.segment = s.name and x.name = p.args ->> 'related')
         where p.schedule = $1 and p.active and p.action <> 'transfer');
end $$;
comment on function dist._step_objects(text) is 'Internal: the objects that the actions of a schedule lock';

-- The name of a segment stands in steps as that of a transfer does: as the target, without a foreign key.
create trigger check_steps before update or delete on dist.segment
    for each row execute function dist._check_step_target();

-- Part of the UPDATE of an edit, which runs with the rights of the run's owner: notes what it overwrites, for who asked for it.
-- The key as it is where it is a number, as members have it.
create function dist._overwrites(key bigint, before text) returns boolean
    language c volatile
    as 'MODULE_PATHNAME', 'overwrites_integer_wrapper';
comment on function dist._overwrites(bigint, text) is 'Internal: notes what an edit overwrites: the record and its first field; true';
create function dist._overwrites(key uuid, before text) returns boolean
    language c volatile
    as 'MODULE_PATHNAME', 'overwrites_uuid_wrapper';
comment on function dist._overwrites(uuid, text) is 'Internal: notes what an edit overwrites: the record and its first field; true';
create function dist._overwrites(key text, before text) returns boolean
    language c volatile
    as 'MODULE_PATHNAME', 'overwrites_text_wrapper';
comment on function dist._overwrites(text, text) is 'Internal: notes what an edit overwrites: the record and its first field; true';
create function dist._overwrites_also(field integer, before text) returns boolean
    language c volatile
    as 'MODULE_PATHNAME', 'overwrites_also_wrapper';
comment on function dist._overwrites_also(integer, text) is 'Internal: notes what an edit overwrites: another field of the same record; true';
