-- Helpers of the check triggers: references by name with the nearest name as HINT, and what only Rust can judge.

create function dist._clock() returns timestamptz
    language c volatile
    as 'MODULE_PATHNAME', 'now_wrapper';
comment on function dist._clock() is
    'Internal: clock_timestamp(), or the virtual clock pg_dist.clock, by which plans are armed, paused and resumed';

create function dist._check_zone(relation text, row_name text, zone text) returns void
    language c stable
    as 'MODULE_PATHNAME', 'check_zone_wrapper';
comment on function dist._check_zone(text, text, text) is 'Internal: refuses a zone that chrono-tz does not know';

create function dist._check_plan(plan jsonb, at timestamptz) returns timestamptz
    language c stable
    as 'MODULE_PATHNAME', 'check_plan_wrapper';
comment on function dist._check_plan(jsonb, timestamptz) is
    'Internal: refuses a schedule row whose recurrence is wrong or never fires; returns its first run';

create function dist._check_text(relation text, row_name text, object text, new_row jsonb) returns void
    language c stable
    as 'MODULE_PATHNAME', 'check_text_wrapper';
comment on function dist._check_text(text, text, text, jsonb) is
    'Internal: refuses criteria, predicate, ranking and set_fields that do not compile over the object';

create function dist._check_object(new_row jsonb) returns jsonb
    language c stable
    as 'MODULE_PATHNAME', 'check_object_wrapper';
comment on function dist._check_object(jsonb) is
    'Internal: refuses an object whose table or columns cannot be routed; returns warnings';

create function dist._check_reps(relation text, row_name text, object text, reps text[]) returns void
    language c stable
    as 'MODULE_PATHNAME', 'check_reps_wrapper';
comment on function dist._check_reps(text, text, text, text[]) is
    'Internal: refuses a rep whose text is not a value of the object''s owner column';

create function dist._check_related(relation text, row_name text, object text, related oid, key_column text, join_on jsonb) returns void
    language c stable
    as 'MODULE_PATHNAME', 'check_related_wrapper';
comment on function dist._check_related(text, text, text, oid, text, jsonb) is
    'Internal: refuses a related table whose rows cannot be joined to an object''s records';

create function dist._nearest(wanted text, names text[]) returns text
    language c immutable
    as 'MODULE_PATHNAME', 'nearest_wrapper';
comment on function dist._nearest(text, text[]) is 'Internal: the most similar name, or null';

create function dist._must_exist(relation text, row_name text, field text, wanted text, target text) returns void
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- Every intent table that others point at has its name in the first column of this list.
    key_column text := case when target in ('rep', 'team') then target else 'name' end;
    found boolean;
    names text[];
    near text;
begin
    if wanted is null then
        return;
    end if;
    execute format('select exists (select from dist.%I where %I = $1)', target, key_column) into found using wanted;
    if found then
        return;
    end if;
    execute format('select array_agg(%I) from (select %I from dist.%I limit 10000) n', key_column, key_column, target) into names;
    near := dist._nearest(wanted, names);
    perform dist._refuse(relation, row_name, '23503',
        format('%s %L does not exist in dist.%s%s', field, wanted, target, dist._or_hidden(target)),
        case when near is null then format('Insert it into dist.%s first.', target)
             else format('Perhaps you meant %L.', near) end);
end $$;
comment on function dist._must_exist(text, text, text, text, text) is
    'Internal: refuses a reference to a row of intent that is not there, naming the nearest';

create function dist._required(relation text, row_name text, field text, given text) returns void
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if given is null then
        perform dist._refuse(relation, row_name, '23502', format('%s is null', field), format('Give %s.', field));
    end if;
end $$;
comment on function dist._required(text, text, text, text) is
    'Internal: refuses a null that the checks after it could not look at; NOT NULL itself comes only after them';

-- A ruleset that something about an object names: it is there, and about the same object.
create function dist._check_ruleset_of(relation text, row_name text, field text, ruleset text, object text) returns void
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    other_object text;
begin
    perform dist._must_exist(relation, row_name, field, ruleset, 'ruleset');
    select s.object into other_object from dist.ruleset s where s.name = ruleset;
    if other_object <> object then
        perform dist._refuse(relation, row_name, '22023', format('ruleset %L is about object %L, not %L', ruleset, other_object, object),
            'Name a ruleset of the same object.');
    end if;
end $$;
comment on function dist._check_ruleset_of(text, text, text, text, text) is 'Internal: refuses a ruleset that is not there or is about another object';

-- Whose rights work has that no person starts: a role that whoever writes the row is a member of.
create function dist._check_owner(relation text, row_name text, owner name, was name) returns void
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._required(relation, row_name, 'owner', owner);
    if not exists (select from pg_roles where rolname = owner) then
        perform dist._refuse(relation, row_name, '42704', format('role %L does not exist', owner),
            'owner is the role whose rights the runs have; by default it is the current user.');
    end if;
    if owner is distinct from was and not pg_has_role(current_user, owner, 'member') then
        perform dist._refuse(relation, row_name, '42501', format('role %L cannot make it run as %L', current_user, owner),
            'owner can only be a role that you are a member of.');
    end if;
    -- Where the owner's role is gone, whoever takes the row over does so in their own name.
    if owner is distinct from was and not dist._is_admin()
       and exists (select from pg_roles r where r.rolname = was and not pg_has_role(current_user, r.oid, 'member')) then
        perform dist._refuse(relation, row_name, '42501', format('role %L is not a member of the owner %L', current_user, was),
            'Only a member of the owner''s role can change in whose name it runs.');
    end if;
end $$;
comment on function dist._check_owner(text, text, name, name) is 'Internal: refuses an owner that the writer of the row is no member of';

-- to_jsonb() of the row takes both nulls for the same, and every record would be meant.
create function dist._no_json_null(relation text, row_name text, field text, given jsonb) returns void
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if jsonb_typeof(given) = 'null' then
        perform dist._refuse(relation, row_name, '22023', format('%s is the JSON value null', field),
            format('Leave %s out (the SQL null) if nothing is meant.', field));
    end if;
end $$;
comment on function dist._no_json_null(text, text, text, jsonb) is 'Internal: refuses a JSON null where a tree or object is meant';

-- What functions are called with is not a reference in a row: a name that is not there is 42704, as for a transfer.
create function dist._check_schedule_name(schedule text, caller name default current_user) returns void
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    all_seen boolean := dist._sees_all(caller);
    near text;
begin
    if schedule is null then
        raise exception using errcode = '22004', message = 'schedule is null', hint = 'Give schedule.';
    elsif not exists (select from dist.schedule s where s.name = $1 and (all_seen or dist._may_run(caller, s.owner))) then
        near := dist._nearest(schedule, array(select s.name from dist.schedule s where all_seen or dist._may_run(caller, s.owner) limit 10000));
        raise exception using errcode = '42704',
            message = format('dist.schedule %L does not exist%s', schedule,
                             case when not all_seen then ', or belongs to a role that you are not a member of' end),
            hint = coalesce('Perhaps you meant ' || quote_literal(near) || '.', 'See dist.schedule for those that do.');
    end if;
end $$;
comment on function dist._check_schedule_name(text, name) is
    'Internal: refuses the name of a schedule that is not there, or that a role may not know of, naming the nearest';

-- For what edits a schedule: who may read everything may not edit everything.
create function dist._check_my_schedule(schedule text) returns void
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._check_schedule_name(schedule);
    perform dist._refuse('schedule', s.name, '42501', format('role %L is not a member of the owner %L', current_user, s.owner),
               'Only a member of the owner''s role can change it.')
       from dist.schedule s where s.name = schedule and not dist._may_run(current_user, s.owner);
    perform dist._refuse_template(s) from dist.schedule s where s.name = schedule;
end $$;
comment on function dist._check_my_schedule(text) is 'Internal: refuses a schedule that the current user may not edit';

create function dist._one_of(relation text, row_name text, field text, wanted text, allowed text[]) returns void
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if wanted is not null and wanted <> all (allowed) then
        perform dist._refuse(relation, row_name, '22023', format('%s %L is not known', field, wanted),
            coalesce('Perhaps you meant ' || quote_literal(dist._nearest(wanted, allowed)) || '. ', '')
            || 'One of: ' || array_to_string(allowed, ', ') || '.');
    end if;
end $$;
comment on function dist._one_of(text, text, text, text, text[]) is 'Internal: refuses a word that is not in the list';
