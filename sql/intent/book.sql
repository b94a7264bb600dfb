-- Books: how many records of an object each rep shall hold, in all and of each segment.

create table dist.book_segment (
    name        text primary key,
    object      text not null references dist.object on update cascade,
    position    integer not null,
    criteria    jsonb,
    predicate   text,
    segment     text references dist.segment on update cascade,
    description text,
    written_by  name not null,
    unique (object, position)
);
create index on dist.book_segment (segment);
comment on table dist.book_segment is 'Intent: kinds of records that books have targets for; a record is in the first, by position, that it matches';
comment on column dist.book_segment.name is 'Name of the segment';
comment on column dist.book_segment.object is 'The object whose records it is about';
comment on column dist.book_segment.position is 'A record that matches several segments is in the one with the lowest position only';
comment on column dist.book_segment.criteria is 'Which records, as a jsonb tree; see docs/criteria.md';
comment on column dist.book_segment.predicate is 'Which records, as one SQL boolean expression over the record r; both must hold where both are given';
comment on column dist.book_segment.segment is 'Which records: only members of this segment (of dist.segment)';
comment on column dist.book_segment.description is 'What the segment is for';
comment on column dist.book_segment.written_by is 'Role that wrote the row; a run refuses it unless that role is a member of the run owner''s';

create table dist.book (
    object  text not null references dist.object on update cascade on delete cascade,
    rep     text references dist.rep on update cascade on delete cascade,
    team    text references dist.team on update cascade on delete cascade,
    segment text references dist.book_segment on update cascade,
    target  integer not null,
    unique nulls not distinct (object, rep, team, segment)
);
create index on dist.book (rep);
create index on dist.book (team);
create index on dist.book (segment);
comment on table dist.book is 'Intent: how many records of an object a rep shall hold';
comment on column dist.book.object is 'The object';
comment on column dist.book.rep is 'The rep whose book it is; a rep''s own row goes before those of its teams';
comment on column dist.book.team is 'The team whose members'' books they are; of several teams'' rows the least holds';
comment on column dist.book.segment is 'The segment; null = the book as a whole, whose target is also what its segments together may not pass';
comment on column dist.book.target is 'How many records; 0 = none';

-- Where there are segments of it, a distribution rule names one.
alter table dist.distribution_rule add foreign key (segment) references dist.book_segment on update cascade;
create index on dist.distribution_rule (segment);

create function dist._check_book_segment() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    other text;
begin
    new.written_by := dist._writer(new.written_by, case when tg_op = 'UPDATE' then old.written_by end);
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    if btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'name is empty', 'Give the segment a name.');
    end if;
    perform dist._required(tg_table_name, new.name, 'object', new.object);
    perform dist._required(tg_table_name, new.name, 'position', new.position::text);
    perform dist._must_exist(tg_table_name, new.name, 'object', new.object, 'object');
    perform dist._check_segment_of(tg_table_name, new.name, 'segment', new.segment, new.object);
    if tg_op = 'UPDATE' and new.object <> old.object and exists (select from dist.book b where b.segment = old.name) then
        perform dist._refuse(tg_table_name, new.name, '55000', 'the object of a segment that books name cannot change',
            'Make another segment for the other object.');
    end if;
    select s.name into other from dist.book_segment s
     where (s.object, s.position) = (new.object, new.position) and (tg_op = 'INSERT' or s.name <> old.name);
    if other is not null then
        perform dist._refuse(tg_table_name, new.name, '23505', format('position %s is that of %L', new.position, other),
            'Segments of an object have an order: give each a position of its own.');
    end if;
    perform dist._no_json_null(tg_table_name, new.name, 'criteria', new.criteria);
    -- As for assignment rules.
    if tg_op = 'INSERT' or (new.object, new.criteria, new.predicate) is distinct from (old.object, old.criteria, old.predicate) then
        perform dist._check_text(tg_table_name, new.name, new.object, to_jsonb(new));
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.book_segment
    for each row execute function dist._check_book_segment();
create trigger check_writer before update of object, position, criteria, predicate, segment
    on dist.book_segment for each row execute function dist._adopt();

create function dist._book_reps(book dist.book) returns text[]
    language sql stable
    set search_path = pg_catalog, pg_temp
    return array(select book.rep where book.rep is not null
                 union
                 select m.rep from dist.team_member m where m.team = book.team);
comment on function dist._book_reps(dist.book) is 'Internal: whose book it is';

create function dist._check_book() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    row_name text := concat_ws('/', new.object, new.rep, new.team, new.segment);
    other_object text;
begin
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    perform dist._required(tg_table_name, row_name, 'object', new.object);
    perform dist._required(tg_table_name, row_name, 'target', new.target::text);
    perform dist._must_exist(tg_table_name, row_name, 'object', new.object, 'object');
    perform dist._must_exist(tg_table_name, row_name, 'rep', new.rep, 'rep');
    perform dist._must_exist(tg_table_name, row_name, 'team', new.team, 'team');
    perform dist._must_exist(tg_table_name, row_name, 'segment', new.segment, 'book_segment');
    if num_nonnulls(new.rep, new.team) <> 1 then
        perform dist._refuse(tg_table_name, row_name, '23514',
            case when new.rep is null then 'it is nobody''s' else 'rep and team are both given' end,
            'Set exactly one of rep and team.');
    end if;
    if new.target not between 0 and 1000000000 then
        perform dist._refuse(tg_table_name, row_name, '23514', format('target %s is out of range', new.target),
            'A target is a number of records from 0 to 1000000000.');
    end if;
    select s.object into other_object from dist.book_segment s where s.name = new.segment;
    if other_object <> new.object then
        perform dist._refuse(tg_table_name, row_name, '22023',
            format('segment %L is about object %L, not %L', new.segment, other_object, new.object), 'Name a segment of the same object.');
    end if;
    perform dist._check_reps(tg_table_name, row_name, new.object, dist._book_reps(new));
    return new;
end $$;
create trigger check_row before insert or update on dist.book
    for each row execute function dist._check_book();

-- What leads to an object was checked against its table as it was; a team's book, against its members as they were.
create function dist._check_booked() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if dist._checks_off() then
        return null;
    elsif tg_table_name = 'team_member' then
        perform dist._check_reps(tg_table_name, concat_ws('/', new.team, new.rep), b.object, array[new.rep])
           from (select distinct x.object from dist.book x where x.team = new.team) b;
    elsif (old.relation, old.key_column, old.owner_column) <> (new.relation, new.key_column, new.owner_column) then
        perform dist._check_text('book_segment', s.name, new.name, to_jsonb(s)) from dist.book_segment s where s.object = new.name;
        perform dist._check_reps('book', concat_ws('/', b.object, b.rep, b.team, b.segment), new.name, dist._book_reps(b))
           from dist.book b where b.object = new.name;
    end if;
    return null;
end $$;
create trigger check_books after update on dist.object
    for each row execute function dist._check_booked();
create trigger check_books after insert or update on dist.team_member
    for each row execute function dist._check_booked();

create trigger check_segments before delete on dist.object
    for each row execute function dist._check_unused('book_segment.object');
create trigger check_unused before delete on dist.book_segment
    for each row execute function dist._check_unused('book.segment', 'distribution_rule.segment');

-- The target that holds for each rep: its own row, else the least of its teams'.
create function dist._targets(object text) returns table (segment text, rep text, target integer)
    language sql stable rows 1000
    set search_path = pg_catalog, pg_temp
begin atomic
    select distinct on (t.segment, t.rep) t.segment, t.rep, t.target
      from (select b.segment, b.rep, b.target, 0 as place
              from dist.book b where b.object = $1 and b.rep is not null
            union all
            select b.segment, m.rep, b.target, 1
              from dist.book b join dist.team_member m on m.team = b.team
             where b.object = $1 and m.active) t
     order by t.segment, t.rep, t.place, t.target;
end;
comment on function dist._targets(text) is 'Internal: how many records each rep shall hold';

-- Segments in order, and the targets that the rules which fill books go by; nothing where none of them does.
create function dist._books_intent(object text, rules text[]) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    if rules is not null and not exists (select from dist.distribution_rule r where r.name = any (rules) and r.strategy in ('top_off', 'fixed')) then
        return null;
    end if;
    return jsonb_build_object(
        'everybody', (select coalesce(jsonb_agg(r.name), '[]') from dist.distribution_rule r where r.name = any (rules) and r.team is null),
        'segments', (select coalesce(jsonb_agg(to_jsonb(s) order by s.position), '[]') from dist.book_segment s where s.object = $1),
        'writers', dist._segment_writers(array(select s.segment from dist.book_segment s where s.object = $1)),
        'wholes', (select coalesce(jsonb_object_agg(t.rep, t.target), '{}') from dist._targets($1) t where t.segment is null),
        'parts', (select coalesce(jsonb_object_agg(p.segment, p.targets), '{}')
                    from (select t.segment, jsonb_object_agg(t.rep, t.target) as targets
                            from dist._targets($1) t
                           where t.segment is not null
                             and (rules is null or t.segment in (select r.segment from dist.distribution_rule r where r.name = any (rules)))
                           group by t.segment) p));
end $$;
comment on function dist._books_intent(text, text[]) is
    'Internal: what the books of an object shall hold, as Rust reads it; without rules all of it';

-- A rule that fills one segment gives records of that segment's object only.
create function dist._check_segments(relation text, row_name text, object text, rules text[]) returns void
    language plpgsql stable security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    other record;
begin
    select d.name, d.segment, s.object into other
      from dist.distribution_rule d
      join dist.book_segment s on s.name = d.segment
     where d.name in (select dist._with_fallbacks(rules)) and s.object <> $3
     order by d.name collate "C"
     limit 1;
    if found then
        perform dist._refuse(relation, row_name, '22023',
            format('distribution rule %L fills segment %L of object %L, not %L', other.name, other.segment, other.object, object),
            'Name a distribution rule of a segment of the same object.');
    end if;
end $$;
comment on function dist._check_segments(text, text, text, text[]) is
    'Internal: refuses distribution rules that fill segments of another object';
