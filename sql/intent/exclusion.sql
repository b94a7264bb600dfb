-- Which records are left out, by name: of all that is distributed of an object, of what a ruleset routes, or of what comes to
-- an automation. They are left where they are, and each says which exclusion it was.

create table dist.exclusion (
    name        text primary key,
    object      text references dist.object on update cascade,
    ruleset     text references dist.ruleset on update cascade,
    automation  text references dist.automation on update cascade on delete cascade,
    criteria    jsonb,
    predicate   text,
    active      boolean not null default true,
    description text,
    written_by  name not null
);
create index on dist.exclusion (object);
create index on dist.exclusion (ruleset);
create index on dist.exclusion (automation);
comment on table dist.exclusion is 'Intent: records that are not distributed, for a reason that has a name';
comment on column dist.exclusion.name is 'Name of the exclusion: the rule in dist.unassigned, where the reason is excluded';
comment on column dist.exclusion.object is 'It holds for every transfer and automation that distributes records of this object';
comment on column dist.exclusion.ruleset is 'It holds for what this ruleset routes';
comment on column dist.exclusion.automation is 'It holds for what comes to this automation';
comment on column dist.exclusion.criteria is 'Which records, as a jsonb tree; see docs/criteria.md';
comment on column dist.exclusion.predicate is 'Which records, as one SQL boolean expression over the record r; both must hold where both are given';
comment on column dist.exclusion.active is 'A passive exclusion excludes nothing';
comment on column dist.exclusion.description is 'Why they are left out';
comment on column dist.exclusion.written_by is 'Role that wrote the row; a run refuses it unless that role is a member of the run owner''s';

create function dist._excludes_of(e dist.exclusion) returns text
    language sql stable
    set search_path = pg_catalog, pg_temp
    return coalesce(e.object, (select s.object from dist.ruleset s where s.name = e.ruleset),
                    (select a.object from dist.automation a where a.name = e.automation));
comment on function dist._excludes_of(dist.exclusion) is 'Internal: the object whose records an exclusion is about';

create function dist._check_exclusion() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    new.written_by := dist._writer(new.written_by, case when tg_op = 'UPDATE' then old.written_by end);
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    if btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'name is empty', 'Give the exclusion a name.');
    end if;
    perform dist._must_exist(tg_table_name, new.name, 'object', new.object, 'object');
    perform dist._must_exist(tg_table_name, new.name, 'ruleset', new.ruleset, 'ruleset');
    perform dist._must_exist(tg_table_name, new.name, 'automation', new.automation, 'automation');
    if num_nonnulls(new.object, new.ruleset, new.automation) <> 1 then
        perform dist._refuse(tg_table_name, new.name, '23514',
            format('it is about %s things', num_nonnulls(new.object, new.ruleset, new.automation)), 'Set exactly one of object, ruleset, automation.');
    end if;
    perform dist._no_json_null(tg_table_name, new.name, 'criteria', new.criteria);
    if num_nonnulls(new.criteria, new.predicate) = 0 then
        perform dist._refuse(tg_table_name, new.name, '23514', 'it would exclude every record',
            'Set criteria or predicate. To distribute nothing, make the transfer''s schedule or the automation passive.');
    end if;
    -- As for assignment rules.
    if tg_op = 'INSERT' or (new.object, new.ruleset, new.automation, new.criteria, new.predicate)
                           is distinct from (old.object, old.ruleset, old.automation, old.criteria, old.predicate) then
        perform dist._check_text(tg_table_name, new.name, dist._excludes_of(new), to_jsonb(new));
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.exclusion
    for each row execute function dist._check_exclusion();
create trigger check_writer before update of object, ruleset, automation, criteria, predicate
    on dist.exclusion for each row execute function dist._adopt();

-- What it says was checked against the object's table as it was.
create function dist._check_object_exclusions() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not dist._checks_off()
       and (old.relation, old.key_column, old.owner_column) is distinct from (new.relation, new.key_column, new.owner_column) then
        perform dist._check_text('exclusion', e.name, new.name, to_jsonb(e))
           from dist.exclusion e where dist._excludes_of(e) = new.name;
    end if;
    return null;
end $$;
create trigger check_exclusions after update on dist.object
    for each row execute function dist._check_object_exclusions();

-- What can keep records out of what a transfer, an automation or a ruleset distributes.
create function dist._exclusion_intent(kind text, name text, rulesets text[]) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object('name', e.name, 'ruleset', e.ruleset, 'criteria', e.criteria, 'predicate', e.predicate,
                                                     'written_by', e.written_by)
                                  order by e.object is null, e.automation is null, e.name collate "C"), '[]')
          from dist.exclusion e
         where e.active
           and (e.object = (select t.object from dist._mover($1, $2) t where t.kind = 'distribution' and $1 <> 'hopper')
                or e.ruleset = any (rulesets)
                or $1 = 'automation' and e.automation = $2));
end $$;
comment on function dist._exclusion_intent(text, text, text[]) is 'Internal: the active exclusions that can hold, as Rust reads them';
