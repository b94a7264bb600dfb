-- What a schedule's turn goes by (F4), kept with its state: dist._due finds it there in its order, and reads no more of it than
-- is taken. Derived from intent whenever that is written: by dist._arm for the schedule and its steps, by the triggers below for
-- what the steps name. A dump has it with the rest of the state; dist.resume_all derives it anew.

-- Of the complete, active steps. place, precedes: see dist.schedule_state. Here and below by the indexes, however many transfers there
-- are, also where the server knows nothing of the tables yet: it is part of every edit.
create function dist._turn_of(schedule text, out place smallint, out objects text[], out segments text[], out refreshes text[], out precedes boolean)
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set enable_hashjoin = off
    set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    of_transfers text[];
begin
    select case when bool_or(t.kind = 'distribution') then 3
                when bool_or(t.kind = 'retrieval' or p.action = 'function' and p.segment is null) then 1
                when bool_or(p.action <> 'refresh_segment') then 4 else 0 end,
           array_agg(distinct t.object order by t.object) filter (where t.object is not null),
           nullif(array_remove(array_agg(coalesce(p.segment, case when p.action not in ('transfer', 'function') then p.target end) order by p.position)
                               || array_agg(t.segment order by p.position), null), '{}'),
           array_agg(p.target order by p.position) filter (where p.action = 'refresh_segment'),
           bool_or(t.kind is distinct from 'distribution')
      into place, of_transfers, segments, refreshes, precedes
      from dist.step p
      left join dist.transfer t on p.action = 'transfer' and t.name = p.target
     where p.schedule = $1 and p.active and p.target is not null;
    if segments is not null then
        objects := array(select unnest(of_transfers) union select jsonb_array_elements_text(dist._step_objects($1))
                         union select g.object from dist.segment g where g.name = any (segments) order by 1);
    else
        objects := coalesce(of_transfers, '{}');
    end if;
    precedes := coalesce(precedes, false) and objects <> '{}';
end $$;
comment on function dist._turn_of(text) is 'Internal: what the turn of a schedule goes by, as its steps and what they name are now';

-- Refused where a run of it is in progress, as any edit of what it uses; whoever holds its state already does not ask again.
create function dist._know_turn(target integer) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set enable_hashjoin = off
    set enable_mergejoin = off
as $$
declare
    s record;
    turn record;
begin
    select x.id, x.name, x.owner into s from dist.schedule x where x.id = target;
    -- Whoever is changing one of them sees this schedule once that has committed, or this waits until he has: neither misses
    -- the other's edit.
    perform from dist.transfer t
      where t.name in (select p.target from dist.step p where p.schedule = s.name and p.action = 'transfer')
      order by t.name for share;
    select * into turn from dist._turn_of(s.name);
    if exists (select from dist.schedule_state x
                where x.schedule_id = target
                  and (x.schedule, x.owner, x.place, x.objects, x.segments, x.refreshes, x.precedes)
                      is distinct from (s.name, s.owner, turn.place, turn.objects, turn.segments, turn.refreshes, turn.precedes)) then
        perform dist._check_plan_is_free(target, s.name);
        update dist.schedule_state x
           set schedule = s.name, owner = s.owner, place = turn.place, objects = turn.objects, segments = turn.segments,
               refreshes = turn.refreshes, precedes = turn.precedes
         where x.schedule_id = target;
    end if;
end $$;
comment on function dist._know_turn(integer) is 'Internal: derives what the turn of a schedule goes by, and keeps it with its state';

-- Something was changed that steps name, or that what they name is made of.
create function dist._know_turns() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    was jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
    becomes jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
    users text[];
begin
    case tg_table_name
        when 'transfer' then
            users := array(select p.schedule from dist.step p where p.action = 'transfer' and p.target = becomes ->> 'name');
        when 'segment' then
            users := array(select p.schedule from dist.step p
                            where p.segment = becomes ->> 'name' or p.target = becomes ->> 'name' and p.action not in ('transfer', 'function')
                            union
                           select p.schedule from dist.transfer t join dist.step p on p.target = t.name and p.action = 'transfer'
                            where t.segment = becomes ->> 'name');
        when 'segment_related' then
            users := array(select p.schedule from dist.step p
                            where p.args ->> 'related' in (was ->> 'name', becomes ->> 'name'));
        else
            -- The object of a related table.
            users := array(select p.schedule from dist.step p join dist.segment_related x on x.name = p.args ->> 'related'
                            where x.relation::text in (was ->> 'relation', becomes ->> 'relation'));
    end case;
    perform dist._know_turn(s.id)
       from dist.schedule s join dist.schedule_state st on st.schedule_id = s.id
      where s.name = any (users)
      order by s.id;
    return null;
end $$;
comment on function dist._know_turns() is 'Internal: derives the turns of the schedules whose steps name what was changed';
create trigger know_turns after update on dist.transfer
    for each row when ((old.kind, old.object, old.segment) is distinct from (new.kind, new.object, new.segment) and not dist._checks_off())
    execute function dist._know_turns();
create trigger know_turns after update on dist.segment
    for each row when (old.object is distinct from new.object and not dist._checks_off())
    execute function dist._know_turns();
create trigger know_turns after insert or update or delete on dist.segment_related
    for each row when (not dist._checks_off()) execute function dist._know_turns();
create trigger know_turns after insert or delete or update of name, relation on dist.object
    for each row when (not dist._checks_off()) execute function dist._know_turns();
