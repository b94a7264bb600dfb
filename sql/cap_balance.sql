-- How much of each cap is used, for people. What was received is in the tables; what is open is counted when somebody looks,
-- as a run would count it and with the rights of whoever looks (as dist.book_balance does).

create function dist._balance_of_caps(at timestamptz)
    returns table (cap text, rep text, since timestamptz, until timestamptz, most bigint, used bigint, "left" bigint)
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
        with counted as (
            select c.name, p.rep, coalesce(c.time_zone, p.time_zone) as zone, c.per, c.rolling, c.most
              from dist.cap c, dist._covered(c) p
             where c.active and c.per <> 'open' and c.counts = 'each'
            union all
            select c.name, '', c.time_zone, c.per, c.rolling, c.most
              from dist.cap c
             where c.active and c.per <> 'open' and c.counts = 'together')
        select k.name, nullif(k.rep, ''), w.since, w.until, k.most, n.used, greatest(k.most - n.used, 0)
          from counted k
         cross join lateral dist._cap_window(k.per, k.rolling, k.zone, at) w
         cross join lateral (select coalesce(sum(u.used), 0)::bigint as used
                               from dist.cap_use u
                              where u.cap = k.name and u.rep = k.rep and u.since >= w.since and u.since < w.until) n;
end $$;
comment on function dist._balance_of_caps(timestamptz) is 'Internal: dist.cap_balance at an instant';

create function dist._open_intents() returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select jsonb_agg(jsonb_build_object(
                             'reps', (select coalesce(jsonb_agg(p.rep order by p.rep collate "C"), '[]') from dist.rep p),
                             'intent', dist._intent(null, null, null, null)::jsonb
                                       || jsonb_build_object('object', dist._object_intent(c.object), 'caps', dist._cap_intent(c.object, '{}')))
                         order by c.object collate "C")
          from (select distinct x.object from dist.cap x where x.active and x.per = 'open') c);
end $$;
comment on function dist._open_intents() is 'Internal: the caps on what is open, by object, as Rust reads them';

create function dist._open_balances()
    returns table (cap text, rep text, most bigint, held bigint, note text)
    language c volatile
    set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'open_balances_wrapper';
comment on function dist._open_balances() is 'Internal: what reps hold under caps on what is open, counted with the rights of the caller';

create view dist.cap_balance as
    select b.cap, b.rep, b.since, b.until, b.most, b.used, b."left", null::text as note
      from dist._balance_of_caps(dist._clock()) b
    union all
    select o.cap, o.rep, null, null, o.most, o.held,
           case when o.held is not null then greatest(o.most operator(pg_catalog.-) o.held, 0) end, o.note
      from dist._open_balances() o;
comment on view dist.cap_balance is 'How much of each active cap is used at this moment';
comment on column dist.cap_balance.cap is 'The cap';
comment on column dist.cap_balance.rep is 'The rep; null where reps are counted together';
comment on column dist.cap_balance.since is 'Since when what was received counts; null for what is open';
comment on column dist.cap_balance.until is 'When the window ends; where it rolls, the end of the part that is now counted into';
comment on column dist.cap_balance.most is 'How many may be received in the window, or held';
comment on column dist.cap_balance.used is 'How many have been, or are; null where it could not be counted';
comment on column dist.cap_balance."left" is 'How many more may be';
comment on column dist.cap_balance.note is 'Why used could not be counted: no right to read the table, text of a writer whom you do not trust, ...';
