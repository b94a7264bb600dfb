-- Formulas: what a field of an object is to be, as SQL over the record. Steps apply them (src/action/apply_formulas.rs).

create table dist.formula (
    name        text primary key,
    object      text not null references dist.object on update cascade,
    field       name not null,
    expression  text not null,
    position    integer not null default 1,
    active      boolean not null default true,
    description text,
    written_by  name not null
);
create index on dist.formula (object);
-- All of them look at the record as it was, so that of two for one field one would be lost.
create unique index formula_field on dist.formula (object, field) where active;
comment on table dist.formula is 'Intent: stored formulas: a field of an object''s records, and the SQL expression over the record that it is set to';
comment on column dist.formula.name is 'Name of the formula';
comment on column dist.formula.object is 'The object whose records it sets a field of';
comment on column dist.formula.field is 'The column that is set; not the key, nor who owns the record';
comment on column dist.formula.expression is 'One SQL expression over the record r as it was before the step, such as: r.employees * 2';
comment on column dist.formula.position is 'The order in which they are shown, lowest first; each looks at the record as it was before all of them';
comment on column dist.formula.active is 'A passive formula is passed over';
comment on column dist.formula.description is 'What the formula is for';
comment on column dist.formula.written_by is 'Role that wrote the row; a run refuses it unless that role is a member of the run owner''s';

create function dist._check_expression(relation text, row_name text, object text, field text, expression text) returns void
    language c stable
    as 'MODULE_PATHNAME', 'check_expression_wrapper';
comment on function dist._check_expression(text, text, text, text, text) is
    'Internal: refuses a formula whose field cannot be set, or whose expression gives it no value';

create function dist._check_formula() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    rival text;
begin
    new.written_by := dist._writer(new.written_by, case when tg_op = 'UPDATE' then old.written_by end);
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    if btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'name is empty', 'Give the formula a name.');
    end if;
    perform dist._required(tg_table_name, new.name, 'object', new.object);
    perform dist._required(tg_table_name, new.name, 'field', new.field);
    perform dist._required(tg_table_name, new.name, 'expression', new.expression);
    perform dist._must_exist(tg_table_name, new.name, 'object', new.object, 'object');
    if tg_op = 'INSERT' or (new.object, new.field, new.expression) is distinct from (old.object, old.field, old.expression) then
        perform dist._check_expression(tg_table_name, new.name, new.object, new.field, new.expression);
    end if;
    select f.name into rival from dist.formula f
     where f.object = new.object and f.field = new.field and f.active and f.name <> case when tg_op = 'UPDATE' then old.name else new.name end;
    if new.active and rival is not null then
        perform dist._refuse(tg_table_name, new.name, '23505', format('formula %L sets column "%s" already', rival, new.field),
            'Make one of them passive: all look at the record as it was, so that one of the two would be lost.');
    end if;
    if tg_op = 'UPDATE' and (new.name, new.object) is distinct from (old.name, old.object) then
        perform dist._check_formula_is_free(old.name);
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.formula
    for each row execute function dist._check_formula();
create trigger check_writer before update of object, field, expression
    on dist.formula for each row execute function dist._adopt();

create function dist._check_formula_is_free(formula text) returns void
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    step record;
begin
    select s.schedule, c.owner into step
      from dist.step s
      join dist.schedule c on c.name = s.schedule
     where s.action = 'apply_formulas' and s.args -> 'formulas' ? formula limit 1;
    if found then
        perform dist._refuse('formula', formula, '23503', format('a step of schedule %s names it', dist._shown(step.schedule, step.owner)),
            'Change or delete that step first.');
    end if;
end $$;
comment on function dist._check_formula_is_free(text) is 'Internal: refuses to lose a formula that a step names';

create function dist._check_formula_delete() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not dist._checks_off() then
        perform dist._check_formula_is_free(old.name);
    end if;
    return old;
end $$;
create trigger check_delete before delete on dist.formula
    for each row execute function dist._check_formula_delete();

-- What they say was checked against the object's table as it was.
create function dist._check_object_formulas() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not dist._checks_off()
       and (old.relation, old.key_column, old.owner_column) is distinct from (new.relation, new.key_column, new.owner_column) then
        perform dist._check_expression('formula', f.name, new.name, f.field, f.expression) from dist.formula f where f.object = new.name;
    end if;
    return null;
end $$;
create trigger check_formulas after update on dist.object
    for each row execute function dist._check_object_formulas();

-- Of an object, or those of these names: also what is not there, or of another object, for Rust to say so.
create function dist._formulas(object text, names text[]) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object('name', f.name, 'object', f.object, 'field', f.field, 'expression', f.expression,
                                                     'active', f.active, 'written_by', f.written_by)
                                  order by f.position, f.name collate "C"), '[]')
          from dist.formula f
         where case when names is null then f.object = $1 else f.name = any (names) end);
end $$;
comment on function dist._formulas(text, text[]) is 'Internal: formulas as Rust reads them';
