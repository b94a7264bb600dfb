-- Service levels (X10): within how much of his working time a rep has to work on what he was given, and what happens if he
-- does not.

create table dist.sla (
    name                 text primary key,
    object               text not null references dist.object on update cascade,
    distribution_rule    text references dist.distribution_rule on update cascade,
    ruleset              text references dist.ruleset on update cascade,
    team                 text references dist.team on update cascade,
    within               interval not null,
    touched_criteria     jsonb,
    touched_predicate    text,
    on_breach            text not null default 'notify',
    to_hopper            text references dist.hopper on update cascade,
    to_distribution_rule text references dist.distribution_rule on update cascade,
    max_attempts         integer not null default 3,
    owner                name not null default current_user,
    active               boolean not null default true,
    description          text,
    written_by           name not null
);
create index on dist.sla (object);
comment on table dist.sla is
    'Intent: service levels. From each assignment on a clock runs in the rep''s working time; when it is over and he has not touched the record, that is told (dist.event), and the record goes back to a hopper or to somebody else';
comment on column dist.sla.name is 'Name of the service level';
comment on column dist.sla.object is 'The object whose assignments it is about';
comment on column dist.sla.distribution_rule is 'Only assignments by this distribution rule; with none of distribution_rule, ruleset and team, every assignment of the object';
comment on column dist.sla.ruleset is 'Only assignments by what has this ruleset as destination';
comment on column dist.sla.team is 'Only assignments to members of this team';
comment on column dist.sla.within is 'How much working time the rep has, in hours, minutes and seconds; a rep without a calendar works round the clock';
comment on column dist.sla.touched_criteria is 'When a record has been touched, as a jsonb tree; see docs/criteria.md';
comment on column dist.sla.touched_predicate is
    'When a record has been touched, as one SQL boolean expression over the record r and the clock c (c.started_at, c.rep), such as: r.called_at > c.started_at; both must hold where both are given';
comment on column dist.sla.on_breach is
    'What happens to an untouched record, beside the event sla_breached: notify (nothing else), hopper (it goes to to_hopper), reassign (to somebody by to_distribution_rule who has not held it since the first of these assignments)';
comment on column dist.sla.to_hopper is 'For hopper: which one';
comment on column dist.sla.to_distribution_rule is 'For reassign: who receives it';
comment on column dist.sla.max_attempts is 'So many reps, one after the other, have a clock for one record; at the last one''s breach the record stays where it is';
comment on column dist.sla.owner is 'Role whose rights the moves have';
comment on column dist.sla.active is 'A passive one starts no clocks, and ends those that run';
comment on column dist.sla.description is 'What it is for';
comment on column dist.sla.written_by is 'Role that wrote the row; it is refused unless that role is a member of the owner''s';

create function dist._check_sla() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    new.written_by := dist._writer(new.written_by, case when tg_op = 'UPDATE' then old.written_by end);
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    if btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'name is empty', 'Give the service level a name.');
    end if;
    perform dist._required(tg_table_name, new.name, 'object', new.object);
    perform dist._must_exist(tg_table_name, new.name, 'object', new.object, 'object');
    if tg_op = 'UPDATE' and new.object <> old.object then
        perform dist._refuse(tg_table_name, new.name, '55000', 'the object of a service level cannot change', 'Make another one for the other object.');
    end if;
    perform dist._must_exist(tg_table_name, new.name, 'distribution_rule', new.distribution_rule, 'distribution_rule');
    perform dist._check_ruleset_of(tg_table_name, new.name, 'ruleset', new.ruleset, new.object);
    perform dist._must_exist(tg_table_name, new.name, 'team', new.team, 'team');
    if num_nonnulls(new.distribution_rule, new.ruleset, new.team) > 1 then
        perform dist._refuse(tg_table_name, new.name, '23514', 'it is said in more than one way which assignments it is about',
            'Set at most one of distribution_rule, ruleset and team.');
    end if;
    perform dist._required(tg_table_name, new.name, 'within', new.within::text);
    if new.within <= interval '0' or new.within > interval '100000 hours' then
        perform dist._refuse(tg_table_name, new.name, '23514', format('within %s is out of range', new.within), 'Give more than 0, up to 100000 hours.');
    elsif extract(year from new.within) <> 0 or extract(month from new.within) <> 0 or extract(day from new.within) <> 0 then
        perform dist._refuse(tg_table_name, new.name, '22023', format('within %s has days', new.within),
            'Give hours and minutes of working time: two days of eight hours are 16 hours.');
    end if;
    if num_nonnulls(new.touched_criteria, new.touched_predicate) = 0 then
        perform dist._refuse(tg_table_name, new.name, '23502', 'nothing says when a record has been touched',
            'Set touched_criteria, touched_predicate, or both.');
    end if;
    perform dist._no_json_null(tg_table_name, new.name, 'touched_criteria', new.touched_criteria);
    perform dist._required(tg_table_name, new.name, 'on_breach', new.on_breach);
    perform dist._one_of(tg_table_name, new.name, 'on_breach', new.on_breach, array['notify', 'hopper', 'reassign']);
    perform dist._must_exist(tg_table_name, new.name, 'to_distribution_rule', new.to_distribution_rule, 'distribution_rule');
    perform dist._check_hopper_of(tg_table_name, new.name, 'to_hopper', new.to_hopper, new.object);
    if (new.to_hopper is not null) <> (new.on_breach = 'hopper') or (new.to_distribution_rule is not null) <> (new.on_breach = 'reassign') then
        perform dist._refuse(tg_table_name, new.name, '23514', format('the destination does not fit on_breach %L', new.on_breach),
            'Set to_hopper for hopper, to_distribution_rule for reassign, and neither for notify.');
    end if;
    perform dist._required(tg_table_name, new.name, 'max_attempts', new.max_attempts::text);
    if new.max_attempts not between 1 and 100 then
        perform dist._refuse(tg_table_name, new.name, '23514', format('max_attempts %s is out of range', new.max_attempts), 'Give 1 to 100.');
    end if;
    perform dist._check_owner(tg_table_name, new.name, new.owner, case when tg_op = 'UPDATE' then old.owner end);
    if tg_op = 'INSERT' or (new.touched_criteria, new.touched_predicate) is distinct from (old.touched_criteria, old.touched_predicate) then
        perform dist._check_touched(new);
    end if;
    perform dist._check_reps(tg_table_name, new.name, new.object, dist._reachable_reps(null, new.to_distribution_rule));
    perform dist._check_segments(tg_table_name, new.name, new.object, array[new.to_distribution_rule]);
    return new;
end $$;

create function dist._check_touched(s dist.sla) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._check_text('sla', s.name, s.object,
        jsonb_build_object('criteria', s.touched_criteria, 'predicate', s.touched_predicate, 'clock', true));
end $$;
comment on function dist._check_touched(dist.sla) is 'Internal: refuses what says when a record has been touched, if it does not compile';

create trigger check_row before insert or update on dist.sla
    for each row execute function dist._check_sla();
create trigger check_writer before update of object, touched_criteria, touched_predicate, on_breach, to_hopper, to_distribution_rule, owner
    on dist.sla for each row execute function dist._adopt();

-- What a service level names is not deleted; and what it says was checked against the object's table as it was.
create trigger check_unused_sla before delete on dist.object
    for each row execute function dist._check_unused('sla.object');
create trigger check_unused_sla before delete on dist.distribution_rule
    for each row execute function dist._check_unused('sla.distribution_rule', 'sla.to_distribution_rule');
create trigger check_unused_sla before delete on dist.ruleset
    for each row execute function dist._check_unused('sla.ruleset');
create trigger check_unused_sla before delete on dist.team
    for each row execute function dist._check_unused('sla.team');
create trigger check_unused_sla before delete on dist.hopper
    for each row execute function dist._check_unused('sla.to_hopper');

create function dist._check_object_slas() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not dist._checks_off()
       and (old.relation, old.key_column, old.owner_column) is distinct from (new.relation, new.key_column, new.owner_column) then
        perform dist._check_touched(s), dist._check_reps('sla', s.name, new.name, dist._reachable_reps(null, s.to_distribution_rule))
           from dist.sla s where s.object = new.name;
    end if;
    return null;
end $$;
create trigger check_slas after update on dist.object
    for each row execute function dist._check_object_slas();

-- As in stamp.sql.
create trigger touch after insert or update or delete on dist.sla
    for each row execute function dist._touch_intent();
create trigger touch_all after truncate on dist.sla
    for each statement execute function dist._touch_intent();
alter table dist.sla enable always trigger touch, enable always trigger touch_all;
