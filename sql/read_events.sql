-- How consumers read the outbox: what was committed since the last batch, in the order of the events' numbers, which is
-- that in which things happened to a record. The cursor goes on in the reader's own transaction: what it does with the
-- events is kept together with having read them, or neither is.

-- By the primary key, and only as far as it takes: otherwise all that is left of the batch might be fetched and sorted by
-- each call. (Hence tx + 0 as well: the index of tx is not to be thought of.)
create function dist._batch_events(c dist.consumer, k dist.event_cursor, n integer) returns bigint[]
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
    set enable_bitmapscan = off
    set enable_seqscan = off
as $$
begin
    return array(
        select e.id from dist.event e
         where e.id > k.last_id and e.id <= k.end_id
           and e.tx + 0 < k.upto_most and e.tx + 0 <> all (k.upto_open)
           and (e.tx + 0 >= k.seen_most or e.tx + 0 = any (k.seen_open))
           and (c.kinds is null or e.kind = any (c.kinds)) and (c.objects is null or e.object = any (c.objects))
         order by e.id
         limit n);
end $$;
comment on function dist._batch_events(dist.consumer, dist.event_cursor, integer) is
    'Internal: the numbers of the next events of the batch that a consumer is reading';

create function dist._take_events(consumer text, n integer, caller name) returns bigint[]
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    c dist.consumer;
    k dist.event_cursor;
    ids bigint[] := '{}';
    found_ids bigint[];
    first_id bigint;
    opened boolean := false;
    all_seen boolean := dist._sees_all(caller);
    near text;
begin
    select * into c from dist.consumer x where x.name = consumer and (all_seen or dist._may_run(caller, x.owner));
    if not found then
        near := dist._nearest(consumer, array(select x.name from dist.consumer x where all_seen or dist._may_run(caller, x.owner) limit 10000));
        raise exception using errcode = '42704',
            message = format('dist.consumer %L does not exist%s', consumer,
                             case when not all_seen then ', or belongs to a role that you are not a member of' end),
            hint = coalesce('Perhaps you meant ' || quote_literal(near) || '.', 'See dist.consumer for those that do.');
    end if;
    -- Not for admins either: an event that is read is read.
    if not coalesce((select pg_has_role(caller, o.oid, 'member') from pg_roles o where o.rolname = c.owner), false) then
        perform dist._refuse('consumer', c.name, '42501', format('role %L is not a member of the owner %L', caller, c.owner),
            'Whoever reads an event takes it from all others, so only members of that role can.');
    end if;
    if not c.active then
        perform dist._refuse('consumer', c.name, '55000', 'it is passive, and nothing is kept for it', 'Set active = true.');
    end if;
    if n is null or n < 1 or n > 100000 then
        raise exception using errcode = '22023', message = format('n %s is out of range', coalesce(n::text, 'null')), hint = 'Give 1 to 100000.';
    end if;
    if dist._is_paused_copy() is not null then
        raise exception using errcode = '55000',
            message = format('no events are read in database %L: %s', current_database(), dist._is_paused_copy()),
            hint = 'If they are to be read here, and not in the original, call dist.resume_all().';
    end if;
    -- One reader at a time: another one waits until this transaction ends.
    select * into k from dist.event_cursor x where x.consumer = c.name for update;
    if not found then
        perform dist._refuse('consumer', c.name, '55000', 'it has no row in dist.event_cursor', 'Set active to false and to true again: it then begins anew.');
    end if;
    loop
        found_ids := dist._batch_events(c, k, n - cardinality(ids));
        ids := ids || found_ids;
        if cardinality(ids) = n then
            k.last_id := ids[n];
            exit;
        end if;
        k.last_id := k.end_id;
        exit when opened;
        -- The next batch: what has been committed since the one that has just been read to its end. (Of id + 0, for
        -- otherwise the least id would be looked for by the primary key, from the first event that is still kept.)
        opened := true;
        k.seen_most := k.upto_most;
        k.seen_open := k.upto_open;
        select s.most, s.open into k.upto_most, k.upto_open from dist._event_snapshot() s;
        select min(e.id + 0) - 1, max(e.id + 0) into first_id, k.end_id
          from dist.event e
         where (e.tx >= k.seen_most or e.tx = any (k.seen_open))
           and e.tx < k.upto_most and e.tx <> all (k.upto_open);
        k.last_id := coalesce(first_id, 0);
        k.end_id := coalesce(k.end_id, 0);
        exit when first_id is null;
    end loop;
    update dist.event_cursor x
       set seen_most = k.seen_most, seen_open = k.seen_open, upto_most = k.upto_most, upto_open = k.upto_open, last_id = k.last_id, end_id = k.end_id
     where x.consumer = c.name;
    return ids;
end $$;
comment on function dist._take_events(text, integer, name) is 'Internal: the numbers of the next events of a consumer, whose cursor goes on behind them';

create function dist._read_events(consumer text, n integer) returns bigint[]
    language c volatile
    set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'read_events_wrapper';
comment on function dist._read_events(text, integer) is 'Internal: dist._take_events, for whoever calls';

create function dist.read_events(consumer text, n integer default 100) returns setof dist.event
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- First, and in a statement of its own, so that the next one sees all that these were chosen from.
    ids bigint[] := dist._read_events(consumer, n);
begin
    -- Each by the primary key (offset 0), whatever is known of the table's size.
    return query
        select e.*
          from unnest(ids) with ordinality i(id, place)
         cross join lateral (select x.* from dist.event x where x.id = i.id offset 0) e
         order by i.place;
end $$;
comment on function dist.read_events(text, integer) is
    'The next n events of a consumer, each once and in order; they count as read when the caller''s transaction commits. One reader of a consumer waits for the other';

-- Whether a consumer has read an event. An event that it does not want is as good as read.
create function dist._is_unread(e dist.event, c dist.consumer, k dist.event_cursor) returns boolean
    language sql immutable
    return (c.kinds is null or e.kind operator(pg_catalog.=) any (c.kinds)) and (c.objects is null or e.object operator(pg_catalog.=) any (c.objects))
       and (e.tx operator(pg_catalog.>=) k.seen_most or e.tx operator(pg_catalog.=) any (k.seen_open))
       and not (e.tx operator(pg_catalog.<) k.upto_most and e.tx operator(pg_catalog.<>) all (k.upto_open) and e.id operator(pg_catalog.<=) k.last_id);
comment on function dist._is_unread(dist.event, dist.consumer, dist.event_cursor) is 'Internal: whether a consumer has yet to read an event';

create function dist._health_of_consumers()
    returns table (kind text, name text, status text, detail text, since timestamptz, database_oid oid, role_oid oid, pid integer)
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    here oid := (select d.oid from pg_database d where d.datname = current_database());
    lag bigint := dist._policy_value('event_lag');
begin
    return query
        select 'consumer', c.name,
               case when u.oldest < now() - make_interval(secs => lag) then 'warning' else 'ok' end,
               case when u.number = 0 then 'it has read all events'
                    else format('%s unread', case when u.number > 10000 then 'more than 10000 events' when u.number = 1 then '1 event'
                                                  else u.number || ' events' end) end,
               u.oldest, here, o.oid, null::integer
          from dist.consumer c
          left join dist.event_cursor k on k.consumer = c.name
          left join pg_roles o on o.rolname = c.owner
         cross join lateral (
            select count(*) as number, min(x.written_at) as oldest
              from (select e.written_at from dist.event e
                     where (e.tx >= k.seen_most or e.tx = any (k.seen_open)) and dist._is_unread(e, c, k)
                     limit 10001) x) u
         where c.active;
end $$;
comment on function dist._health_of_consumers() is 'Internal: the part of dist.health about who reads the outbox';

-- As dist._forget_runs: a little at a time. What an active consumer has yet to read stays, unless the policy
-- event_unread_days says until when.
create function dist._forget_events(batch_limit integer) returns bigint
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    read_days bigint := dist._policy_value('event_days');
    unread_days bigint := dist._policy_value('event_unread_days');
    right_now timestamptz := dist._clock();
    forgotten bigint;
begin
    delete from dist.event e
     where e.id = any (array(
        select x.id from dist.event x
         where x.written_at < right_now - make_interval(days => least(read_days, 1000000)::integer)
           and (x.written_at < right_now - make_interval(days => least(unread_days, 1000000)::integer)
                or not exists (select from dist.consumer c join dist.event_cursor k on k.consumer = c.name
                                where c.active and dist._is_unread(x, c, k)))
         order by x.id
         limit batch_limit));
    get diagnostics forgotten = row_count;
    return forgotten;
end $$;
comment on function dist._forget_events(integer) is 'Internal: deletes some old events';
