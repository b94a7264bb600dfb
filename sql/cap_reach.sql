-- Which caps a run can come to: what it locks of them, and what the router reads.

-- Every rep whom a transfer can give a record to.
create function dist._receivers(kind text, name text) returns setof text
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return query
        with t as (select x.* from dist._mover($1, $2) x),
             sets as (select s.* from dist.ruleset s where s.name in (select dist._reach((select t.to_ruleset from t)))),
             rules as (select a.* from dist.assignment_rule a join sets s on s.name = a.ruleset where a.active)
        select t.to_rep from t where t.to_rep is not null
        union
        select r.to_rep from rules r where r.to_rep is not null
        union
        select s.default_to_rep from sets s where s.default_to_rep is not null
        union
        select dist._reps_of(array(select t.to_distribution_rule from t
                                   union select r.to_distribution_rule from rules r
                                   union select s.default_to_distribution_rule from sets s));
end $$;
comment on function dist._receivers(text, text) is 'Internal: every rep whom a transfer can give a record to';

-- The caps that a run of a transfer counts by, in the order in which they are locked. (What is open is counted from the
-- object's table, which the lock on the object keeps from other runs.)
create function dist._caps(kind text, name text) returns text[]
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    pools text[];
begin
    if not exists (select from dist.cap c where c.active and c.per <> 'open') then
        return '{}';
    end if;
    pools := dist._pools($1, $2);
    return (
        with reps (rep) as materialized (select dist._with_stand_ins(array(select dist._receivers($1, $2))))
        select coalesce(array_agg(c.name order by c.name collate "C"), '{}')
          from dist.cap c
         where c.active and c.per <> 'open'
           and (c.object is null or c.object = (select t.object from dist._mover($1, $2) t))
           and (c.distribution_rule is null or c.distribution_rule = any (pools))
           and (c.rep is null or c.rep in (select r.rep from reps r))
           and (c.team is null or exists (select from dist.team_member m join reps r on r.rep = m.rep where m.team = c.team)));
end $$;
comment on function dist._caps(text, text) is 'Internal: the caps that a run of a transfer locks';

create function dist._cap_intent(object text, rules text[]) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return (
        with caps as (
            select c.* from dist.cap c
             where c.active and (c.object is null or c.object = $1)
               and (c.distribution_rule is null or c.distribution_rule = any ($2)))
        select jsonb_build_object(
                   'rows', coalesce(jsonb_agg(jsonb_build_object(
                               'name', c.name, 'distribution_rule', c.distribution_rule, 'together', c.counts = 'together',
                               'per', c.per, 'most', c.most, 'rolling', c.rolling, 'time_zone', c.time_zone,
                               'criteria', c.criteria, 'predicate', c.predicate, 'written_by', c.written_by,
                               -- Null: everybody.
                               'reps', case when c.rep is not null or c.team is not null or c.per = 'open' and c.counts = 'together'
                                            then (select coalesce(jsonb_agg(p.rep), '[]') from dist._covered(c) p) end)
                           order by c.name collate "C"), '[]'),
                   -- UTC is left out.
                   'zones', case when exists (select from caps c where c.per <> 'open' and not c.rolling and c.time_zone is null)
                                 then (select jsonb_object_agg(p.rep, p.time_zone) from dist.rep p where p.time_zone <> 'UTC') end)
          from caps c);
end $$;
comment on function dist._cap_intent(text, text[]) is 'Internal: the active caps of an object and of distribution rules, as Rust reads them';
