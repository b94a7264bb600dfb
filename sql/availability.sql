-- Who is at work, for people and BI tools: by the same code that runs go by.

create function dist._availability(people jsonb, reps text[], at timestamptz)
    returns table (rep text, at_work boolean, why text, until timestamptz, stand_in text)
    language c stable
    as 'MODULE_PATHNAME', 'availability_wrapper';
comment on function dist._availability(jsonb, text[], timestamptz) is 'Internal: how it stands with reps at an instant';

create function dist.availability_at(at timestamptz)
    returns table (rep text, at_work boolean, why text, until timestamptz, stand_in text)
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    reps text[] := array(select p.rep from dist.rep p where p.active order by p.rep collate "C");
begin
    if at is null then
        raise exception using errcode = '22004', message = 'at is null', hint = 'Give at.';
    end if;
    return query
        select a.rep, a.at_work, a.why, a.until, a.stand_in from dist._availability(dist._people_intent(reps), reps, at) a
        union all
        select p.rep, false, 'inactive', null, null from dist.rep p where not p.active;
end $$;
comment on function dist.availability_at(timestamptz) is
    'Who is at work at an instant, and why not, until when and who stands in; the columns are those of dist.availability';

create view dist.availability as
    select a.rep, a.at_work, a.why, a.until, a.stand_in from dist.availability_at(dist._clock()) a;
comment on view dist.availability is 'Who is at work now, who is not and why; for another instant see dist.availability_at';
comment on column dist.availability.rep is 'The rep';
comment on column dist.availability.at_work is 'Whether the rep is at work now';
comment on column dist.availability.why is 'Why not: out of hours, holiday, absent (with what people call it) or inactive';
comment on column dist.availability.until is 'Until when: the end of the hours of who is at work, when who is not is back; null = no end is known';
comment on column dist.availability.stand_in is 'Who receives in the rep''s place now, if anybody';
