-- Who belongs to a segment: found by a refresh, looked at by a preview, read by runs.

-- Part of statements that read candidates, which run with the rights of the run's owner and see one snapshot.
create function dist._in_segment(segment text) returns table (record_key text)
    language plpgsql stable security definer rows 10000
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    if not dist._is_routing() then
        raise exception using errcode = '42501', message = 'dist._in_segment is for the router', hint = 'See dist.segment_member.';
    end if;
    return query select m.record_key from dist.segment_member m where m.segment = $1;
end $$;
comment on function dist._in_segment(text) is 'Internal: the members of a segment';

-- The same where members are many: they are read once, at the first call in a statement, and each record is looked up among them.
create function dist._is_member(segment text, key bigint) returns boolean
    language c stable strict
    as 'MODULE_PATHNAME', 'is_member_integer_wrapper';
comment on function dist._is_member(text, bigint) is 'Internal: whether a record is a member of a segment';
create function dist._is_member(segment text, key uuid) returns boolean
    language c stable strict
    as 'MODULE_PATHNAME', 'is_member_uuid_wrapper';
comment on function dist._is_member(text, uuid) is 'Internal: whether a record is a member of a segment';

-- Without unpacking them: packed members have a byte each for their run, or a few.
create function dist._has_many(segment text) returns boolean
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce((select octet_length(r.runs) from dist.segment_roll r where r.segment = $1), 0) >= 50000
        or (select count(*) from (select from dist.segment_row m where m.segment = $1 limit 50000) m) >= 50000;
end $$;
comment on function dist._has_many(text) is 'Internal: whether a segment has so many members that they are not looked for one after the other';

-- Who wrote what says who belongs to these segments.
create function dist._segment_writers(segments text[]) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    made_of text[] := array(select dist._segment_parts(segments));
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object('row', w.name, 'part', w.part, 'written_by', w.written_by) order by w.name collate "C"), '[]')
          from (select s.name, false as part, s.written_by from dist.segment s where s.name = any (made_of)
                union all
                select concat_ws('/', p.segment, p.part), true, p.written_by from dist.segment_part p where p.segment = any (made_of)) w);
end $$;
comment on function dist._segment_writers(text[]) is 'Internal: the writers of segments and of what they are made of, as Rust reads them';

create function dist._segment_intent(segment text) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return (
        select jsonb_build_object(
                   'name', s.name, 'criteria', s.criteria, 'predicate', s.predicate, 'owner', s.owner,
                   'object', dist._object_intent(s.object),
                   'parts', (select coalesce(jsonb_agg(jsonb_build_object('part', p.part, 'member', p.member) order by p.part collate "C"), '[]')
                               from dist.segment_part p where p.segment = s.name),
                   'writers', dist._segment_writers(array[s.name]))
          from dist.segment s
         where s.name = $1);
end $$;
comment on function dist._segment_intent(text) is 'Internal: what says who belongs to a segment, as Rust reads it';

create function dist._refresh_segment(segment text, as_of timestamptz) returns bigint
    language c volatile
    as 'MODULE_PATHNAME', 'refresh_segment_wrapper';
comment on function dist._refresh_segment(text, timestamptz) is 'Internal: dist.refresh_segment, returning the run''s id';

create function dist.refresh_segment(segment text, as_of timestamptz default now()) returns dist.run
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    made bigint := dist._refresh_segment(segment, as_of);
    result dist.run;
begin
    select * into strict result from dist.run r where r.id = made;
    return result;
end $$;
comment on function dist.refresh_segment(text, timestamptz) is
    'Finds who belongs to a segment, with the caller''s rights and in the caller''s transaction, and keeps who joined and who left; what it is made of counts as it was last refreshed. Only for members of the segment''s owner';

create function dist._preview_segment(segment text, as_of timestamptz)
    returns table (record_key text, change text)
    language c stable rows 1000
    as 'MODULE_PATHNAME', 'preview_segment_wrapper';
comment on function dist._preview_segment(text, timestamptz) is 'Internal: dist.preview_segment';

create function dist.preview_segment(segment text, as_of timestamptz default now())
    returns table (record_key text, change text)
    language plpgsql volatile rows 1000
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query select * from dist._preview_segment(preview_segment.segment, preview_segment.as_of);
end $$;
comment on function dist.preview_segment(text, timestamptz) is
    'Who would join and who would leave a segment if it were refreshed now, with the caller''s rights; nothing is written';
