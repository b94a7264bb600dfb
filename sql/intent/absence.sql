-- Who is away, and who stands in; and what the router reads of everybody's working hours, in one query, as one jsonb value.

create table dist.absence (
    id       bigint generated always as identity primary key,
    rep      text not null references dist.rep on update cascade on delete cascade,
    starts   timestamp not null,
    ends     timestamp not null,
    stand_in text references dist.rep on update cascade,
    reason   text
);
create index on dist.absence (rep);
create index on dist.absence (stand_in);
comment on table dist.absence is 'Intent: when a rep is away, and who stands in';
comment on column dist.absence.id is 'Number of the absence';
comment on column dist.absence.rep is 'Who is away';
comment on column dist.absence.starts is 'From when on, in the rep''s local time';
comment on column dist.absence.ends is 'The first instant after it, in the rep''s local time; infinity = until further notice';
comment on column dist.absence.stand_in is
    'Who receives meanwhile in the absent rep''s turn; if that one is absent too, who stands in for him; null = nobody';
comment on column dist.absence.reason is 'What people call it';

-- Reps and all who can come to stand in for them.
create function dist._with_stand_ins(reps text[]) returns setof text
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
begin
    return query
        with recursive chain (rep) as (
            select unnest(reps)
            union
            select a.stand_in from chain c join dist.absence a on a.rep = c.rep where a.stand_in is not null)
        select c.rep from chain c where c.rep is not null;
end $$;
comment on function dist._with_stand_ins(text[]) is 'Internal: reps and all who can come to stand in for them';

-- Which objects' records can come to a rep, by anybody's intent.
create function dist._objects_of_rep(rep text) returns setof text
    language plpgsql stable security definer
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    return query
        select s.object from dist.ruleset s where s.default_to_rep = rep
        union
        select s.object from dist.assignment_rule a join dist.ruleset s on s.name = a.ruleset where a.to_rep = rep
        union
        select t.object from dist.transfer t where t.to_rep = rep
        union
        select h.object from dist.hopper h where h.expire_to_rep = rep
        union
        select dist._objects_served(array(
            select d.name
              from dist.distribution_rule d
             where d.rep = rep or d.fallback_to_rep = rep
                or d.team in (select m.team from dist.team_member m where m.rep = _objects_of_rep.rep)
                or d.team is null and d.strategy <> 'rep'));
end $$;
comment on function dist._objects_of_rep(text) is 'Internal: the objects whose records can come to a rep';

create function dist._absence_span(zone text, starts timestamp, ends timestamp) returns tstzrange
    language sql immutable
    set search_path = pg_catalog, pg_temp
    -- A local time in the gap of a clock lies behind it.
    return tstzrange(starts at time zone zone, greatest(starts at time zone zone, ends at time zone zone));
comment on function dist._absence_span(text, timestamp, timestamp) is 'Internal: an absence as instants';

create function dist._check_absence() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    row_name text := concat_ws('/', new.rep, new.starts);
    circle text;
begin
    if dist._checks_off() then
        return new;
    end if;
    perform dist._required(tg_table_name, row_name, 'rep', new.rep);
    perform dist._must_exist(tg_table_name, row_name, 'rep', new.rep, 'rep');
    perform dist._must_exist(tg_table_name, row_name, 'stand_in', new.stand_in, 'rep');
    if new.ends <= new.starts then
        perform dist._refuse(tg_table_name, row_name, '23514', format('it ends at %s, which is not after its start', new.ends),
            'The end is exclusive: a day off ends at midnight of the next day.');
    elsif new.starts not between '0001-01-01' and '9999-12-31' or new.ends > '9999-12-31' and new.ends <> 'infinity' then
        perform dist._refuse(tg_table_name, row_name, '22008', format('%s to %s is out of range', new.starts, new.ends),
            'Give local times of the years 1 to 9999; an absence without an end ends at infinity.');
    elsif new.stand_in = new.rep then
        perform dist._refuse(tg_table_name, row_name, '23514', format('%L would stand in for himself', new.rep), 'Name somebody else, or nobody.');
    end if;
    if new.stand_in is null then
        return new;
    end if;
    perform dist._check_reps(tg_table_name, row_name, served, array[new.stand_in]) from dist._objects_of_rep(new.rep) served;
    -- A circle can also be closed by two sessions at once: whoever names a stand-in does so one after the other. Two who
    -- stand in for each other are no circle unless they are away at the same time.
    lock table dist.absence in share update exclusive mode;
    with recursive chain (rep, span, path) as (
        select new.stand_in, dist._absence_span(p.time_zone, new.starts, new.ends), array[new.rep, new.stand_in]
          from dist.rep p
         where p.rep = new.rep
        union all
        select a.stand_in, c.span * dist._absence_span(p.time_zone, a.starts, a.ends), c.path || a.stand_in
          from chain c
          join dist.absence a on a.rep = c.rep and a.id <> new.id and a.stand_in is not null
          join dist.rep p on p.rep = a.rep
         where c.span && dist._absence_span(p.time_zone, a.starts, a.ends)
           and c.rep <> new.rep and a.stand_in <> all (c.path[2:]))
    select array_to_string(c.path, ' -> ') into circle from chain c where c.rep = new.rep limit 1;
    if found then
        perform dist._refuse(tg_table_name, row_name, '22023', format('the stand-ins form a circle: %s', circle),
            'All of them are away at the same time: let one of them name somebody who is there.');
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.absence
    for each row execute function dist._check_absence();

create function dist._people_intent(reps text[]) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return (
        with people as (
                 select p.*, a.absences
                   from dist.rep p
                   left join (select a.rep,
                                     jsonb_agg(jsonb_build_object(
                                         'starts', a.starts, 'ends', nullif(a.ends, 'infinity'),
                                         'stand_in', a.stand_in, 'reason', a.reason)
                                       order by a.starts, a.id) as absences
                                from dist.absence a
                               group by a.rep) a on a.rep = p.rep
                  where p.rep in (select dist._with_stand_ins(reps))
                    -- Who is not named here works round the clock.
                    and (p.calendar is not null or a.absences is not null or not p.active))
        select jsonb_build_object(
                   'people', (select coalesce(jsonb_object_agg(p.rep, jsonb_build_object(
                                         'active', p.active, 'zone', p.time_zone, 'calendar', p.calendar,
                                         'absences', coalesce(p.absences, '[]'))), '{}')
                                from people p),
                   'calendars', (select coalesce(jsonb_object_agg(c.name, jsonb_build_object(
                                            'shifts', (select coalesce(jsonb_agg(jsonb_build_array(s.weekday,
                                                                  extract(epoch from s.starts)::integer, extract(epoch from s.ends)::integer)), '[]')
                                                         from dist.shift s
                                                        where s.calendar = c.name),
                                            'holidays', (select coalesce(jsonb_object_agg(h.day, coalesce(h.name, '')), '{}')
                                                           from dist.holiday h
                                                          where h.calendar = c.name))), '{}')
                                   from dist.calendar c
                                  where c.name in (select p.calendar from people p))));
end $$;
comment on function dist._people_intent(text[]) is 'Internal: working hours, absences and stand-ins of reps and of whom they can hand on to';
