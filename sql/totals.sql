-- What a preview comes to for each rep: held before, given up, received, held after.

create function dist._totals(object text, moves jsonb)
    returns table (rep text, held_before bigint, gives_up bigint, receives bigint, held_after bigint)
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    o dist.object;
    held jsonb;
begin
    select * into strict o from dist.object x where x.name = $1;
    -- With the rights of whoever asks, as the preview itself.
    execute format('select coalesce(jsonb_object_agg(coalesce(owner, ''''), held), ''{}'')'
                   ' from (select %I::text as owner, count(*) as held from %s group by 1) c', o.owner_column, o.relation)
       into held;
    return query
        with moved as (
            select m ->> 0 as was, m ->> 1 as becomes, (m ->> 2)::bigint as records from jsonb_array_elements(moves) m),
        changes as (
            select c.rep, sum(c.gives_up)::bigint as gives_up, sum(c.receives)::bigint as receives
              from (select m.was as rep, m.records as gives_up, 0 as receives from moved m
                    union all
                    select m.becomes, 0, m.records from moved m) c
             group by c.rep),
        owners as (
            select nullif(h.key, '') as rep, h.value::text::bigint as held from jsonb_each(held) h)
        select r.rep, coalesce(w.held, 0), coalesce(c.gives_up, 0), coalesce(c.receives, 0),
               coalesce(w.held, 0) - coalesce(c.gives_up, 0) + coalesce(c.receives, 0)
          from (select x.rep from owners x union select x.rep from changes x) r
          left join owners w on w.rep is not distinct from r.rep
          left join changes c on c.rep is not distinct from r.rep
         order by r.rep collate "C" nulls last;
end $$;
comment on function dist._totals(text, jsonb) is
    'Internal: what moves, as [[old owner, new owner, number], ...], come to for each owner of an object''s records';

create function dist.preview_totals(transfer text, as_of timestamptz default now())
    returns table (rep text, held_before bigint, gives_up bigint, receives bigint, held_after bigint)
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    moves jsonb;
begin
    select coalesce(jsonb_agg(jsonb_build_array(m.old_owner, m.new_owner, m.records)), '[]') into moves
      from (select p.old_owner, p.new_owner, count(*) as records
              from dist.preview($1, $2) p
             where p.new_owner is not null or p.reason = 'retrieval'
             group by 1, 2) m;
    return query select * from dist._totals((select t.object from dist.transfer t where t.name = $1), moves);
end $$;
comment on function dist.preview_totals(text, timestamptz) is
    'What dist.execute would come to for each owner (null = nobody): records held before, given up, received, held after';

create function dist.preview_schedule_totals(schedule text, as_of timestamptz default null)
    returns table (object text, rep text, held_before bigint, gives_up bigint, receives bigint, held_after bigint)
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    moves jsonb;
begin
    -- Of a record that several steps move only the first owner and the last count.
    with steps as (
        select t.object, p.record_key, p.old_owner, p.new_owner, p.n
          from dist.preview_schedule($1, $2) with ordinality p(step, transfer, record_key, old_owner, new_owner, rule, reason, n)
          join dist.transfer t on t.name = p.transfer
         where p.new_owner is not null or p.reason = 'retrieval'),
    net as (
        select distinct on (s.object, s.record_key) s.object,
               first_value(s.old_owner) over w as was, last_value(s.new_owner) over w as becomes
          from steps s
        window w as (partition by s.object, s.record_key order by s.n rows between unbounded preceding and unbounded following)),
    counted as (select n.object, n.was, n.becomes, count(*) as records from net n group by 1, 2, 3)
    select coalesce(jsonb_object_agg(c.object, c.list), '{}') into moves
      from (select x.object, jsonb_agg(jsonb_build_array(x.was, x.becomes, x.records)) as list from counted x group by 1) c;
    return query
        select o.name, t.rep, t.held_before, t.gives_up, t.receives, t.held_after
          from (select distinct x.object as name
                  from dist.step p
                  join dist.transfer x on x.name = p.target and p.action = 'transfer'
                 where p.schedule = $1 and p.active) o
         cross join lateral dist._totals(o.name, coalesce(moves -> o.name, '[]')) t
         order by o.name collate "C";
end $$;
comment on function dist.preview_schedule_totals(text, timestamptz) is
    'What a schedule''s next run (or one as of an instant) would come to for each owner of each object (null = nobody): held before, given up, received, held after';
