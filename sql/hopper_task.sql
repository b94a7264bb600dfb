-- What hoppers do by themselves: records expire, and releases let them go. Both are tasks (task.sql).

-- Something has come into hoppers: whoever has to see to it is called.
create function dist._came_into(hoppers text[], first_expiry timestamptz[], at timestamptz) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._set_task('hopper', h.name, h.owner, min(c.expiry), h.object)
       from unnest(hoppers, first_expiry) c(hopper, expiry)
       join dist.hopper h on h.name = c.hopper and h.active
      where c.expiry is not null
      group by h.name, h.owner, h.object;
    perform dist._set_task('release', l.name, l.owner, at, h.object)
       from dist.release l join dist.hopper h on h.name = l.hopper
      where l.active and l.hopper = any (hoppers)
        -- One that is waiting for its time goes on waiting.
        and not exists (select from dist.task t where t.kind = 'release' and t.name = l.name and t.due_at is not null);
end $$;
comment on function dist._came_into(text[], timestamptz[], timestamptz) is 'Internal: calls the expiry and the releases of hoppers into which something has come';

create function dist._hopper_tasks() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'DELETE' then
        perform dist._drop_task(tg_table_name, old.name);
        return null;
    end if;
    if tg_op = 'UPDATE' and old.name <> new.name or not new.active then
        perform dist._drop_task(tg_table_name, case tg_op when 'UPDATE' then old.name else new.name end);
    end if;
    if tg_table_name = 'hopper' then
        if tg_op = 'UPDATE' and new.expires_after is distinct from old.expires_after then
            update dist.hopper_record r set expires_at = r.since + new.expires_after where r.hopper = new.name;
        end if;
        perform dist._came_into(array[new.name], array[(select min(r.expires_at) from dist.hopper_record r where r.hopper = new.name)], dist._clock());
    elsif new.active and exists (select from dist.hopper_record r where r.hopper = new.hopper) then
        perform dist._set_task('release', new.name, new.owner, dist._clock(), h.object) from dist.hopper h where h.name = new.hopper;
    end if;
    return null;
end $$;
comment on function dist._hopper_tasks() is 'Internal: the tasks of a hopper or release go with its row';
create trigger tasks after insert or delete or update of name, active, owner, expires_after on dist.hopper
    for each row when (not dist._checks_off()) execute function dist._hopper_tasks();
create trigger tasks after insert or delete or update of name, active, owner, per_hour, when_available, every on dist.release
    for each row when (not dist._checks_off()) execute function dist._hopper_tasks();

-- Runs with the rights of owner. Returns how many records moved; where none did there is no run. 55P03 where something is
-- locked and nowait.
create function dist._expire(hopper text, owner text, as_of timestamptz, nowait boolean) returns bigint
    language c volatile
    as 'MODULE_PATHNAME', 'expire_wrapper';
comment on function dist._expire(text, text, timestamptz, boolean) is 'Internal: takes out of a hopper what has expired';

create function dist._let_go(release text, transfer text, most bigint, owner text, as_of timestamptz, nowait boolean) returns bigint
    language c volatile
    as 'MODULE_PATHNAME', 'let_go_wrapper';
comment on function dist._let_go(text, text, bigint, text, timestamptz, boolean) is 'Internal: runs the transfer of a release, for so many records at most';

create function dist._serve_hopper(name text, as_of timestamptz, live boolean) returns timestamptz
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    h dist.hopper;
    following timestamptz;
begin
    select x.* into h from dist.hopper x where x.name = $1 and x.active;
    if not found then
        return null;
    end if;
    if exists (select from dist.hopper_record r where r.hopper = h.name and r.expires_at <= as_of) then
        perform dist._expire(h.name, h.owner::text, as_of, live);
    end if;
    -- Whom nobody can have now is tried again.
    select min(case when r.expires_at <= as_of then as_of + interval '1 minute' else r.expires_at end) into following from dist.hopper_record r where r.hopper = h.name;
    return following;
end $$;
comment on function dist._serve_hopper(text, timestamptz, boolean) is 'Internal: the due work of a hopper: what has expired leaves it';

create function dist._serve_release(name text, as_of timestamptz, live boolean) returns timestamptz
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    l dist.release;
    s dist.release_state;
    most bigint;
    moved bigint := 0;
begin
    select x.* into l from dist.release x where x.name = $1 and x.active;
    if not found or not exists (select from dist.hopper_record r where r.hopper = l.hopper) then
        -- The next that comes in goes at once.
        delete from dist.release_state r where r.release = $1 and r.at + make_interval(secs => 3600 / l.per_hour) <= as_of;
        return null;
    end if;
    if l.per_hour is not null then
        -- The first goes at once, each further one when its time has come; what nobody could take is made up for, but not for
        -- more than an hour.
        insert into dist.release_state as r (release, at, credit) values (l.name, as_of, 1)
            on conflict (release) do update
           set credit = least(r.credit + l.per_hour * greatest(extract(epoch from as_of - r.at), 0) / 3600, greatest(l.per_hour, 1)), at = as_of
        returning * into s;
        most := floor(s.credit + 0.000001);
    end if;
    if most is null or most > 0 then
        moved := dist._let_go(l.name, l.transfer, most, l.owner::text, as_of, live);
        update dist.release_state r set credit = r.credit - moved where r.release = l.name;
    end if;
    if l.per_hour is null then
        return as_of + l.every;
    end if;
    s.credit := s.credit - moved;
    return as_of + case when s.credit + 0.000001 >= 1 then l.every
                        else greatest(make_interval(secs => ceil((1 - s.credit) * 3600 / l.per_hour * 1000000) / 1000000), interval '1 second') end;
end $$;
comment on function dist._serve_release(text, timestamptz, boolean) is 'Internal: the due work of a release';

create view dist.queue as
    select case when h.claimable then 'hopper' else 'queue' end as kind,
           h.name, h.object, r.record_key, r.rep, r.since,
           case when r.expires_at operator(pg_catalog.<=) dist._clock() then 'expired, and nobody can have it'
                when not h.active then 'the hopper is passive'
                when l.name is not null then 'waits for release ' operator(pg_catalog.||) l.name
                when h.claimable then 'waits for a claim'
                else 'waits for a transfer' end as why,
           least(r.expires_at, l.due_at) as due_at
      from dist.hopper_record r
      join dist.hopper h on h.name operator(pg_catalog.=) r.hopper
      left join lateral (
               select x.name, t.due_at
                 from dist.release x
                 left join dist.task t on t.kind operator(pg_catalog.=) 'release' and t.name operator(pg_catalog.=) x.name
                where x.hopper operator(pg_catalog.=) h.name and x.active
                order by t.due_at, x.name
                limit 1) l on true
    union all
    select case when w.attempts operator(pg_catalog.=) 0 then 'automation' else 'held' end, a.name, a.object, w.record_key, null, w.since,
           case when not a.active then 'the automation is passive'
                when w.attempts operator(pg_catalog.=) 0 then 'waits for its time'
                else pg_catalog.format('failed %s times, is tried again: %s: %s', w.attempts, w.sqlstate, w.message) end,
           w.due_at
      from dist.waiting w
      join dist.automation a on a.name operator(pg_catalog.=) w.automation;
comment on view dist.queue is 'What waits: where, since when, for what, and when it is looked at next';
comment on column dist.queue.kind is 'hopper, queue, automation (it came in and is still to be routed) or held (that failed)';
comment on column dist.queue.name is 'Its name';
comment on column dist.queue.object is 'The object';
comment on column dist.queue.record_key is 'The record''s key, in its text form';
comment on column dist.queue.rep is 'Who owns it meanwhile; null = nobody';
comment on column dist.queue.since is 'Since when';
comment on column dist.queue.why is 'What it waits for';
comment on column dist.queue.due_at is 'When it expires, is routed, or a release looks at it next; null = when somebody comes for it';
