-- Distribution rules: whom a record goes to, of a team, by which strategy; and what becomes of it where nobody can have it.

create table dist.distribution_rule (
    name                          text primary key,
    strategy                      text not null,
    team                          text references dist.team on update cascade,
    rep                           text references dist.rep on update cascade,
    each                          integer,
    segment                       text,
    prior                         integer,
    floor                         numeric,
    ceiling                       numeric,
    missed                        text not null default 'lost',
    missed_max                    integer,
    missed_expiry                 interval,
    if_unavailable                text not null default 'hold',
    fallback_to_rep               text references dist.rep on update cascade,
    -- No foreign key: a dump has the rows in any order. Triggers keep it (below, and in references.sql).
    fallback_to_distribution_rule text,
    cool_down                     interval,
    cool_down_holders             integer,
    exact_cells                   integer,
    -- No foreign key: a match has rows, and no row of its name alone. Triggers keep it (below, and in match.sql).
    match                         text,
    description                   text
);
create index on dist.distribution_rule (team);
create index on dist.distribution_rule (rep);
create index on dist.distribution_rule (fallback_to_distribution_rule);
comment on table dist.distribution_rule is 'Intent: a pool of reps and the strategy by which records go to them';
comment on column dist.distribution_rule.name is 'Name of the distribution rule';
comment on column dist.distribution_rule.strategy is
    'rep (always the same), round_robin, weighted (by team_member.weight), performance, load, value, top_off, fixed, sticky, random; see docs/distribution.md';
comment on column dist.distribution_rule.team is 'The team whose members receive; null = every active rep';
comment on column dist.distribution_rule.rep is 'The rep; for strategy rep';
comment on column dist.distribution_rule.each is 'How many records each member receives in a run at most; for strategy fixed';
comment on column dist.distribution_rule.segment is 'Which segment of the book is filled (dist.book_segment); null = the whole book; for top_off and fixed';
comment on column dist.distribution_rule.prior is
    'How many records'' worth of the team''s mean each member''s rate is shrunk towards; for performance, by default 10';
comment on column dist.distribution_rule.floor is 'The least weight that performance gives, greater than 0; by default 0.05';
comment on column dist.distribution_rule.ceiling is 'The greatest weight that performance gives; by default 1';
comment on column dist.distribution_rule.missed is
    'What becomes of the turns a member misses who is away: lost, catch_up (owed, up to missed_max), keep_turn (one is kept)';
comment on column dist.distribution_rule.missed_max is 'How many turns may be owed; for catch_up';
comment on column dist.distribution_rule.missed_expiry is 'How long after the last missed turn they lapse; null = never; for catch_up';
comment on column dist.distribution_rule.if_unavailable is
    'What becomes of records that nobody can have: hold (they are left, with the reason), fall_back, assign_anyway (where nobody is at work, all active members take part as if they were)';
comment on column dist.distribution_rule.fallback_to_rep is 'Who receives then; for fall_back';
comment on column dist.distribution_rule.fallback_to_distribution_rule is 'Which distribution rule receives then; for fall_back';
comment on column dist.distribution_rule.cool_down is 'A record does not go back to whoever held it within this interval before the run';
comment on column dist.distribution_rule.cool_down_holders is 'A record does not go back to the last so many who held it';
comment on column dist.distribution_rule.exact_cells is
    'Up to so many cells (kinds of records times members) restricted eligibility is solved exactly, greedily above; null = 1 000 000';
comment on column dist.distribution_rule.match is
    'A record that matches another one (dist.match) goes to whoever owns that, if he can have it, and by the strategy else; he need not be a member';
comment on column dist.distribution_rule.description is 'What the rule is for';

create function dist._goes_by_turns(strategy text) returns boolean
    language sql immutable
    set search_path = pg_catalog, pg_temp
    return strategy in ('round_robin', 'weighted', 'performance');
comment on function dist._goes_by_turns(text) is 'Internal: whether the deficits of a strategy are turns that are owed';

-- The distribution rules that one can hand its records on to, itself included.
create function dist._with_fallbacks(rules text[]) returns setof text
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
begin
    return query
        with recursive chain (rule) as (
            select unnest(rules)
            union
            select d.fallback_to_distribution_rule
              from chain
              join dist.distribution_rule d on d.name = chain.rule
             where d.fallback_to_distribution_rule is not null)
        select c.rule from chain c where c.rule is not null;
end $$;
comment on function dist._with_fallbacks(text[]) is 'Internal: distribution rules and those they hand records on to';

create function dist._reps_of(rules text[]) returns setof text
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
begin
    return query
        with r as (select d.* from dist.distribution_rule d where d.name in (select dist._with_fallbacks(rules)))
        select r.rep from r where r.rep is not null
        union
        select r.fallback_to_rep from r where r.fallback_to_rep is not null
        union
        select m.rep from r join dist.team_member m on m.team = r.team
        union
        select p.rep from dist.rep p where p.active and exists (select from r where r.team is null and r.strategy <> 'rep' or r.match is not null);
end $$;
comment on function dist._reps_of(text[]) is 'Internal: every rep whom these distribution rules can give a record to';

create function dist._reachable_reps(one_rep text, one_rule text) returns text[]
    language sql stable
    set search_path = pg_catalog, pg_temp
    return (
        select array_agg(reachable)
          from dist._with_stand_ins(one_rep || array(select dist._reps_of(array[one_rule]))) reachable);
comment on function dist._reachable_reps(text, text) is 'Internal: the reps that a rep and a distribution rule name';

create function dist._check_distribution_rule() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    only_for text;
    circle text;
begin
    if dist._checks_off() then
        return new;
    end if;
    if btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'name is empty', 'Give the distribution rule a name.');
    end if;
    perform dist._one_of(tg_table_name, new.name, 'strategy', new.strategy, array[
        'rep', 'round_robin', 'weighted', 'performance', 'load', 'value', 'top_off', 'fixed', 'sticky', 'random']);
    perform dist._one_of(tg_table_name, new.name, 'missed', new.missed, array['lost', 'catch_up', 'keep_turn']);
    perform dist._one_of(tg_table_name, new.name, 'if_unavailable', new.if_unavailable, array['hold', 'fall_back', 'assign_anyway']);
    perform dist._must_exist(tg_table_name, new.name, 'team', new.team, 'team');
    perform dist._must_exist(tg_table_name, new.name, 'rep', new.rep, 'rep');
    perform dist._must_exist(tg_table_name, new.name, 'fallback_to_rep', new.fallback_to_rep, 'rep');
    perform dist._must_exist(tg_table_name, new.name, 'fallback_to_distribution_rule', new.fallback_to_distribution_rule, 'distribution_rule');
    if new.match is not null and not exists (select from dist.match m where m.name = new.match) then
        perform dist._refuse(tg_table_name, new.name, '23503', format('match %L does not exist in dist.match', new.match),
            coalesce('Perhaps you meant ' || quote_literal(dist._nearest(new.match, array(select distinct m.name from dist.match m limit 10000))) || '.',
                     'Insert its rows into dist.match first.'));
    end if;
    if new.strategy = 'rep' and (new.rep is null or new.team is not null) then
        perform dist._refuse(tg_table_name, new.name, '23514', 'strategy rep takes rep and no team', 'Set rep to the rep who receives the records.');
    elsif new.strategy <> 'rep' and new.rep is not null then
        perform dist._refuse(tg_table_name, new.name, '23514',
            format('strategy %s takes team and no rep', new.strategy),
            'Set team to the team whose members receive; without one it is every active rep.');
    end if;
    -- What only some strategies look at is refused elsewhere: it would be believed to hold.
    only_for := case when new.each is not null and new.strategy <> 'fixed' then 'each is for strategy fixed'
                     when new.segment is not null and new.strategy not in ('top_off', 'fixed') then 'segment is for strategies top_off and fixed'
                     when num_nonnulls(new.prior, new.floor, new.ceiling) > 0 and new.strategy <> 'performance'
                         then 'prior, floor and ceiling are for strategy performance'
                     when new.missed <> 'lost' and not dist._goes_by_turns(new.strategy)
                         then format('missed %s is for strategies that go by turns: round_robin, weighted, performance', new.missed)
                end;
    if only_for is not null then
        perform dist._refuse(tg_table_name, new.name, '23514', format('%s, not %s', only_for, new.strategy), 'Leave it null, or change the strategy.');
    end if;
    perform dist._must_exist(tg_table_name, new.name, 'segment', new.segment, 'book_segment');
    if new.strategy = 'fixed' and new.each is null then
        perform dist._refuse(tg_table_name, new.name, '23514', 'strategy fixed takes each', 'Set each to the number of records for each member.');
    elsif new.each < 1 then
        perform dist._refuse(tg_table_name, new.name, '23514', format('each %s is out of range', new.each), 'Give at least 1.');
    end if;
    if new.prior not between 1 and 1000000 then
        perform dist._refuse(tg_table_name, new.name, '23514', format('prior %s is out of range', new.prior), 'Give 1 to 1000000.');
    end if;
    if new.strategy = 'performance'
       and (not (coalesce(new.floor, 0.05) > 0 and coalesce(new.ceiling, 1) <= 1000000000 and coalesce(new.floor, 0.05) <= coalesce(new.ceiling, 1))
            or scale(trim_scale(new.floor)) > 6 or scale(trim_scale(new.ceiling)) > 6) then
        perform dist._refuse(tg_table_name, new.name, '23514',
            format('floor %s and ceiling %s are out of range', coalesce(new.floor, 0.05), coalesce(new.ceiling, 1)),
            'The floor is greater than 0 and at most the ceiling, with at most 6 decimals.');
    end if;
    if new.missed = 'catch_up' and new.missed_max is null then
        perform dist._refuse(tg_table_name, new.name, '23514', 'missed catch_up takes missed_max', 'Set missed_max to how many turns may be owed.');
    elsif new.missed <> 'catch_up' and (new.missed_max is not null or new.missed_expiry is not null) then
        perform dist._refuse(tg_table_name, new.name, '23514', format('missed_max and missed_expiry are for missed catch_up, not %s', new.missed),
            'Leave them null, or set missed = ''catch_up''.');
    elsif new.missed_max not between 1 and 1000 then
        perform dist._refuse(tg_table_name, new.name, '23514', format('missed_max %s is out of range', new.missed_max), 'Give 1 to 1000.');
    elsif not (extract(epoch from new.missed_expiry) between 1 and 315576000) then
        perform dist._refuse(tg_table_name, new.name, '23514', format('missed_expiry %s is out of range', new.missed_expiry), 'Give one second to ten years.');
    end if;
    if not (extract(epoch from new.cool_down) between 1 and 3155760000) then
        perform dist._refuse(tg_table_name, new.name, '23514', format('cool_down %s is out of range', new.cool_down), 'Give one second to a hundred years.');
    elsif new.cool_down_holders not between 1 and 1000 then
        perform dist._refuse(tg_table_name, new.name, '23514', format('cool_down_holders %s is out of range', new.cool_down_holders), 'Give 1 to 1000.');
    elsif new.exact_cells not between 0 and 100000000 then
        perform dist._refuse(tg_table_name, new.name, '23514', format('exact_cells %s is out of range', new.exact_cells), 'Give 0 to 100000000.');
    end if;
    if (new.if_unavailable = 'fall_back') <> (num_nonnulls(new.fallback_to_rep, new.fallback_to_distribution_rule) = 1)
       or num_nonnulls(new.fallback_to_rep, new.fallback_to_distribution_rule) > 1 then
        perform dist._refuse(tg_table_name, new.name, '23514',
            format('if_unavailable is %s, and %s fallbacks are given', new.if_unavailable,
                   num_nonnulls(new.fallback_to_rep, new.fallback_to_distribution_rule)),
            'With fall_back set one of fallback_to_rep and fallback_to_distribution_rule; otherwise neither.');
    end if;
    if new.fallback_to_distribution_rule is not null then
        -- A circle can also be closed by two sessions at once: whoever links rules does so one after the other.
        lock table dist.distribution_rule in share update exclusive mode;
        select string_agg(f, ' -> ') into circle from dist._with_fallbacks(array[new.fallback_to_distribution_rule]) f;
        if new.name in (select dist._with_fallbacks(array[new.fallback_to_distribution_rule])) then
            perform dist._refuse(tg_table_name, new.name, '22023', format('the fallbacks form a circle: %s -> %s', new.name, circle),
                'A distribution rule must not hand its records back to itself.');
        end if;
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.distribution_rule
    for each row execute function dist._check_distribution_rule();

create function dist._rename_fallback() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    update dist.distribution_rule d set fallback_to_distribution_rule = new.name where d.fallback_to_distribution_rule = old.name;
    return null;
end $$;
create trigger rename_fallback after update of name on dist.distribution_rule
    for each row when (old.name is distinct from new.name) execute function dist._rename_fallback();

-- Which objects' records can come to one of these distribution rules, by anybody's intent.
create function dist._objects_served(rules text[]) returns setof text
    language plpgsql stable security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    with recursive leaders (rule) as (
        select unnest(rules)
        union
        select d.name from leaders l join dist.distribution_rule d on d.fallback_to_distribution_rule = l.rule)
    select s.object from dist.ruleset s where s.default_to_distribution_rule in (select rule from leaders)
    union
    select s.object
      from dist.assignment_rule a
      join dist.ruleset s on s.name = a.ruleset
     where a.to_distribution_rule in (select rule from leaders)
    union
    select t.object from dist.transfer t where t.to_distribution_rule in (select rule from leaders)
    union
    select h.object from dist.hopper h where h.expire_to_distribution_rule in (select rule from leaders)
    union
    select s.object from dist.sla s where s.to_distribution_rule in (select rule from leaders)
    union
    select m.object from dist.measure m where m.distribution_rule = any (rules);
end $$;
comment on function dist._objects_served(text[]) is
    'Internal: objects whose records can come to one of these distribution rules, or are counted for one';

-- After the row is there, for whom it reaches is read from the table.
create function dist._check_served() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not dist._checks_off() then
        perform dist._check_reps(tg_table_name, new.name, served, dist._reachable_reps(null, new.name)),
                dist._check_segments(tg_table_name, new.name, served, array[new.name])
           from dist._objects_served(array[new.name]) served;
    end if;
    return null;
end $$;
create trigger check_served after update on dist.distribution_rule
    for each row execute function dist._check_served();
