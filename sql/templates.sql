-- Templates: transfers without a schedule, from which any number of transfers can be made (G12).

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
            'Call dist.save_template for each transfer.');
    end if;
    perform dist.save_template(transfers[1], template);
end $$;
comment on function dist._save_schedule_template(text, text) is 'Internal: saves the transfer of a schedule as a template';
