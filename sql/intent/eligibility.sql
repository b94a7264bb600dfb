-- Who may have which records (territories, skills, languages), and which records no retrieval takes.

create table dist.eligibility (
    name        text primary key,
    object      text not null references dist.object on update cascade,
    rep         text references dist.rep on update cascade on delete cascade,
    team        text references dist.team on update cascade on delete cascade,
    criteria    jsonb,
    predicate   text,
    active      boolean not null default true,
    description text,
    written_by  name not null
);
create index on dist.eligibility (object);
create index on dist.eligibility (rep);
create index on dist.eligibility (team);
comment on table dist.eligibility is
    'Intent: which records a rep may have. A rep with active rows for an object, own ones or of a team, receives only records that match one of them; a rep without any may have every record';
comment on column dist.eligibility.name is 'Name of the row, as explain shows it';
comment on column dist.eligibility.object is 'The object whose records it is about';
comment on column dist.eligibility.rep is 'The rep whom it limits; exactly one of rep and team is given';
comment on column dist.eligibility.team is 'The team whose members it limits, those included that take no turns in it';
comment on column dist.eligibility.criteria is 'Which records they may have, as a jsonb tree; see docs/criteria.md';
comment on column dist.eligibility.predicate is 'Which records they may have, as one SQL boolean expression over the record r; both must hold where both are given, and with neither it is every record';
comment on column dist.eligibility.active is 'A passive row limits nobody, and lets nobody have anything';
comment on column dist.eligibility.description is 'What the row is for';
comment on column dist.eligibility.written_by is 'Role that wrote the row; a run refuses it unless that role is a member of the run owner''s';

create table dist.protection (
    name        text primary key,
    object      text not null references dist.object on update cascade,
    criteria    jsonb,
    predicate   text,
    active      boolean not null default true,
    description text,
    written_by  name not null
);
create index on dist.protection (object);
comment on table dist.protection is
    'Intent: records that no retrieval takes from their owner and that no rep can return: with an open opportunity, too young, named accounts';
comment on column dist.protection.name is 'Name of the row, as explain and errors show it';
comment on column dist.protection.object is 'The object whose records it is about';
comment on column dist.protection.criteria is 'Which records are protected, as a jsonb tree; see docs/criteria.md';
comment on column dist.protection.predicate is 'Which records are protected, as one SQL boolean expression over the record r; both must hold where both are given, and with neither it is every record';
comment on column dist.protection.active is 'A passive row protects nothing';
comment on column dist.protection.description is 'What the row is for';
comment on column dist.protection.written_by is 'Role that wrote the row; a run refuses it unless that role is a member of the run owner''s';

create function dist._check_eligibility() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    new.written_by := dist._writer(new.written_by, case when tg_op = 'UPDATE' then old.written_by end);
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    if btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'name is empty', 'Give the row a name.');
    end if;
    perform dist._required(tg_table_name, new.name, 'object', new.object);
    perform dist._must_exist(tg_table_name, new.name, 'object', new.object, 'object');
    if tg_table_name = 'eligibility' then
        if num_nonnulls(new.rep, new.team) <> 1 then
            perform dist._refuse(tg_table_name, new.name, '23514',
                case when new.rep is null then 'neither rep nor team is given' else 'both rep and team are given' end,
                'Set exactly one of rep and team.');
        end if;
        perform dist._must_exist(tg_table_name, new.name, 'rep', new.rep, 'rep');
        perform dist._must_exist(tg_table_name, new.name, 'team', new.team, 'team');
    end if;
    perform dist._no_json_null(tg_table_name, new.name, 'criteria', new.criteria);
    -- As for assignment rules.
    if tg_op = 'INSERT' or (new.object, new.criteria, new.predicate) is distinct from (old.object, old.criteria, old.predicate) then
        perform dist._check_text(tg_table_name, new.name, new.object, to_jsonb(new));
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.eligibility
    for each row execute function dist._check_eligibility();
create trigger check_writer before update of object, rep, team, criteria, predicate on dist.eligibility
    for each row execute function dist._adopt();
create trigger check_row before insert or update on dist.protection
    for each row execute function dist._check_eligibility();
create trigger check_writer before update of object, criteria, predicate on dist.protection
    for each row execute function dist._adopt();

create trigger check_unused_eligibility before delete on dist.object
    for each row execute function dist._check_unused('eligibility.object', 'protection.object');

-- As dist._check_object_users, for what is in this file.
create function dist._check_object_eligibility() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not dist._checks_off() and old.relation <> new.relation then
        perform dist._check_text('eligibility', e.name, new.name, to_jsonb(e)) from dist.eligibility e where e.object = new.name;
        perform dist._check_text('protection', p.name, new.name, to_jsonb(p)) from dist.protection p where p.object = new.name;
    end if;
    return null;
end $$;
create trigger check_eligibility after update on dist.object
    for each row execute function dist._check_object_eligibility();

create function dist._eligibility_intent(object text) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object(
                   'name', e.name, 'criteria', e.criteria, 'predicate', e.predicate, 'written_by', e.written_by,
                   'reps', case when e.rep is not null then jsonb_build_array(e.rep)
                                else (select coalesce(jsonb_agg(m.rep order by m.rep collate "C"), '[]')
                                        from dist.team_member m where m.team = e.team) end)
                   order by e.name collate "C"), '[]')
          from dist.eligibility e
         where e.object = $1 and e.active);
end $$;
comment on function dist._eligibility_intent(text) is 'Internal: who may have which records of an object, as Rust reads it';

create function dist._protection_intent(object text) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return (
        select jsonb_agg(jsonb_build_object(
                   'name', p.name, 'criteria', p.criteria, 'predicate', p.predicate, 'written_by', p.written_by)
                   order by p.name collate "C")
          from dist.protection p
         where p.object = $1 and p.active);
end $$;
comment on function dist._protection_intent(text) is 'Internal: which records of an object are protected, as Rust reads it; null = none';

-- As in stamp.sql.
do $$
declare
    name text;
begin
    foreach name in array array['eligibility', 'protection'] loop
        execute pg_catalog.format('create trigger touch after insert or update or delete on dist.%I '
                                  'for each row execute function dist._touch_intent()', name);
        execute pg_catalog.format('create trigger touch_all after truncate on dist.%I '
                                  'for each statement execute function dist._touch_intent()', name);
        execute pg_catalog.format('alter table dist.%I enable always trigger touch, enable always trigger touch_all', name);
    end loop;
end $$;
