-- What has been used of the caps. It is at any time what the audit says that reps, as caps and teams name them now, have
-- received: runs count along, undo gives back, and where a cap comes to mean something else it is counted anew.

create table dist.cap_state (
    cap   text primary key references dist.cap on update cascade on delete cascade,
    taken bigint not null default 0
);
comment on table dist.cap_state is 'State: one row per cap with a window; a run locks it before it looks at what has been used';
comment on column dist.cap_state.cap is 'The cap';
comment on column dist.cap_state.taken is 'Records counted so far, in all windows, undone ones subtracted';

create table dist.cap_use (
    cap   text not null references dist.cap on update cascade on delete cascade,
    rep   text not null,
    since timestamptz not null,
    used  bigint not null,
    primary key (cap, rep, since)
);
comment on table dist.cap_use is
    'State: records received under each cap, by window or, where it rolls, by sixtieth of the window; see dist.cap_balance';
comment on column dist.cap_use.cap is 'The cap';
comment on column dist.cap_use.rep is 'Who received them; empty where reps are counted together';
comment on column dist.cap_use.since is 'Beginning of the window, or of its sixtieth';
comment on column dist.cap_use.used is 'Records received since then';

create function dist._cap_window(per text, rolling boolean, zone text, at timestamptz)
    returns table (since timestamptz, until timestamptz, kept_at timestamptz)
    language c stable rows 1
    as 'MODULE_PATHNAME', 'cap_window_wrapper';
comment on function dist._cap_window(text, boolean, text, timestamptz) is
    'Internal: the window of a cap at an instant, and the instant under which use is kept then';

create function dist._cap_memory(per text) returns interval
    language c stable
    as 'MODULE_PATHNAME', 'cap_memory_wrapper';
comment on function dist._cap_memory(text) is 'Internal: how long the use of a cap is kept';

create function dist._covered(cap dist.cap) returns setof dist.rep
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
        select p.*
          from dist.rep p
         where (cap.rep is null or p.rep = cap.rep)
           and (cap.team is null or exists (select from dist.team_member m where m.team = cap.team and m.rep = p.rep));
end $$;
comment on function dist._covered(dist.cap) is 'Internal: the reps whom a cap covers';

-- What the audit says that has been used of caps, as rows of dist.cap_use. A record that an undo has taken back counts for
-- nobody.
create function dist._cap_audit(caps text[]) returns setof dist.cap_use
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    c dist.cap;
    oldest timestamptz;
    former text[] := dist._former_names();
begin
    for c in select x.* from dist.cap x where x.name = any (caps) and x.active and x.per <> 'open' order by x.name loop
        oldest := dist._clock() - dist._cap_memory(c.per);
        return query
            select c.name, case c.counts when 'each' then m.rep else '' end, w.kept_at, sum(m.n)::bigint
              from (select p.rep, p.time_zone, a.at, count(*) as n
                      from dist.assignment a
                      join dist._covered(c) p
                        on p.rep = case when a.new_owner = any (former) then dist._now_called(a.new_owner, a.run_id) else a.new_owner end
                     where a.at >= oldest and a.reason <> 'undo'
                       and (c.object is null or a.object = c.object)
                       and (c.distribution_rule is null or a.distribution_rule = c.distribution_rule)
                       and not exists (select from dist.run u
                                         join dist.assignment b on b.run_id = u.id and b.object = a.object and b.record_key = a.record_key
                                        where u.undoes = a.run_id and u.status = 'succeeded')
                     group by p.rep, p.time_zone, a.at) m,
                   dist._cap_window(c.per, c.rolling, coalesce(c.time_zone, m.time_zone), m.at) w
             group by 2, 3;
    end loop;
end $$;
comment on function dist._cap_audit(text[]) is 'Internal: what the audit says that has been used of caps';

create function dist._recount_caps(caps text[]) returns void
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    counting text[] := array(select c.name from dist.cap c where c.name = any (caps) and c.active and c.per <> 'open' order by c.name);
begin
    -- (ON CONFLICT by itself would wait for a run that holds the row.)
    insert into dist.cap_state (cap)
    select c.name from dist.cap c
     where c.name = any (caps) and c.per <> 'open' and not exists (select from dist.cap_state s where s.cap = c.name)
        on conflict do nothing;
    -- What is passive is counted when it becomes active again.
    delete from dist.cap_use u where u.cap = any (caps) and u.cap <> all (counting);
    if counting = '{}' then
        return;
    end if;
    if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
        perform dist._refuse('cap', counting[1], '25001',
            format('what has been received cannot be counted in a %s transaction', current_setting('transaction_isolation')),
            'It sees the database as of its start, and would miss what runs have given since: use one that is READ COMMITTED.');
    end if;
    -- In the order of all runs. Those in progress are waited for, as they do not know of the change and count as before.
    perform from dist.object_state s order by s.object collate "C" for update;
    -- Claims do not lock their object.
    lock table dist.hopper_record in exclusive mode;
    perform from dist.cap_state s where s.cap = any (counting) order by s.cap collate "C" for update;
    delete from dist.cap_use u where u.cap = any (counting);
    insert into dist.cap_use select a.* from dist._cap_audit(counting) a;
end $$;
comment on function dist._recount_caps(text[]) is 'Internal: counts from the audit what has been used of caps';

-- A cap counts what was received in its window before it was written, too. A new name of what it names is no change: there
-- is nobody of the old one any more. (A cascade's AFTER triggers cannot be told by their depth.)
create function dist._recount_cap() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'INSERT'
       or (old.counts, old.per, old.rolling, old.time_zone, old.active) is distinct from (new.counts, new.per, new.rolling, new.time_zone, new.active)
       or old.rep is distinct from new.rep and (old.rep is null or exists (select from dist.rep p where p.rep = old.rep))
       or old.team is distinct from new.team and (old.team is null or exists (select from dist.team t where t.team = old.team))
       or old.object is distinct from new.object and (old.object is null or exists (select from dist.object o where o.name = old.object))
       or old.distribution_rule is distinct from new.distribution_rule
          and (old.distribution_rule is null or exists (select from dist.distribution_rule r where r.name = old.distribution_rule)) then
        perform dist._recount_caps(array[new.name]);
    end if;
    return null;
end $$;
create trigger recount after insert or update on dist.cap
    for each row when (not dist._checks_off()) execute function dist._recount_cap();

-- A team's caps count what its members, as they are now, have received.
create function dist._recount_team() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if dist._checks_off() then
        return null;
    elsif tg_op = 'INSERT' then
        perform dist._recount_caps(array_agg(c.name)) from dist.cap c where c.team in (select n.team from new_rows n);
    elsif tg_op = 'DELETE' then
        perform dist._recount_caps(array_agg(c.name)) from dist.cap c where c.team in (select o.team from old_rows o);
    elsif exists (select from old_rows o
                    join dist.team t on t.team = o.team
                    join dist.rep p on p.rep = o.rep
                   where (o.team, o.rep) not in (select n.team, n.rep from new_rows n)) then
        perform dist._recount_caps(array_agg(c.name)) from dist.cap c
          where c.team in (select o.team from old_rows o union select n.team from new_rows n);
    end if;
    return null;
end $$;
create trigger recount_insert after insert on dist.team_member referencing new table as new_rows
    for each statement execute function dist._recount_team();
create trigger recount_delete after delete on dist.team_member referencing old table as old_rows
    for each statement execute function dist._recount_team();
create trigger recount_update after update on dist.team_member referencing old table as old_rows new table as new_rows
    for each statement execute function dist._recount_team();

-- A rep's new zone moves the beginnings of its windows; its new name takes along what it has used.
create function dist._recount_rep() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._recount_caps(array_agg(c.name))
       from dist.cap c
      where c.time_zone is null and not c.rolling and c.counts = 'each' and new.rep in (select p.rep from dist._covered(c) p);
    return null;
end $$;
create trigger recount after update of time_zone on dist.rep
    for each row when (old.time_zone <> new.time_zone and not dist._checks_off()) execute function dist._recount_rep();

create function dist._rename_cap_use() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    update dist.cap_use u set rep = new.rep where u.rep = old.rep;
    return null;
end $$;
create trigger rename_cap_use after update of rep on dist.rep
    for each row when (old.rep <> new.rep) execute function dist._rename_cap_use();
