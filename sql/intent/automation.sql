-- What is routed the moment it comes in: records that are inserted, or of which certain columns change. The triggers on the
-- user's table are in sql/intake.sql; what an automation does with the records is a run like that of a transfer.

create table dist.automation (
    name                 text primary key,
    object               text not null references dist.object on update cascade,
    on_insert            boolean not null default true,
    on_columns           text[],
    criteria             jsonb,
    predicate            text,
    segment              text references dist.segment on update cascade,
    to_rep               text references dist.rep on update cascade,
    to_distribution_rule text references dist.distribution_rule on update cascade,
    to_ruleset           text references dist.ruleset on update cascade,
    to_hopper            text references dist.hopper on update cascade,
    on_owned             text,
    ranking              text,
    set_fields           jsonb,
    wait                 interval,
    mode                 text not null default 'queued',
    on_error             text not null default 'hold',
    position             integer not null default 1,
    owner                name not null default current_user,
    active               boolean not null default true,
    description          text,
    written_by           name not null
);
create index on dist.automation (object);
create index on dist.automation (segment);
comment on table dist.automation is 'Intent: records are routed when they are inserted or changed, at once or after a wait';
comment on column dist.automation.name is 'Name of the automation';
comment on column dist.automation.object is 'The object whose records come in';
comment on column dist.automation.on_insert is 'Whether inserted records come in';
comment on column dist.automation.on_columns is 'Records come in of which one of these columns changes; null = no change counts';
comment on column dist.automation.criteria is 'Which of them are routed, as a jsonb tree; see docs/criteria.md';
comment on column dist.automation.predicate is 'Which of them are routed, as one SQL boolean expression over the record r; both must hold where both are given';
comment on column dist.automation.segment is 'Which of them are routed: only members of this segment, as it was last refreshed';
comment on column dist.automation.to_rep is 'Destination: this rep';
comment on column dist.automation.to_distribution_rule is 'Destination: whoever is next by this distribution rule';
comment on column dist.automation.to_ruleset is 'Destination: the first match in this ruleset';
comment on column dist.automation.to_hopper is 'Destination: this hopper; with to_rep too, owned by him';
comment on column dist.automation.on_owned is 'What becomes of a record that has an owner by then, where the assignment rule does not say: skip (default) or reassign';
comment on column dist.automation.ranking is 'ORDER BY list over r: who comes first of those that come in together; the key decides among equals';
comment on column dist.automation.set_fields is 'Columns set on each record that moves, as {"column": value}';
comment on column dist.automation.wait is 'How long a record waits; then all is evaluated afresh. null = not at all';
comment on column dist.automation.mode is
    'in_transaction: routed by the very transaction that brings it; queued: by the worker, once that has committed';
comment on column dist.automation.on_error is
    'What becomes of an error in routing within the transaction: hold (the records wait and are tried again) or raise (the statement that brings them fails)';
comment on column dist.automation.position is 'Which of the object''s automations goes first: the lowest; the name decides among equals';
comment on column dist.automation.owner is 'Role whose rights its runs have; by default who wrote the row';
comment on column dist.automation.active is 'To a passive automation nothing comes, and what waits goes on waiting';
comment on column dist.automation.description is 'What the automation is for';
comment on column dist.automation.written_by is 'Role that wrote the row; a run refuses it unless that role is a member of the run owner''s';

create function dist._check_automation() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    destinations integer := num_nonnulls(coalesce(new.to_hopper, new.to_rep), new.to_distribution_rule, new.to_ruleset);
    relation regclass;
    missing text;
    kind "char";
begin
    new.written_by := dist._writer(new.written_by, case when tg_op = 'UPDATE' then old.written_by end);
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    if btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'name is empty', 'Give the automation a name.');
    end if;
    perform dist._required(tg_table_name, new.name, 'object', new.object);
    perform dist._must_exist(tg_table_name, new.name, 'object', new.object, 'object');
    perform dist._must_exist(tg_table_name, new.name, 'to_rep', new.to_rep, 'rep');
    perform dist._must_exist(tg_table_name, new.name, 'to_distribution_rule', new.to_distribution_rule, 'distribution_rule');
    perform dist._check_ruleset_of(tg_table_name, new.name, 'to_ruleset', new.to_ruleset, new.object);
    perform dist._check_hopper_of(tg_table_name, new.name, 'to_hopper', new.to_hopper, new.object);
    perform dist._check_segment_of(tg_table_name, new.name, 'segment', new.segment, new.object);
    perform dist._one_of(tg_table_name, new.name, 'on_owned', new.on_owned, array['skip', 'reassign']);
    perform dist._one_of(tg_table_name, new.name, 'mode', new.mode, array['in_transaction', 'queued']);
    perform dist._one_of(tg_table_name, new.name, 'on_error', new.on_error, array['hold', 'raise']);
    perform dist._check_owner(tg_table_name, new.name, new.owner, case when tg_op = 'UPDATE' then old.owner end);
    if destinations <> 1 then
        perform dist._refuse(tg_table_name, new.name, '23514', format('%s destinations are given', destinations),
            'Set exactly one of to_rep, to_distribution_rule, to_ruleset, to_hopper; to_rep can go with to_hopper.');
    end if;
    if new.wait <= interval '0' or new.wait > interval '10 years' then
        perform dist._refuse(tg_table_name, new.name, '23514', format('wait %s is out of range', new.wait), 'Give more than 0, up to 10 years, or null for none.');
    elsif new.wait is not null and new.mode = 'in_transaction' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'no transaction waits', 'Leave mode out where records are to wait.');
    elsif new.on_error = 'raise' and new.mode <> 'in_transaction' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'on_error raise does not go with mode queued',
            'The statement that brings the records has long succeeded by then. Set mode = ''in_transaction''.');
    end if;
    if not new.on_insert and new.on_columns is null then
        perform dist._refuse(tg_table_name, new.name, '23514', 'nothing comes to it', 'Set on_insert, or name columns in on_columns.');
    elsif cardinality(new.on_columns) = 0 or array_position(new.on_columns, null) is not null then
        perform dist._refuse(tg_table_name, new.name, '23514', 'on_columns names no column', 'Name at least one, or leave it null.');
    end if;
    select o.relation into relation from dist.object o where o.name = new.object;
    select c into missing from unnest(new.on_columns) c
     where not exists (select from pg_attribute a where a.attrelid = relation and a.attname = c and a.attnum > 0 and not a.attisdropped) limit 1;
    if missing is not null then
        perform dist._refuse(tg_table_name, new.name, '42703', format('on_columns: column "%s" does not exist in %s', missing, relation),
            coalesce('Did you mean "' || dist._nearest(missing, array(
                select a.attname::text from pg_attribute a where a.attrelid = relation and a.attnum > 0 and not a.attisdropped)) || '"?',
                'Name a column of the object''s table.'));
    end if;
    select c.relkind into kind from pg_class c where c.oid = relation;
    if kind not in ('r', 'p') then
        perform dist._refuse(tg_table_name, new.name, '42809', format('%s cannot tell which records a statement brings', relation),
            'Only a table can, partitioned or not: use a transfer and a schedule.');
    end if;
    -- What a trigger does, it does to everybody who writes to the table.
    if new.active and not has_table_privilege(relation, 'TRIGGER')
       and (tg_op = 'INSERT' or (new.object, new.on_insert, new.on_columns, new.active) is distinct from (old.object, old.on_insert, old.on_columns, old.active)) then
        perform dist._refuse(tg_table_name, new.name, '42501', format('role %L may make no triggers on %s', current_user, relation),
            format('Let its owner grant it: grant trigger on %s to %I.', relation, current_user));
    end if;
    perform dist._no_json_null(tg_table_name, new.name, 'criteria', new.criteria);
    perform dist._no_json_null(tg_table_name, new.name, 'set_fields', new.set_fields);
    -- As for assignment rules.
    if tg_op = 'INSERT' or (new.object, new.criteria, new.predicate, new.ranking, new.set_fields)
                           is distinct from (old.object, old.criteria, old.predicate, old.ranking, old.set_fields) then
        perform dist._check_text(tg_table_name, new.name, new.object, to_jsonb(new));
    end if;
    perform dist._check_reps(tg_table_name, new.name, new.object, dist._reachable_reps(new.to_rep, new.to_distribution_rule));
    perform dist._check_segments(tg_table_name, new.name, new.object, array[new.to_distribution_rule]);
    return new;
end $$;
create trigger check_row before insert or update on dist.automation
    for each row execute function dist._check_automation();
create trigger check_writer before update of object, criteria, predicate, segment, ranking, set_fields, to_rep, to_distribution_rule, to_ruleset, to_hopper, owner
    on dist.automation for each row execute function dist._adopt();

-- What it says was checked against the object's table as it was.
create function dist._check_object_automations() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not dist._checks_off()
       and (old.relation, old.key_column, old.owner_column) is distinct from (new.relation, new.key_column, new.owner_column) then
        -- Their triggers move to the other table.
        if new.relation <> old.relation and not has_table_privilege(new.relation, 'TRIGGER')
           and exists (select from dist.automation a where a.object = new.name and a.active) then
            perform dist._refuse(tg_table_name, new.name, '42501', format('role %L may make no triggers on %s, and automations are about it', current_user, new.relation),
                format('Let its owner grant it: grant trigger on %s to %I.', new.relation, current_user));
        end if;
        perform dist._check_text('automation', a.name, new.name, to_jsonb(a)),
                dist._check_reps('automation', a.name, new.name, dist._reachable_reps(a.to_rep, a.to_distribution_rule))
           from dist.automation a where a.object = new.name;
    end if;
    return null;
end $$;
create trigger check_automations after update on dist.object
    for each row execute function dist._check_object_automations();
