-- What distribution rules count: what each rep holds (load, value) and has done (wins, handled).

create table dist.measure (
    distribution_rule text not null references dist.distribution_rule on update cascade on delete cascade,
    measure           text not null,
    position          integer not null default 1,
    object            text not null references dist.object on update cascade,
    criteria          jsonb,
    predicate         text,
    value             text,
    written_by        name not null,
    primary key (distribution_rule, measure, position)
);
create index on dist.measure (object);
-- A rule's value of a record is one number.
create unique index measure_value on dist.measure (distribution_rule, object) where measure = 'value';
comment on table dist.measure is
    'Intent: what counts for a distribution rule: records of an object by owner. Several rows of a measure are added up';
comment on column dist.measure.distribution_rule is 'The distribution rule';
comment on column dist.measure.measure is
    'load (what a rep holds; strategy load; without a row: the records of the transfer''s object that the rep owns), '
    'value (what a record is worth; strategy value), wins and handled (what a rep has won, of how much; strategy performance)';
comment on column dist.measure.position is 'Tells rows of one measure apart';
comment on column dist.measure.object is 'The object whose records are counted, by their owner';
comment on column dist.measure.criteria is 'Which of its records count, as a jsonb tree; see docs/criteria.md';
comment on column dist.measure.predicate is 'Which of its records count, as one SQL boolean expression over the record r';
comment on column dist.measure.value is
    'One SQL expression over the record r that gives a number: what is added up (null counts as 0); without it each record counts as 1';
comment on column dist.measure.written_by is 'Role that wrote the row; a run refuses it unless that role is a member of the run owner''s';

create function dist._check_measure() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    row_name text := concat_ws('/', new.distribution_rule, new.measure, new.position);
    strategy text;
    fitting text[];
begin
    new.written_by := dist._writer(new.written_by, case when tg_op = 'UPDATE' then old.written_by end);
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    perform dist._required(tg_table_name, row_name, 'distribution_rule', new.distribution_rule);
    perform dist._required(tg_table_name, row_name, 'measure', new.measure);
    perform dist._required(tg_table_name, row_name, 'object', new.object);
    perform dist._must_exist(tg_table_name, row_name, 'distribution_rule', new.distribution_rule, 'distribution_rule');
    perform dist._must_exist(tg_table_name, row_name, 'object', new.object, 'object');
    perform dist._one_of(tg_table_name, row_name, 'measure', new.measure, array['load', 'value', 'wins', 'handled']);
    select r.strategy into strategy from dist.distribution_rule r where r.name = new.distribution_rule;
    fitting := case strategy when 'load' then array['load'] when 'value' then array['value']
                             when 'performance' then array['wins', 'handled'] else '{}' end;
    if new.measure <> all (fitting) then
        perform dist._refuse(tg_table_name, row_name, '23514', format('strategy %s does not count measure %s', strategy, new.measure),
            case when fitting = '{}' then 'Strategies load, value and performance count what reps hold or have done.'
                 else format('It counts: %s.', array_to_string(fitting, ', ')) end);
    end if;
    if new.measure = 'value' then
        if new.value is null then
            perform dist._refuse(tg_table_name, row_name, '23514', 'value is null', 'Say what a record is worth, such as r.amount.');
        elsif exists (select from dist.measure m
                       where (m.distribution_rule, m.measure, m.object) = (new.distribution_rule, 'value', new.object)
                         and m.position <> new.position and (tg_op = 'INSERT' or m.position <> old.position)) then
            perform dist._refuse(tg_table_name, row_name, '23505', format('there is another value for object %L', new.object),
                'Write one expression, such as r.amount + coalesce(r.extra, 0).');
        end if;
    end if;
    perform dist._no_json_null(tg_table_name, row_name, 'criteria', new.criteria);
    -- As for assignment rules.
    if tg_op = 'INSERT' or (new.object, new.criteria, new.predicate, new.value)
                           is distinct from (old.object, old.criteria, old.predicate, old.value) then
        perform dist._check_text(tg_table_name, row_name, new.object, to_jsonb(new));
    end if;
    perform dist._check_reps(tg_table_name, row_name, new.object, dist._reachable_reps(null, new.distribution_rule));
    return new;
end $$;
create trigger check_row before insert or update on dist.measure
    for each row execute function dist._check_measure();
create trigger check_writer before update of distribution_rule, measure, object, criteria, predicate, value
    on dist.measure for each row execute function dist._adopt();

-- What leads to an object was checked against its table as it was.
create function dist._check_measured_object() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if dist._checks_off()
       or (old.relation, old.key_column, old.owner_column) = (new.relation, new.key_column, new.owner_column) then
        return null;
    end if;
    perform dist._check_text('measure', concat_ws('/', m.distribution_rule, m.measure, m.position), new.name, to_jsonb(m)),
            dist._check_reps('measure', concat_ws('/', m.distribution_rule, m.measure, m.position), new.name,
                             dist._reachable_reps(null, m.distribution_rule))
       from dist.measure m where m.object = new.name;
    return null;
end $$;
create trigger check_measures after update on dist.object
    for each row execute function dist._check_measured_object();
create trigger check_measured before delete on dist.object
    for each row execute function dist._check_unused('measure.object');

-- The rows of some rules, and the objects that they count.
create function dist._measures_intent(rules text[]) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
begin
    return (
        select jsonb_build_object(
                   'rows', coalesce(jsonb_agg(to_jsonb(m) order by m.distribution_rule collate "C", m.measure collate "C", m.position), '[]'),
                   'objects', (select coalesce(jsonb_object_agg(o.name, dist._object_intent(o.name)), '{}')
                                 from dist.object o
                                where o.name in (select x.object from dist.measure x where x.distribution_rule = any (rules))))
          from dist.measure m
         where m.distribution_rule = any (rules));
end $$;
comment on function dist._measures_intent(text[]) is 'Internal: what distribution rules count, as Rust reads it';
