-- What a schedule would do: its steps are really run, as they act on one another, in a subtransaction that is rolled back.

create function dist._rehearse(schedule text, zone text, as_of timestamptz)
    returns table ("position" integer, action text, target text, relation text, record_key text, effect text, detail jsonb)
    language c volatile rows 1000
    as 'MODULE_PATHNAME', 'rehearse_wrapper';
comment on function dist._rehearse(text, text, timestamptz) is
    'Internal: runs the steps of a schedule as one run, and says row for row what they did; for whoever takes it back';

create function dist.preview_steps(schedule text, as_of timestamptz default null)
    returns table ("position" integer, action text, target text, relation text, record_key text, effect text, detail jsonb)
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    about timestamptz := as_of;
    zone text;
    told jsonb := '[]';
begin
    perform dist._check_schedule_name(preview_steps.schedule);
    select coalesce(about, st.next_run_at, now()), s.time_zone into about, zone
      from dist.schedule s left join dist.schedule_state st on st.schedule_id = s.id
     where s.name = preview_steps.schedule;
    if exists (select from dist.step s where s.schedule = preview_steps.schedule and s.active and s.target is not null) then
        -- What they would do survives in a variable.
        begin
            select coalesce(jsonb_agg(to_jsonb(v)), '[]') into told from dist._rehearse(preview_steps.schedule, zone, about) v;
            raise exception using errcode = 'P0DIS', message = 'pg_dist: preview done';
        exception when sqlstate 'P0DIS' then
            if sqlerrm <> 'pg_dist: preview done' then
                raise;
            end if;
        end;
    end if;
    return query
        select v."position", v.action, v.target, v.relation, v.record_key, v.effect, v.detail
          from rows from (jsonb_to_recordset(told)
                          as ("position" integer, action text, target text, relation text, record_key text, effect text, detail jsonb))
               with ordinality as v("position", action, target, relation, record_key, effect, detail, n)
         order by v.n;
end $$;
comment on function dist.preview_steps(text, timestamptz) is
    'What each step of a schedule would do at its next run (or as of an instant) to each record, with the caller''s rights; rolled back before it returns. A function is not called: effect not_called stands for it, with its arguments';

create function dist.preview_schedule(schedule text, as_of timestamptz default null)
    returns table (step integer, transfer text, record_key text, old_owner text, new_owner text, rule text, reason text)
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
        select v."position", case when v.action = 'transfer' then v.target end, v.record_key,
               v.detail ->> 'old_owner', v.detail ->> 'new_owner', v.detail ->> 'rule', v.effect
          from dist.preview_steps($1, $2) with ordinality as v("position", action, target, relation, record_key, effect, detail, n)
         where v.action in ('transfer', 'function')
         order by v.n;
end $$;
comment on function dist.preview_schedule(text, timestamptz) is
    'What the transfers of a schedule would do at its next run (or as of an instant), step after step, with the caller''s rights; rolled back before it returns. A function is not called: one row with reason not_called stands for it. Other steps: dist.preview_steps';
