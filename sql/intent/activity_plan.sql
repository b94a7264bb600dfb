-- Which activities a segment's records get, and where they are written: what action create_activities goes by.

create table dist.activity_plan (
    segment        text not null references dist.segment on update cascade on delete cascade,
    name           text not null default 'activity',
    subject        text not null,
    duration       interval not null default '30 minutes',
    earliest       time not null default '09:00',
    latest         time not null default '17:00',
    assign         text not null default 'responsible',
    reps           text[],
    spread_days    integer not null default 6,
    per_day        integer,
    ranking        text,
    into_relation  regclass,
    column_map     jsonb,
    open_predicate text,
    active         boolean not null default true,
    description    text,
    written_by     name not null,
    primary key (segment, name)
);
comment on table dist.activity_plan is 'Intent: the activities that the records of a segment get, one each as long as none is open';
comment on column dist.activity_plan.segment is 'The segment';
comment on column dist.activity_plan.name is 'What steps call it';
comment on column dist.activity_plan.subject is 'What each is called: a text in which {column} stands for the record''s value, and {{ and }} for braces';
comment on column dist.activity_plan.duration is 'How long each takes, in whole minutes';
comment on column dist.activity_plan.earliest is 'Local time of the rep''s day before which none begins';
comment on column dist.activity_plan.latest is 'Local time of the rep''s day by which each is over';
comment on column dist.activity_plan.assign is
    'Who does them: responsible (the segment''s responsible_rep), owner (the record''s), or reps (of those named, whoever has time first)';
comment on column dist.activity_plan.reps is 'With assign = reps: who; of two with time at once the one who has fewer, then the first in the list';
comment on column dist.activity_plan.spread_days is 'A full day spills to the next: up to so many days after the run''s own, by the rep''s calendar';
comment on column dist.activity_plan.per_day is 'How many activities of a rep begin on a day at most, with those that were there; null = as many as there is time for';
comment on column dist.activity_plan.ranking is 'ORDER BY list over the record r: who comes first has the earlier time; null = by key';
comment on column dist.activity_plan.into_relation is 'A table of your own that they are written to; null = dist.activity';
comment on column dist.activity_plan.column_map is
    'With into_relation: {"its column": what}, what being key, rep, subject, starts_at, ends_at, duration, segment, plan, run_id, or {"value": constant}';
comment on column dist.activity_plan.open_predicate is
    'With into_relation: a SQL boolean expression over its row r, true of activities that are still to be done; null = those that are not over';
comment on column dist.activity_plan.active is 'A passive plan is passed over';
comment on column dist.activity_plan.description is 'What it is for';
comment on column dist.activity_plan.written_by is 'Role that wrote the row; a run refuses it unless that role is a member of the run owner''s';

create function dist._check_activity_text(row_name text, object text, new_row jsonb, relation oid) returns void
    language c stable
    as 'MODULE_PATHNAME', 'check_activity_text_wrapper';
comment on function dist._check_activity_text(text, text, jsonb, oid) is
    'Internal: refuses subject, ranking, column_map and open_predicate of an activity plan that do not fit the tables';

-- Columns that an INSERT must give a value.
create function dist._unfilled_columns(relation oid, given text[]) returns text[]
    language sql stable
    set search_path = pg_catalog, pg_temp
    return array(select a.attname::text from pg_attribute a
                  where a.attrelid = relation and a.attnum > 0 and not a.attisdropped and a.attnotnull
                    and not a.atthasdef and a.attidentity = '' and a.attname::text <> all (given)
                  order by a.attnum);
comment on function dist._unfilled_columns(oid, text[]) is 'Internal: columns that are NOT NULL, have no default and are not among those given';

create function dist._check_activity_plan_reps(plan dist.activity_plan, row_name text) returns void
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if (plan.assign = 'reps') <> (plan.reps is not null) then
        perform dist._refuse('activity_plan', row_name, '23514',
            case when plan.reps is null then 'assign is reps, and none are named' else format('reps are named, and assign is %s', plan.assign) end,
            'Name reps where assign = reps, and only there.');
    elsif plan.reps = '{}' or array_position(plan.reps, null) is not null then
        perform dist._refuse('activity_plan', row_name, '23514', case when plan.reps = '{}' then 'reps is empty' else 'one of reps is null' end,
            'Name one rep or more.');
    end if;
    perform dist._must_exist('activity_plan', row_name, 'reps', r, 'rep') from unnest(plan.reps) with ordinality u (r, n) order by n;
    perform dist._refuse('activity_plan', row_name, '23514', format('reps has %L twice', r), 'Name each rep once.')
       from unnest(plan.reps) r group by r having count(*) > 1 limit 1;
    if plan.assign = 'responsible' then
        perform dist._refuse('activity_plan', row_name, '23514', format('segment %L has nobody responsible', plan.segment),
            'Set responsible_rep of the segment first, or let assign be owner or reps.')
           from dist.segment s where s.name = plan.segment and s.responsible_rep is null;
    end if;
end $$;
comment on function dist._check_activity_plan_reps(dist.activity_plan, text) is 'Internal: refuses a plan whose activities nobody would do';

create function dist._check_activity_plan_time(plan dist.activity_plan, row_name text) returns void
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not (plan.duration >= interval '1 minute' and plan.duration <= interval '1 day')
       or extract(epoch from plan.duration) % 60 <> 0 or plan.duration <> make_interval(secs => extract(epoch from plan.duration)::double precision) then
        perform dist._refuse('activity_plan', row_name, '23514', format('duration %s is out of range', plan.duration),
            'Give whole minutes, from 1 minute to 24 hours.');
    end if;
    if extract(epoch from plan.earliest) % 60 <> 0 or extract(epoch from plan.latest) % 60 <> 0 then
        perform dist._refuse('activity_plan', row_name, '23514', format('%s to %s are not whole minutes', plan.earliest, plan.latest),
            'Give hours and minutes, such as 09:00 and 17:30.');
    end if;
    -- As seconds: 24:00 less 00:00 is no time of day.
    if extract(epoch from plan.latest) - extract(epoch from plan.earliest) < extract(epoch from plan.duration) then
        perform dist._refuse('activity_plan', row_name, '23514',
            format('between earliest %s and latest %s there is no room for %s', plan.earliest, plan.latest, plan.duration),
            'Both are times of one day: latest comes after earliest, by the duration or more.');
    end if;
    if plan.spread_days not between 0 and 366 then
        perform dist._refuse('activity_plan', row_name, '23514', format('spread_days %s is out of range', plan.spread_days), 'Give 0 to 366.');
    end if;
    if plan.per_day < 1 then
        perform dist._refuse('activity_plan', row_name, '23514', format('per_day %s is out of range', plan.per_day),
            'Give 1 or more, or null for as many as there is time for.');
    end if;
end $$;
comment on function dist._check_activity_plan_time(dist.activity_plan, text) is 'Internal: refuses a plan whose activities have no time to take place in';

create function dist._check_activity_plan() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    row_name text := concat_ws('/', new.segment, new.name);
    field text;
begin
    new.written_by := dist._writer(new.written_by, case when tg_op = 'UPDATE' then old.written_by end);
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    perform dist._required(tg_table_name, row_name, 'segment', new.segment);
    perform dist._must_exist(tg_table_name, row_name, 'segment', new.segment, 'segment');
    if btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, row_name, '23514', 'name is empty', 'Give the plan a name, such as call.');
    elsif btrim(coalesce(new.subject, '')) = '' then
        perform dist._refuse(tg_table_name, row_name, '23514', 'subject is empty', 'Say what each activity is called, such as Call {name}.');
    end if;
    foreach field in array array['duration', 'earliest', 'latest', 'assign', 'spread_days'] loop
        perform dist._required(tg_table_name, row_name, field, to_jsonb(new) ->> field);
    end loop;
    perform dist._one_of(tg_table_name, row_name, 'assign', new.assign, array['responsible', 'owner', 'reps']);
    perform dist._check_activity_plan_reps(new, row_name);
    perform dist._check_activity_plan_time(new, row_name);
    perform dist._no_json_null(tg_table_name, row_name, 'column_map', new.column_map);
    if (new.into_relation is null) <> (new.column_map is null) or new.into_relation is null and new.open_predicate is not null then
        perform dist._refuse(tg_table_name, row_name, '23514',
            case when new.into_relation is not null then 'into_relation is given, and column_map is not'
                 else 'column_map or open_predicate is given, and into_relation is not' end,
            'column_map and open_predicate are about a table of your own, which into_relation names.');
    end if;
    if tg_op = 'INSERT' or (new.segment, new.subject, new.ranking, new.into_relation, new.column_map, new.open_predicate)
                           is distinct from (old.segment, old.subject, old.ranking, old.into_relation, old.column_map, old.open_predicate) then
        perform dist._check_activity_text(row_name, s.object, to_jsonb(new), new.into_relation) from dist.segment s where s.name = new.segment;
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.activity_plan
    for each row execute function dist._check_activity_plan();
create trigger check_writer before update of segment, subject, assign, reps, ranking, into_relation, column_map, open_predicate
    on dist.activity_plan for each row execute function dist._adopt();

-- What plans say was checked against the object's table as it was.
create function dist._check_object_activity_plans() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not dist._checks_off()
       and (old.relation, old.key_column, old.owner_column) is distinct from (new.relation, new.key_column, new.owner_column) then
        perform dist._check_activity_text(concat_ws('/', p.segment, p.name), new.name, to_jsonb(p), p.into_relation)
           from dist.activity_plan p join dist.segment s on s.name = p.segment where s.object = new.name;
    end if;
    return null;
end $$;
create trigger check_activity_plans after update on dist.object
    for each row execute function dist._check_object_activity_plans();

-- Somebody stays responsible where plans count on it.
create function dist._check_responsible() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not dist._checks_off() and new.responsible_rep is null then
        perform dist._refuse('segment', new.name, '23514', format('activity plan %L is for whoever is responsible', p.name),
            'Name somebody, or let assign of that plan be owner or reps.')
           from dist.activity_plan p where p.segment in (old.name, new.name) and p.assign = 'responsible'
          order by p.name collate "C" limit 1;
    end if;
    return null;
end $$;
create trigger check_responsible after update of responsible_rep on dist.segment
    for each row execute function dist._check_responsible();

-- As dist._check_no_source and dist._rename_rep, for the lists of reps.
create function dist._check_no_activity_rep() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._refuse(tg_table_name, old.rep, '23503', format('dist.activity_plan %s names it in reps', dist._shown(concat_ws('/', p.segment, p.name), s.owner)),
               'To let a rep receive nothing more, set active = false. To delete it, change or delete the rows of dist.activity_plan first.')
       from dist.activity_plan p join dist.segment s on s.name = p.segment
      where old.rep = any (p.reps)
      order by p.segment collate "C", p.name collate "C"
      limit 1;
    return old;
end $$;
create trigger check_no_activity_rep before delete on dist.rep
    for each row execute function dist._check_no_activity_rep();
