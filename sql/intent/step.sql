-- What a schedule runs: its steps, in order, each of them an action with its target.

create table dist.step (
    schedule text not null references dist.schedule on update cascade on delete cascade,
    position integer not null default 1,
    action   text not null default 'transfer',
    target   text,
    segment  text references dist.segment on update cascade,
    args     jsonb,
    per      text,
    max_rows bigint,
    timeout  interval,
    active   boolean not null default true,
    written_by name not null,
    primary key (schedule, position)
);
create index on dist.step (target);
create index on dist.step (segment);
comment on table dist.step is 'Intent: what a schedule does, in order, in one transaction';
comment on column dist.step.schedule is 'The schedule';
comment on column dist.step.position is 'Order, lowest first';
comment on column dist.step.action is 'What is done: transfer, function (a function or procedure is called), or to a segment refresh_segment, apply_formulas, create_activities, mass_edit or emit';
comment on column dist.step.target is
    'Name of the transfer; name of the segment, for what is done to one; name of the function with its schema, and its argument types where the name is not unique: crm.notify(integer, text). A step without a target is not complete';
comment on column dist.step.args is
    'Arguments of the function: {"name": value, ...}, or [value, ...] in the order of its parameters, a value being also {"var": "name of a variable"} or, about a segment, {"field": "column"}, {"key": true}, {"keys": true}, {"cursor": true}, {"segment": true}; none for transfer; for the others what docs/actions.md says';
comment on column dist.step.segment is 'The step is about the members of this segment; of a transfer: it moves no others; of a function: see per; null = not about a segment';
comment on column dist.step.per is
    'Of a function about a segment: segment (it is called once; the default), record (once for each record) or set (once with all of them)';
comment on column dist.step.max_rows is 'Of a function about a segment: with more members than this it is not called, and the run fails; null = no limit';
comment on column dist.step.timeout is 'Of a function: when the step takes longer, the run is stopped and has failed; null = only the run''s own timeout holds';
comment on column dist.step.active is 'A passive step is passed over';
comment on column dist.step.written_by is 'Role that wrote the row; a run refuses it unless that role is a member of the run owner''s';

create function dist._check_transfer_step(step dist.step, row_name text) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._must_exist('step', row_name, 'target', step.target, 'transfer');
    if exists (select from dist.transfer t where t.name = step.target and t.is_template) then
        perform dist._refuse('step', row_name, '22023', format('transfer %L is a template', step.target),
            'Copy the template into a transfer of its own, and name that one.');
    end if;
    perform dist._check_segment_of('step', row_name, 'segment', step.segment, t.object) from dist.transfer t where t.name = step.target;
    if step.args is not null then
        perform dist._refuse('step', row_name, '22023', 'a transfer takes no args', 'Leave args null.');
    end if;
end $$;
comment on function dist._check_transfer_step(dist.step, text) is 'Internal: refuses a step that runs no transfer that there is';

-- changed: whoever writes is the author of the call. Otherwise it is not looked at, for converting values can run code of
-- its author's (a domain's check).
create function dist._check_function_step(step dist.step, row_name text, changed boolean) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if jsonb_typeof(step.args) not in ('object', 'array') then
        perform dist._refuse('step', row_name, '22023', format('args %s is neither a JSON object nor an array', step.args),
            'Write {"name": value, ...}, or [value, ...] in the order of the parameters.');
    end if;
    perform dist._one_of('step', row_name, 'per', step.per, array['segment', 'record', 'set']);
    if step.segment is null and step.per is not null then
        perform dist._refuse('step', row_name, '22023', format('per %L without a segment', step.per), 'Name the segment whose records are meant.');
    elsif step.segment is null and step.max_rows is not null then
        perform dist._refuse('step', row_name, '22023', format('max_rows %s without a segment', step.max_rows),
            'It limits how many members the segment may have: name one, or leave max_rows null.');
    elsif step.max_rows < 1 then
        perform dist._refuse('step', row_name, '23514', format('max_rows %s is less than 1', step.max_rows), 'Give 1 or more, or null for no limit.');
    elsif step.timeout < interval '1 millisecond' or step.timeout > interval '20 days' then
        perform dist._refuse('step', row_name, '23514', format('timeout %s is out of range', step.timeout), 'Give 1 millisecond to 20 days, or null.');
    end if;
    if changed and step.target is not null then
        perform dist._check_call('step', row_name, step.target, step.args, step.segment, step.per);
    end if;
end $$;
comment on function dist._check_function_step(dist.step, text, boolean) is
    'Internal: refuses a step that calls no function that there is and that its author may call so';

create function dist._check_step() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    row_name text := concat_ws('/', new.schedule, new.position);
begin
    new.written_by := dist._writer(new.written_by, case when tg_op = 'UPDATE' then old.written_by end);
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    perform dist._required(tg_table_name, row_name, 'schedule', new.schedule);
    perform dist._must_exist(tg_table_name, row_name, 'schedule', new.schedule, 'schedule');
    perform dist._one_of(tg_table_name, row_name, 'action', new.action, array['transfer', 'function', 'refresh_segment', 'apply_formulas', 'create_activities', 'mass_edit', 'emit']);
    perform dist._must_exist(tg_table_name, row_name, 'segment', new.segment, 'segment');
    perform dist._no_json_null(tg_table_name, row_name, 'args', new.args);
    if new.action = 'function' then
        perform dist._check_function_step(new, row_name,
            tg_op = 'INSERT' or (new.action, new.target, new.args, new.segment, new.per) is distinct from (old.action, old.target, old.args, old.segment, old.per));
    elsif num_nonnulls(new.per, new.max_rows, new.timeout) > 0 then
        perform dist._refuse(tg_table_name, row_name, '22023',
            format('%s is for steps that call a function', case when new.per is not null then 'per' when new.max_rows is not null then 'max_rows' else 'timeout' end),
            'Leave per, max_rows and timeout null.');
    elsif new.action <> 'transfer' then
        perform dist._must_exist(tg_table_name, row_name, 'target', new.target, 'segment');
        if new.segment is not null then
            perform dist._refuse(tg_table_name, row_name, '22023', format('%s is about the segment that target names', new.action),
                'Leave segment null.');
        end if;
        if new.target is not null then
            perform dist._check_action(tg_table_name, row_name, new.action, new.target, new.args);
        end if;
    else
        perform dist._check_transfer_step(new, row_name);
    end if;
    perform dist._check_plan_is_free(s.id, s.name) from dist.schedule s
      where s.name in (new.schedule, case when tg_op = 'UPDATE' then old.schedule end)
      order by s.id;
    return new;
end $$;
create trigger check_row before insert or update on dist.step
    for each row execute function dist._check_step();
create trigger check_writer before update of schedule, action, target, segment, args, per
    on dist.step for each row execute function dist._adopt();

create function dist._check_step_delete() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- Of a schedule that is deleted, the schedule itself has been checked.
    if not dist._cascaded() then
        perform dist._check_plan_is_free(s.id, s.name) from dist.schedule s where s.name = old.schedule;
    end if;
    return old;
end $$;
create trigger check_delete before delete on dist.step
    for each row execute function dist._check_step_delete();

-- Of steps of everybody's.
create function dist._check_step_target() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    named_by text;
begin
    select dist._shown(s.name, s.owner) into named_by
      from dist.step p join dist.schedule s on s.name = p.schedule
     where p.target = old.name
       and case when tg_table_name = 'transfer' then p.action = 'transfer' else p.action not in ('transfer', 'function') end
     order by s.name collate "C" limit 1;
    if named_by is not null and tg_op = 'DELETE' then
        perform dist._refuse(tg_table_name, old.name, '23503', format('a step of schedule %s names it', named_by),
            'Change or delete that step first.');
    elsif named_by is not null and tg_table_name = 'transfer' and to_jsonb(new) -> 'is_template' = 'true' and to_jsonb(old) -> 'is_template' = 'false' then
        perform dist._refuse(tg_table_name, old.name, '55000', format('a step of schedule %s names it', named_by),
            'A template has no schedule: copy the row instead.');
    elsif named_by is not null and new.name <> old.name then
        perform dist._refuse(tg_table_name, old.name, '23503', format('a step of schedule %s names it', named_by),
            'Change that step first.');
    end if;
    return coalesce(new, old);
end $$;
create trigger check_steps before update or delete on dist.transfer
    for each row execute function dist._check_step_target();
