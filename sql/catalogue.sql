-- What the router reads of the catalogue and of intent: each in one query, as one jsonb value. (In plpgsql, which keeps a
-- query's plan for the session; a function in SQL is planned anew by every run. And by one plan for all arguments, as what is
-- asked is a few rows by their names: left to itself PostgreSQL plans such long queries anew for each transfer, which took
-- half of what the first run of a transfer cost.)

create function dist._relation(relation oid) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return (
        with recursive base (attnum, name, type_sql, typid, basetype) as (
            -- With -1 and not null: char(n) without a length is bpchar; "character" alone would be char(1).
            select a.attnum, a.attname, format_type(a.atttypid, -1), a.atttypid, t.typbasetype
              from pg_attribute a
              join pg_type t on t.oid = a.atttypid
             where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
            union all
            -- Domains are resolved down to the type below them.
            select b.attnum, b.name, b.type_sql, b.basetype, t.typbasetype
              from base b
              join pg_type t on t.oid = b.basetype
             where b.basetype <> 0)
        select jsonb_build_object(
                   'oid', c.oid::bigint,
                   'schema_oid', n.oid::bigint,
                   -- Those below this number cannot change.
                   'types', (select coalesce(jsonb_agg(distinct b.typid::bigint), '[]') from base b where b.typid >= 16384),
                   'schema', n.nspname,
                   'name', c.relname,
                   'kind', c.relkind,
                   -- A ctid is unique only within one table of a tree.
                   'tree', c.relkind = 'p' or c.relhassubclass,
                   'intake', exists (select from pg_trigger t where t.tgrelid = relation and t.tgname in ('pg_dist_insert', 'pg_dist_update')),
                   'columns', (select jsonb_agg(jsonb_build_object(
                                          'name', b.name, 'type_sql', b.type_sql,
                                          'declared', format_type(a.atttypid, a.atttypmod), 'category', t.typcategory, 'base', t.typname,
                                          'generated', a.attgenerated <> '' or a.attidentity = 'a',
                                          'collatable', t.typcollation <> 0,
                                          'folds', exists (select from pg_collation l where l.oid = a.attcollation and not l.collisdeterministic))
                                        order by b.attnum)
                                 from base b
                                 join pg_type t on t.oid = b.typid
                                 join pg_attribute a on a.attrelid = relation and a.attnum = b.attnum
                                where b.basetype = 0))
          from pg_class c
          join pg_namespace n on n.oid = c.relnamespace
         where c.oid = relation);
end $$;
comment on function dist._relation(oid) is 'Internal: a table and its columns, as Rust reads them';

create function dist._object_intent(object text) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return (
        select jsonb_build_object('name', o.name, 'key_column', o.key_column, 'owner_column', o.owner_column,
                                  'written_by', o.written_by, 'relation', dist._relation(o.relation))
          from dist.object o
         where o.name = $1);
end $$;
comment on function dist._object_intent(text) is 'Internal: an object with its table, as Rust reads it';

-- Who takes part in a distribution rule: the members of its team; without a team every active rep.
create function dist._members(rule dist.distribution_rule)
    returns table (rep text, weight numeric, "position" integer, active boolean)
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    if rule.team is not null then
        return query
            select m.rep, m.weight, m."position", m.active and p.active
              from dist.team_member m
              join dist.rep p on p.rep = m.rep
             where m.team = rule.team;
    elsif rule.rep is null then
        return query select p.rep, 1::numeric, 0, true from dist.rep p where p.active;
    end if;
end $$;
comment on function dist._members(dist.distribution_rule) is 'Internal: who takes part in a distribution rule';

create function dist._rule_intent(rule text) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return (
        select jsonb_build_object(
                   'name', r.name, 'strategy', r.strategy, 'rep', r.rep, 'each', r.each, 'segment', r.segment,
                   'prior', r.prior, 'floor', r.floor::text, 'ceiling', r.ceiling::text,
                   'missed', r.missed, 'missed_max', r.missed_max, 'missed_expiry', extract(epoch from r.missed_expiry)::bigint,
                   'if_unavailable', r.if_unavailable, 'fallback_to_rep', r.fallback_to_rep,
                   'fallback_to_distribution_rule', r.fallback_to_distribution_rule,
                   'match', r.match, 'cool_down', r.cool_down, 'cool_down_holders', r.cool_down_holders, 'exact_cells', r.exact_cells,
                   'members', (select coalesce(jsonb_agg(jsonb_build_object(
                                          'rep', m.rep, 'weight', m.weight::text, 'position', m.position, 'active', m.active)
                                        order by m.position, m.rep collate "C"), '[]')
                                 from dist._members(r) m),
                   'pool', (select jsonb_build_object(
                                       'total_weight', s.total_weight::text, 'scale', s.scale, 'deficits', s.deficits,
                                       'credits', s.credits, 'turns', s.turns)
                              from dist.pool s
                             where s.distribution_rule = r.name))
          from dist.distribution_rule r
         where r.name = rule);
end $$;
comment on function dist._rule_intent(text) is 'Internal: a distribution rule with its members and whose turn it is';

-- Every ruleset that a transfer, or a ruleset, can reach.
create function dist._reach(first_ruleset text) returns setof text
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return query
        with recursive reach (ruleset) as (
            select first_ruleset where first_ruleset is not null
            union
            select a.to_ruleset
              from reach
              join dist.assignment_rule a on a.ruleset = reach.ruleset
             where a.to_ruleset is not null and a.active)
        select ruleset from reach;
end $$;
comment on function dist._reach(text) is 'Internal: the rulesets that can be reached from one';

-- The pools whose turns a transfer can take, in the order in which they are locked.
create function dist._pools(kind text, name text) returns text[]
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return (
        select coalesce(array_agg(d.name order by d.name collate "C"), '{}')
          from dist.distribution_rule d
         where d.strategy <> 'rep'
           and d.name in (select dist._with_fallbacks(array(
               select t.to_distribution_rule from dist._mover($1, $2) t
               union
               select a.to_distribution_rule
                 from dist._mover($1, $2) t, dist._reach(t.to_ruleset) reach, dist.assignment_rule a
                where a.ruleset = reach and a.active
               union
               select s.default_to_distribution_rule
                 from dist._mover($1, $2) t, dist._reach(t.to_ruleset) reach, dist.ruleset s
                where s.name = reach))));
end $$;
comment on function dist._pools(text, text) is 'Internal: the pools whose turns a transfer can take';

-- What moves records, as it says itself; what it can reach comes from dist._intent, and is the same for all that lead to one place.
-- For many at a time: a runner asks it for all that it is about to run. Whether anybody is excluded, or protected, is asked once.
create function dist._movers_say(kind text, names text[]) returns table (name text, says text)
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return query
        select t.name,
               json_build_object(
                   'transfer', t,
                   'object', t.object,
                   'sources', case when t.from_team is null then to_json(t.from_reps)
                                   else (select coalesce(json_agg(m.rep order by m.rep collate "C"), '[]')
                                           from dist.team_member m where m.team = t.from_team) end,
                   'exclusions', case when exists (select from dist.exclusion e where e.active)
                                      then dist._exclusion_intent($1, t.name, case when t.to_ruleset is null then '{}'
                                                                                   else array(select dist._reach(t.to_ruleset)) end)
                                      else '[]' end,
                   'protections', case when t.kind = 'retrieval' and $1 = 'transfer' then dist._protection_intent(t.object) end,
                   'segments', case when t.segment is null then '[]' else dist._segment_writers(array[t.segment]) end)::text
          from (select x.* from dist.transfer x where $1 = 'transfer' and x.name = any ($2)
                union all
                select m.* from unnest($2) n cross join lateral dist._mover($1, n) m where $1 <> 'transfer') t;
end $$;
comment on function dist._movers_say(text, text[]) is
    'Internal: what each of these says that moves records, as Rust reads it; kind: as dist._mover has it. Those that do not exist are missing';

-- What can be reached from a ruleset, a rep or a distribution rule by records of an object (mover_of), by those of the ruleset's
-- own, or by an object's that go nowhere (object).
-- As json: with thousands of rules, to put each level of a jsonb into the next one costs as much as all the rest of it.
create function dist._intent(ruleset text, to_rep text, to_distribution_rule text, object text, mover_of text default null) returns json
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    given text := coalesce($5, (select s.object from dist.ruleset s where s.name = $1));
    about text := coalesce(given, $4);
begin
    return (
        with rulesets as (select s.* from dist.ruleset s where s.name in (select dist._reach($1))),
             rules as (select a.* from dist.assignment_rule a join rulesets s on s.name = a.ruleset),
             distribution_rules (name) as (
                 select dist._with_fallbacks(array(
                     select $3
                     union select to_distribution_rule from rules
                     union select default_to_distribution_rule from rulesets))),
             reps as (
                 select $2 as rep
                 union select to_rep from rules
                 union select default_to_rep from rulesets
                 union select unnest(array[d.rep, d.fallback_to_rep]) from dist.distribution_rule d
                        where d.name in (select name from distribution_rules))
        select json_build_object(
                   'object', dist._object_intent(about),
                   'rulesets', (select coalesce(json_agg(json_build_object(
                                           'name', s.name, 'default_to_rep', s.default_to_rep, 'default_to_hopper', s.default_to_hopper,
                                           'default_to_distribution_rule', s.default_to_distribution_rule,
                                           'rules', (select coalesce(json_agg(r order by r.position), '[]')
                                                       from rules r where r.ruleset = s.name))), '[]')
                                  from rulesets s),
                   'distribution_rules', (select coalesce(jsonb_agg(dist._rule_intent(d.name) order by d.name collate "C"), '[]')
                                            from distribution_rules d where d.name is not null),
                   'measures', dist._measures_intent(array(select d.name from distribution_rules d)),
                   'books', dist._books_intent(given, array(select d.name from distribution_rules d)),
                   'reps', (select coalesce(jsonb_object_agg(p.rep, p.active), '{}')
                              from dist.rep p where p.rep in (select rep from reps)),
                   'matches', dist._match_intent(given, array(select name from distribution_rules)),
                   'caps', dist._cap_intent(given, array(select name from distribution_rules)),
                   'exclusions', dist._exclusion_intent(null, null, array(select r.name from rulesets r)),
                   'hoppers', dist._hopper_intent(about),
                   'eligibility', dist._eligibility_intent(given),
                   'protections', dist._protection_intent($4),
                   'people', dist._people_intent(array(select rep from reps
                                                       union select dist._reps_of(array(select name from distribution_rules)))),
                   'events', to_jsonb(dist._events_wanted(about)),
                   'slas', dist._sla_intent(about),
                   'segments', json '[]',
                   'unassigned_rows', (select coalesce(v.value, 9223372036854775807) from dist.policies v where v.name = 'unassigned_rows'),
                   'keep_decisions', dist._policy_value('keep_decisions') is distinct from 0,
                   'rows_per_run', (select v.value from dist.policies v where v.name = 'rows_per_run')));
end $$;
comment on function dist._intent(text, text, text, text, text) is
    'Internal: all intent that can be reached from a ruleset, a rep or a distribution rule by records of an object (mover_of), or about an object by itself (object)';
