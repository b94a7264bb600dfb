-- Who is owed what, who received what in a time, and who owned what when: what people and BI tools ask of the history.

create view dist.fairness as
    select r.name as distribution_rule, r.strategy, m.rep, m.weight, m.active,
           coalesce((s.deficits operator(pg_catalog.->>) m.rep)::numeric
               operator(pg_catalog./) nullif(s.total_weight operator(pg_catalog.*) 1048576, 0), 0)::numeric(12, 6) as deficit,
           coalesce(s.turns, 0) as turns_of_rule,
           case when w.weight is null then null
                when m.active then
               (w.weight operator(pg_catalog./) sum(w.weight) filter (where m.active)
                   over (partition by r.name))::numeric(12, 6)
           else 0 end as share
      from dist.distribution_rule r
     cross join lateral dist._members(r) m
     cross join lateral (select case when r.strategy operator(pg_catalog.=) any (array['weighted', 'sticky', 'random']) then m.weight
                              when r.strategy operator(pg_catalog.=) 'round_robin' then 1 end) w(weight)
      left join dist.pool s on s.distribution_rule operator(pg_catalog.=) r.name;
comment on view dist.fairness is 'Who is owed what in each distribution rule';
comment on column dist.fairness.distribution_rule is 'The distribution rule';
comment on column dist.fairness.strategy is 'How records go to the members';
comment on column dist.fairness.rep is 'The rep';
comment on column dist.fairness.weight is 'Weight in the team; round_robin, performance, top_off and fixed do not go by it';
comment on column dist.fairness.active is 'Whether the rep takes turns now';
comment on column dist.fairness.deficit is 'Records entitled to minus records received; where the rule goes by turns between -1 and 1 as long as the members stay the same';
comment on column dist.fairness.turns_of_rule is 'Turns the whole rule has taken';
comment on column dist.fairness.share is 'The part of the rule''s records that the rep is entitled to, 0 to 1; null where that follows from what reps hold or have won (dist.performance, dist.book_balance)';

-- The first run that ended at an instant or later. (Fenced: it must not be looked for along the numbers of all runs.)
create function dist._first_run(instant timestamptz) returns bigint
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_custom_plan
as $$
begin
    return (with later as materialized (select r.id from dist.run r where r.finished_at >= instant) select min(l.id) from later l);
end $$;
comment on function dist._first_run(timestamptz) is 'Internal: the first run that ended at an instant or later; null = none has';

-- What a pool's deficits were at an instant: as the next run found them, or as they are now. first: that of dist._first_run.
create function dist._deficits_at(rule text, instant timestamptz, first bigint, out deficits jsonb, out unit numeric)
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    select (select jsonb_object_agg(dist._now_called(e.key, p.run_id), e.value) from jsonb_each(p.state -> 'deficits') e),
           (p.state ->> 'total_weight')::numeric * 1048576
      into deficits, unit
      from (select d.run_id, (d.asked -> 'pools' -> (array_position(d.distribution_rules, rule) - 1) -> 'state')::jsonb as state
              from dist.decision d
              join dist.run r on r.id = d.run_id
             where d.run_id >= first and r.finished_at >= instant and rule = any (d.distribution_rules) and r.status = 'succeeded'
             order by d.run_id, d.step
             limit 1) p;
    if not found then
        select p.deficits, p.total_weight * 1048576 into deficits, unit from dist.pool p where p.distribution_rule = rule;
    end if;
end $$;
comment on function dist._deficits_at(text, timestamptz, bigint) is 'Internal: a pool''s deficits at an instant, and what one turn is in their unit';

create function dist._check_time(since timestamptz, until timestamptz) returns void
    language plpgsql immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if since is null or until is null or since > until then
        raise exception using errcode = '22023', message = format('since %s and until %s are no time', coalesce(since::text, 'null'), coalesce(until::text, 'null')),
            hint = 'Give two instants, since not after until.';
    end if;
end $$;
comment on function dist._check_time(timestamptz, timestamptz) is 'Internal: refuses what is no time from one instant to another';

create function dist.fairness_between(since timestamptz, until timestamptz default now())
    returns table (distribution_rule text, rep text, received bigint, entitled numeric, deficit_since numeric, deficit_until numeric)
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
    former text[] := dist._former_names();
    first_since bigint;
    first_until bigint;
begin
    perform dist._check_time($1, $2);
    first_since := dist._first_run($1);
    first_until := dist._first_run($2);
    return query
        with moves as (
            -- What went back does not count: an undo takes the turns back.
            select a.distribution_rule as name,
                   case when coalesce(a.turn_of, a.new_owner) = any (former) then dist._now_called(coalesce(a.turn_of, a.new_owner), a.run_id)
                        else coalesce(a.turn_of, a.new_owner) end as rep,
                   count(*) as received
              from dist.run r
              join dist.assignment a on a.run_id = r.id
             where r.finished_at >= $1 and r.finished_at < $2 and a.distribution_rule is not null
               and not exists (select from dist.run u where u.undoes = r.id and u.status = 'succeeded' and u.finished_at < $2)
             group by 1, 2),
        books as (
            select d.name, b.deficits as before, b.unit as unit_before, e.deficits as after, e.unit as unit_after
              from dist.distribution_rule d
             cross join lateral dist._deficits_at(d.name, $1, first_since) b
             cross join lateral dist._deficits_at(d.name, $2, first_until) e
             where d.strategy <> 'rep'),
        reps as (
            select m.name, m.rep from moves m
            union
            select b.name, k from books b, jsonb_object_keys(b.after) k),
        told as (
            select r.name, r.rep, coalesce(m.received, 0) as received,
                   coalesce((b.before ->> r.rep)::numeric / nullif(b.unit_before, 0), 0) as deficit_since,
                   coalesce((b.after ->> r.rep)::numeric / nullif(b.unit_after, 0), 0) as deficit_until
              from reps r
              left join moves m on m.name = r.name and m.rep = r.rep
              left join books b on b.name = r.name)
        select t.name, t.rep, t.received, round(t.received + t.deficit_until - t.deficit_since, 6),
               round(t.deficit_since, 6), round(t.deficit_until, 6)
          from told t
         order by t.name, t.rep;
end $$;
comment on function dist.fairness_between(timestamptz, timestamptz) is
    'What each rep, under whatever name, received in a time by each distribution rule, and what it was entitled to: received, and what it is owed now more than before. Undone runs do not count. Deficits are those that runs found, so it takes the policy keep_decisions';

create function dist._shares(run_id bigint)
    returns table (distribution_rule text, segment text[], rep text, received bigint, entitled bigint)
    language c stable
    as 'MODULE_PATHNAME', 'shares_wrapper';
comment on function dist._shares(bigint) is 'Internal: what a run gave whom in each segment, and to how many millionths of a record each was entitled there';

create function dist.fairness_by_segment(since timestamptz, until timestamptz default now())
    returns table (distribution_rule text, segment text[], rep text, received bigint, entitled numeric)
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
    perform dist._check_time($1, $2);
    return query
        select s.distribution_rule, s.segment, s.rep, sum(s.received)::bigint, sum(s.entitled) / 1000000
          from dist.run r
         cross join lateral dist._shares(r.id) s
         where r.finished_at >= $1 and r.finished_at < $2 and r.status = 'succeeded' and r.trigger <> 'undo'
           and not exists (select from dist.run u where u.undoes = r.id and u.status = 'succeeded' and u.finished_at < $2)
         group by s.distribution_rule, s.segment, s.rep
         order by s.distribution_rule, s.segment, s.rep;
end $$;
comment on function dist.fairness_by_segment(timestamptz, timestamptz) is
    'The same by segment: what each rep received of the records that just the reps in segment could have, and what each was entitled to there by weight (null where a rule does not go by weights). Asks each run of the time again, so it takes the policy keep_decisions, and a while for long times';

create view dist.ownership as
    with moves as (
        select a.object, a.record_key, a.run_id, a.seq, a.old_owner, a.new_owner, a.at,
               pg_catalog.lead(a.at) over w as next_at, pg_catalog.lead(a.old_owner) over w as next_old_owner,
               pg_catalog.lead(true, 1, false) over w as goes_on, pg_catalog.row_number() over w as n
          from dist.assignment a
        window w as (partition by a.object, a.record_key order by a.run_id, a.seq))
    select m.object, m.record_key, m.old_owner as owner, pg_catalog.tstzrange(null, m.at) as during, null::bigint as run_id,
           false as changed_outside
      from moves m
     where m.n operator(pg_catalog.=) 1
    union all
    select m.object, m.record_key, m.new_owner, pg_catalog.tstzrange(m.at, case when m.goes_on then greatest(m.at, m.next_at) end), m.run_id,
           m.goes_on and m.next_old_owner is distinct from m.new_owner
      from moves m;
comment on view dist.ownership is 'Who owned which record when, of all records that ever moved; ask by record_key, which has an index';
comment on column dist.ownership.object is 'The object';
comment on column dist.ownership.record_key is 'The record''s key, in its text form';
comment on column dist.ownership.owner is 'Who owned it; null = nobody';
comment on column dist.ownership.during is 'From when to when, by as_of of the runs; no lower bound before the first move, no upper one after the last';
comment on column dist.ownership.run_id is 'The run that gave it to the owner; null before the first move';
comment on column dist.ownership.changed_outside is 'At its end the record had another owner: somebody else than pg_dist changed it in that time';
