-- Segments: stored criteria over an object, whose members are kept (sql/segment_state.sql) and not looked for each time.

create table dist.segment (
    name            text primary key,
    object          text not null references dist.object on update cascade,
    criteria        jsonb,
    predicate       text,
    responsible_rep text references dist.rep on update cascade,
    owner           name not null default current_user,
    description     text,
    written_by      name not null
);
create index on dist.segment (object);
comment on table dist.segment is 'Intent: groups of records of an object, whose members dist.refresh_segment finds and dist.segment_member keeps';
comment on column dist.segment.name is 'Name of the segment';
comment on column dist.segment.object is 'The object whose records it groups';
comment on column dist.segment.criteria is 'Which records, as a jsonb tree; see docs/criteria.md';
comment on column dist.segment.predicate is 'Which records, as one SQL boolean expression over the record r; both must hold where both are given';
comment on column dist.segment.responsible_rep is 'Who is responsible for the segment, such as for its activities';
comment on column dist.segment.owner is 'Role whose segment it is: only its members refresh it; by default who wrote the row';
comment on column dist.segment.description is 'What the segment is for';
comment on column dist.segment.written_by is 'Role that wrote the row; a run refuses it unless that role is a member of the run owner''s';

create table dist.segment_part (
    segment    text not null references dist.segment on update cascade on delete cascade,
    part       text not null references dist.segment on update cascade,
    member     boolean not null default true,
    written_by name not null,
    primary key (segment, part)
);
create index on dist.segment_part (part);
comment on table dist.segment_part is 'Intent: segments that are made of others: in all parts with member, and in none without';
comment on column dist.segment_part.segment is 'The segment that is made of others';
comment on column dist.segment_part.part is 'The other segment, as it was last refreshed';
comment on column dist.segment_part.member is 'true: only its members belong; false: its members do not belong';
comment on column dist.segment_part.written_by is 'Role that wrote the row; a run refuses it unless that role is a member of the run owner''s';

create table dist.segment_related (
    segment    text not null references dist.segment on update cascade on delete cascade,
    name       text not null,
    relation   regclass not null,
    key_column name not null,
    join_on    jsonb not null,
    written_by name not null,
    primary key (segment, name)
);
comment on table dist.segment_related is 'Intent: tables of the user''s own with rows that belong to a segment''s records, such as the contacts of its accounts';
comment on column dist.segment_related.segment is 'The segment';
comment on column dist.segment_related.name is 'What steps call it';
comment on column dist.segment_related.relation is 'The table; it need not be an object';
comment on column dist.segment_related.key_column is 'Column that identifies a row of it: smallint, integer, bigint, uuid, text or varchar';
comment on column dist.segment_related.join_on is 'Which rows belong to a record: {"their column": "column of the record"}';
comment on column dist.segment_related.written_by is 'Role that wrote the row; a run refuses it unless that role is a member of the run owner''s';

-- A segment that something about an object names: it is there, and of the same object.
create function dist._check_segment_of(relation text, row_name text, field text, segment text, object text) returns void
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    other_object text;
begin
    if segment is null then
        return;
    end if;
    perform dist._must_exist(relation, row_name, field, segment, 'segment');
    select s.object into other_object from dist.segment s where s.name = segment;
    if other_object <> object then
        perform dist._refuse(relation, row_name, '22023', format('segment %L is about object %L, not %L', segment, other_object, object),
            'Name a segment of the same object.');
    end if;
end $$;
comment on function dist._check_segment_of(text, text, text, text, text) is 'Internal: refuses a segment that is not there or is about another object';

create function dist._check_segment() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    new.written_by := dist._writer(new.written_by, case when tg_op = 'UPDATE' then old.written_by end);
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    if btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'name is empty', 'Give the segment a name.');
    end if;
    perform dist._required(tg_table_name, new.name, 'object', new.object);
    perform dist._must_exist(tg_table_name, new.name, 'object', new.object, 'object');
    perform dist._must_exist(tg_table_name, new.name, 'responsible_rep', new.responsible_rep, 'rep');
    perform dist._check_owner(tg_table_name, new.name, new.owner, case when tg_op = 'UPDATE' then old.owner end);
    if tg_op = 'UPDATE' and new.object <> old.object then
        perform dist._refuse(tg_table_name, new.name, '55000', 'the object of a segment cannot change', 'Make another segment for the other object.');
    end if;
    perform dist._no_json_null(tg_table_name, new.name, 'criteria', new.criteria);
    -- As for assignment rules.
    if tg_op = 'INSERT' or (new.criteria, new.predicate) is distinct from (old.criteria, old.predicate) then
        perform dist._check_text(tg_table_name, new.name, new.object, to_jsonb(new));
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.segment
    for each row execute function dist._check_segment();
create trigger check_writer before update of object, criteria, predicate, owner
    on dist.segment for each row execute function dist._adopt();

-- What a segment is made of, itself included.
create function dist._segment_parts(segments text[]) returns setof text
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return query
        with recursive made_of (segment) as (
            select s from unnest(segments) s where s is not null
            union
            select p.part from made_of m join dist.segment_part p on p.segment = m.segment)
        select m.segment from made_of m;
end $$;
comment on function dist._segment_parts(text[]) is 'Internal: segments and all that they are made of';

-- By anybody's parts.
create function dist._is_made_of(segment text, part text) returns boolean
    language plpgsql stable security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return part in (select dist._segment_parts(array[segment]));
end $$;
comment on function dist._is_made_of(text, text) is 'Internal: whether a segment is the other one, or made of it';

create function dist._check_segment_part() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    row_name text := concat_ws('/', new.segment, new.part);
begin
    new.written_by := dist._writer(new.written_by, case when tg_op = 'UPDATE' then old.written_by end);
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    perform dist._required(tg_table_name, row_name, 'segment', new.segment);
    perform dist._required(tg_table_name, row_name, 'part', new.part);
    perform dist._must_exist(tg_table_name, row_name, 'segment', new.segment, 'segment');
    perform dist._check_segment_of(tg_table_name, row_name, 'part', new.part, s.object) from dist.segment s where s.name = new.segment;
    -- A circle can also be closed by two sessions at once: whoever makes segments of others does so one after the other.
    lock table dist.segment_part in share update exclusive mode;
    if dist._is_made_of(new.part, new.segment) then
        perform dist._refuse(tg_table_name, row_name, '22023',
            case when new.part = new.segment then 'a segment cannot be a part of itself'
                 else format('the segments form a circle: %L is a part of %L already', new.segment, new.part) end,
            'A segment must not be made of itself.');
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.segment_part
    for each row execute function dist._check_segment_part();
create trigger check_writer before update of segment, part, member
    on dist.segment_part for each row execute function dist._adopt();

create function dist._check_segment_related() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    row_name text := concat_ws('/', new.segment, new.name);
begin
    new.written_by := dist._writer(new.written_by, case when tg_op = 'UPDATE' then old.written_by end);
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    perform dist._required(tg_table_name, row_name, 'segment', new.segment);
    perform dist._must_exist(tg_table_name, row_name, 'segment', new.segment, 'segment');
    if btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, row_name, '23514', 'name is empty', 'Give the related table a name, such as contacts.');
    end if;
    perform dist._required(tg_table_name, row_name, 'relation', new.relation::text);
    perform dist._required(tg_table_name, row_name, 'key_column', new.key_column::text);
    perform dist._required(tg_table_name, row_name, 'join_on', new.join_on::text);
    perform dist._no_json_null(tg_table_name, row_name, 'join_on', new.join_on);
    perform dist._check_related(tg_table_name, row_name, s.object, new.relation::oid, new.key_column::text, new.join_on)
       from dist.segment s where s.name = new.segment;
    return new;
end $$;
create trigger check_row before insert or update on dist.segment_related
    for each row execute function dist._check_segment_related();
create trigger check_writer before update of segment, relation, key_column, join_on
    on dist.segment_related for each row execute function dist._adopt();

-- What it says was checked against the object's table as it was.
create function dist._check_object_segments() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not dist._checks_off()
       and (old.relation, old.key_column, old.owner_column) is distinct from (new.relation, new.key_column, new.owner_column) then
        perform dist._check_text('segment', s.name, new.name, to_jsonb(s)) from dist.segment s where s.object = new.name;
        perform dist._check_related('segment_related', concat_ws('/', x.segment, x.name), new.name, x.relation::oid, x.key_column::text, x.join_on)
           from dist.segment_related x join dist.segment s on s.name = x.segment where s.object = new.name;
    end if;
    return null;
end $$;
create trigger check_segment_criteria after update on dist.object
    for each row execute function dist._check_object_segments();
