-- Templates: transfers without a schedule, from which any number of transfers can be made, and schedules that never run, with
-- their steps, from which any number of schedules can (G12).

create function dist.save_template(transfer text, template text) returns void
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._copy_transfer(save_template.transfer, save_template.template, true);
end $$;
comment on function dist.save_template(text, text) is 'Saves a copy of a transfer as a template';

create function dist.make_transfer(template text, transfer text, changes jsonb default '{}') returns void
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._copy_transfer(make_transfer.template, make_transfer.transfer, false, make_transfer.changes);
end $$;
comment on function dist.make_transfer(text, text, jsonb) is
    'Makes a transfer from a template, or from another transfer; changes names columns of dist.transfer and their values in the new one';

create function dist._copy_transfer(source text, copy text, as_template boolean, changes jsonb default '{}') returns void
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    columns text[] := array(select a.attname::text from pg_attribute a
                             where a.attrelid = 'dist.transfer'::regclass and a.attnum > 0 and not a.attisdropped
                               and a.attname not in ('name', 'is_template', 'written_by'));
    wrong text;
begin
    perform dist._must_exist('transfer', coalesce(source, ''), 'name', coalesce(source, ''), 'transfer');
    if jsonb_typeof(changes) is distinct from 'object' then
        perform dist._refuse('transfer', copy, '22023', format('changes %s is not a JSON object', coalesce(changes::text, 'null')),
            'Give column names and values, such as {"row_limit": 100}.');
    end if;
    select k into wrong from jsonb_object_keys(changes) k where k <> all (columns) limit 1;
    if found then
        perform dist._refuse('transfer', copy, '42703', format('changes: there is no column %L to change', wrong),
            coalesce('Perhaps you meant ' || quote_literal(dist._nearest(wrong, columns)) || '.', 'See the columns of dist.transfer.'));
    end if;
    insert into dist.transfer
    select p.* from dist.transfer t,
         lateral jsonb_populate_record(t, changes || jsonb_build_object('name', copy, 'is_template', as_template, 'written_by', null)) p
     where t.name = _copy_transfer.source;
end $$;
comment on function dist._copy_transfer(text, text, boolean, jsonb) is 'Internal: copies a transfer under another name, checked like any new row';

create function dist._save_schedule_template(schedule_name text, template text) returns void
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    transfers text[] := array(select distinct p.target from dist.step p
                               where p.schedule = schedule_name and p.action = 'transfer' and p.target is not null);
begin
    if template is null then
        return;
    elsif cardinality(transfers) <> 1 then
        perform dist._refuse('schedule', schedule_name, '22023', format('it has %s transfers, and save_as names one template', cardinality(transfers)),
            'Call dist.save_schedule_template, which saves the schedule with all its steps.');
    end if;
    perform dist.save_template(transfers[1], template);
end $$;
comment on function dist._save_schedule_template(text, text) is 'Internal: saves the transfer of a schedule as a template';

-- Columns and their values that somebody gives; those that can be given are named, the nearest first.
create function dist._check_changes(relation text, row_name text, field text, changes jsonb, columns text[]) returns void
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    wrong text;
begin
    if jsonb_typeof(changes) is distinct from 'object' then
        perform dist._refuse(relation, row_name, '22023', format('%s %s is not a JSON object', field, coalesce(changes::text, 'null')),
            format('Give columns of dist.%s and their values.', relation));
    end if;
    select k into wrong from jsonb_object_keys(changes) k where k <> all (columns) order by k collate "C" limit 1;
    if found then
        perform dist._refuse(relation, row_name, '42703', format('%s: there is no column %L to change', field, wrong),
            coalesce('Perhaps you meant ' || quote_literal(dist._nearest(wrong, columns)) || '. ', '')
            || case when cardinality(columns) > 8 then format('See the columns of dist.%s.', relation)
                    else format('It can change: %s.', array_to_string(columns, ', ')) end);
    end if;
end $$;
comment on function dist._check_changes(text, text, text, jsonb, text[]) is 'Internal: refuses changes that are none of these columns';

create function dist._copy_schedule(source text, copy text, as_template boolean, changes jsonb, steps jsonb) returns void
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    columns text[] := array(select a.attname::text from pg_attribute a
                             where a.attrelid = 'dist.schedule'::regclass and a.attnum > 0 and not a.attisdropped
                               and a.attname not in ('name', 'id', 'is_template', 'cancelled_at') order by a.attnum);
    names text := (select string_agg(quote_ident(c), ', ') from unnest(columns || '{name,is_template}') c);
    positions text[] := array(select p.position::text from dist.step p where p.schedule = source order by p.position);
    step record;
    given jsonb;
begin
    perform dist._must_exist('schedule', coalesce(source, ''), 'name', coalesce(source, ''), 'schedule');
    perform dist._check_changes('schedule', copy, 'changes', changes, columns);
    if jsonb_typeof(steps) is distinct from 'object' then
        perform dist._refuse('schedule', copy, '22023', format('steps %s is not a JSON object', coalesce(steps::text, 'null')),
            'Give positions and what changes there, such as {"2": {"target": "another transfer"}, "3": null}; null leaves a step out.');
    end if;
    for step in select k as place from jsonb_object_keys(steps) k order by k collate "C" loop
        if step.place <> all (positions) then
            perform dist._refuse('schedule', copy, '22023', format('steps: %L has no step at position %L', source, step.place),
                coalesce('It has steps at ' || nullif(array_to_string(positions, ', '), '') || '.', 'It has no steps.'));
        elsif jsonb_typeof(steps -> step.place) <> 'null' then
            perform dist._check_changes('step', concat_ws('/', copy, step.place), 'steps', steps -> step.place, '{action,target,segment,args,active}');
        end if;
    end loop;
    -- Who makes it owns it; a schedule that is made is active, whatever it is made of.
    given := jsonb_build_object('owner', current_user, 'enabled', not as_template) || changes
             || jsonb_build_object('name', copy, 'is_template', as_template);
    execute format('insert into dist.schedule (%s) select %1$s from (select (jsonb_populate_record(s, $1)).* from dist.schedule s where s.name = $2) x', names)
      using given, source;
    insert into dist.step (schedule, position, action, target, segment, args, active)
    select copy, c.position, c.action, c.target, c.segment, c.args, c.active
      from dist.step p,
           lateral jsonb_populate_record(p, coalesce(nullif(steps -> p.position::text, 'null'), '{}')) c
     where p.schedule = source and jsonb_typeof(steps -> p.position::text) is distinct from 'null'
     order by p.position;
end $$;
comment on function dist._copy_schedule(text, text, boolean, jsonb, jsonb) is
    'Internal: copies a schedule and its steps under another name, checked like any new rows';

create function dist.save_schedule_template(schedule text, template text) returns void
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._copy_schedule(save_schedule_template.schedule, save_schedule_template.template, true, '{}', '{}');
end $$;
comment on function dist.save_schedule_template(text, text) is 'Saves a copy of a schedule, with its steps, as a template, which never runs';

create function dist.make_schedule(template text, schedule text, changes jsonb default '{}', steps jsonb default '{}') returns void
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._copy_schedule(make_schedule.template, make_schedule.schedule, false, make_schedule.changes, make_schedule.steps);
end $$;
comment on function dist.make_schedule(text, text, jsonb, jsonb) is
    'Makes a schedule from a template, or from another schedule, with its steps; changes names columns of dist.schedule and their values in the new one, steps positions with columns of dist.step, or null for a step that is left out';
