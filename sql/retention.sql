-- How long history is kept: the policy history_days. A little at a time, so that nothing waits for it.

-- What is too old to keep. Two days are always kept: what is counted per day is counted there.
create function dist._kept_since() returns timestamptz
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    days bigint := dist._policy_value('history_days');
begin
    if days is null then
        return null;
    end if;
    return dist._clock() - make_interval(days => least(greatest(days, 2), 1000000)::integer);
end $$;
comment on function dist._kept_since() is 'Internal: what ended before it is too old to keep; null = all is kept';

-- Runs are forgotten together with what they left; what they moved, a month at a time, when no run of it is left. So
-- whatever dist.undo is asked to undo is there in full, or is not there.
--
-- Not forgotten, however old: an instant that a schedule has yet to come to (dist.tick had gone ahead of the clock, or
-- its attempts are not over), for that it has run there must not be forgotten; an undo whose run is still there, for
-- it must not be undone again; and what joined or left a segment and has yet to be told by a step that tells changes.
create function dist._forget_runs(kept_since timestamptz, batch_limit integer, out runs bigint, out unassigned bigint, out more boolean)
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    last bigint := 0;
    looked_at bigint[];
    old bigint[];
    any_old boolean;
    changes bigint;
    activities bigint;
begin
    runs := 0;
    unassigned := 0;
    more := false;
    loop
        -- By their number, which goes up with time, so that it takes no index: up to where nothing is old any more.
        select array_agg(r.id order by r.id),
               coalesce(bool_or(r.finished_at < kept_since), false),
               array_agg(r.id order by r.id) filter (
                   where r.finished_at < kept_since and coalesce(r.due_at, r.finished_at) < kept_since
                     and not exists (select from dist.schedule_state st
                                      where st.schedule_id = r.schedule_id and st.next_run_at is not null and r.due_at >= st.due_at)
                     and not exists (select from dist.run o where o.id = r.undoes)
                     and not exists (select from dist.segment_change c join dist.emit_state e on e.segment = c.segment
                                      where c.run_id = r.id and e.run_id <= r.id and e.seq < c.seq))
          into looked_at, any_old, old
          from (select x.* from dist.run x where x.id > last order by x.id limit batch_limit) r;
        exit when not any_old;
        last := looked_at[cardinality(looked_at)];
        if old is not null then
            delete from dist.unassigned u
             where u.ctid = any (array(select x.ctid from dist.unassigned x where x.run_id = any (old) limit batch_limit));
            get diagnostics unassigned = row_count;
            more := true;
            delete from dist.segment_change c
             where c.ctid = any (array(select x.ctid from dist.segment_change x where x.run_id = any (old) limit batch_limit));
            get diagnostics changes = row_count;
            delete from dist.activity_left l
             where l.ctid = any (array(select x.ctid from dist.activity_left x where x.run_id = any (old) limit batch_limit));
            get diagnostics activities = row_count;
            -- There may be more of what they left, and then they stay until it is gone.
            if unassigned < batch_limit and changes < batch_limit and activities < batch_limit then
                delete from dist.run_step s where s.run_id = any (old);
                delete from dist.field_edit_chunk e where e.run_id = any (old);
                delete from dist.decision d where d.run_id = any (old);
                delete from dist.run r where r.id = any (old);
                get diagnostics runs = row_count;
            end if;
            exit;
        end if;
    end loop;
end $$;
comment on function dist._forget_runs(timestamptz, integer) is 'Internal: deletes some old runs with what they left';

-- The oldest part of dist.assignment of which nothing is needed any more. It is asked for its runs one by one, by its
-- primary key, and not row by row.
create function dist._old_part(kept_since timestamptz) returns regclass
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
    -- As the bounds are written.
    set datestyle = 'ISO'
    set timezone = 'UTC'
as $$
declare
    part record;
    run bigint;
begin
    for part in
        select c.oid::regclass as name, upper_bound::timestamptz as ends
          from pg_inherits i
          join pg_class c on c.oid = i.inhrelid,
               substring(pg_get_expr(c.relpartbound, c.oid) from 'TO \(''([^'']*)''\)') upper_bound
         where i.inhparent = 'dist.assignment'::regclass and upper_bound::timestamptz <= kept_since
         order by 2
    loop
        run := null;
        loop
            execute format('select min(a.run_id) from %s a where $1 is null or a.run_id > $1', part.name) into run using run;
            exit when run is null or exists (select from dist.run r where r.id = run);
        end loop;
        if run is null then
            return part.name;
        end if;
    end loop;
    return null;
end $$;
comment on function dist._old_part(timestamptz) is 'Internal: the oldest partition of dist.assignment that can go';

create function dist._purge(batch_limit integer, out runs bigint, out unassigned bigint, out events bigint, out dropped text, out more boolean)
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
    -- Whoever runs something waits no longer than this for what has to wait for them.
    set lock_timeout = '100ms'
as $$
#variable_conflict use_variable
declare
    kept_since timestamptz := dist._kept_since();
begin
    runs := 0;
    unassigned := 0;
    more := false;
    -- Made ahead, so that the first run of a month need not wait for the lock that it takes.
    begin
        perform dist._ensure_partition(dist._clock()), dist._ensure_partition(dist._clock() + interval '1 month');
    exception when lock_not_available then
        more := true;
    end;
    events := dist._forget_events(batch_limit);
    if events = batch_limit then
        more := true;
    end if;
    if more or kept_since is null then
        return;
    end if;
    events := events + dist._forget_clocks(kept_since, batch_limit) + dist._forget_activities(kept_since, batch_limit);
    if events >= batch_limit then
        more := true;
        return;
    end if;
    delete from dist.variable_change v where v.changed_at < kept_since;
    select f.runs, f.unassigned, f.more into runs, unassigned, more from dist._forget_runs(kept_since, batch_limit) f;
    if more then
        return;
    end if;
    dropped := dist._old_part(kept_since);
    if dropped is not null then
        begin
            execute format('drop table %s', dropped);
            raise log 'pg_dist: dropped %, by the policy history_days', dropped;
        exception when lock_not_available then
            dropped := null;
        end;
        more := true;
    end if;
end $$;
comment on function dist._purge(integer) is 'Internal: dist.purge';

create function dist.purge(batch_limit integer default 10000)
    returns table (runs bigint, unassigned bigint, events bigint, dropped text, more boolean)
    language plpgsql volatile security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if batch_limit is null or batch_limit < 1 then
        raise exception using errcode = '22023', message = format('batch_limit %s is less than 1', batch_limit), hint = 'Give 1 or more.';
    end if;
    return query select p.* from dist._purge(purge.batch_limit) p;
end $$;
comment on function dist.purge(integer) is
    'Forgets history older than the policy history_days, with the clocks of service levels and activities that are over and not open, and events older than the policy event_days: at most so many runs, left records, events, clocks and activities, or one month of dist.assignment, at a time; more: call it again, in another transaction. The worker does so by itself';
