-- Which rule of a list matches a record first, and where that sends it.

create table dist.ruleset (
    name                         text primary key,
    object                       text not null references dist.object on update cascade,
    default_to_rep               text references dist.rep on update cascade,
    default_to_distribution_rule text references dist.distribution_rule on update cascade,
    default_to_hopper            text references dist.hopper on update cascade,
    description                  text
);
create index on dist.ruleset (object);
comment on table dist.ruleset is 'Intent: an ordered list of assignment rules over one object; the first match wins';
comment on column dist.ruleset.name is 'Name of the ruleset';
comment on column dist.ruleset.object is 'The object whose records the rules look at';
comment on column dist.ruleset.default_to_rep is 'Who receives what no rule matches';
comment on column dist.ruleset.default_to_distribution_rule is 'Which distribution rule receives what no rule matches; with no default it is left, with reason unmatched';
comment on column dist.ruleset.default_to_hopper is 'Which hopper receives what no rule matches; with default_to_rep too, owned by him';
comment on column dist.ruleset.description is 'What the ruleset is for';

create table dist.assignment_rule (
    ruleset              text not null references dist.ruleset on update cascade on delete cascade,
    position             integer not null,
    name                 text,
    criteria             jsonb,
    predicate            text,
    on_owned             text,
    to_rep               text references dist.rep on update cascade,
    to_distribution_rule text references dist.distribution_rule on update cascade,
    to_ruleset           text references dist.ruleset on update cascade,
    to_hopper            text references dist.hopper on update cascade,
    active               boolean not null default true,
    written_by           name not null,
    primary key (ruleset, position)
);
create unique index on dist.assignment_rule (ruleset, name);
create index on dist.assignment_rule (to_ruleset);
comment on table dist.assignment_rule is 'Intent: one rule of a ruleset: a test and a destination';
comment on column dist.assignment_rule.ruleset is 'The ruleset';
comment on column dist.assignment_rule.position is 'Order in the ruleset, lowest first';
comment on column dist.assignment_rule.name is 'Name of the rule in the audit; by default "rule <position>"';
comment on column dist.assignment_rule.criteria is 'Test as a jsonb tree; see docs/criteria.md';
comment on column dist.assignment_rule.predicate is 'Test as one SQL boolean expression over the record r; both tests must hold where both are given';
comment on column dist.assignment_rule.on_owned is 'What becomes of a record that has an owner: skip or reassign; by default reassign for to_rep, skip otherwise';
comment on column dist.assignment_rule.to_rep is 'Destination: this rep';
comment on column dist.assignment_rule.to_distribution_rule is 'Destination: whoever is next by this distribution rule';
comment on column dist.assignment_rule.to_ruleset is 'Destination: the first match in this other ruleset, or its default';
comment on column dist.assignment_rule.to_hopper is 'Destination: this hopper; with to_rep too, owned by him';
comment on column dist.assignment_rule.active is 'A passive rule matches nothing';
comment on column dist.assignment_rule.written_by is 'Role that wrote the row; a run refuses it unless that role is a member of the run owner''s';

create function dist._check_member_value() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not dist._checks_off() then
        perform dist._check_reps(tg_table_name, concat_ws('/', new.team, new.rep), served, array[new.rep])
           from dist._objects_served(array(select r.name from dist.distribution_rule r where r.team = new.team)) served;
    end if;
    return new;
end $$;
create trigger check_value before insert or update on dist.team_member
    for each row execute function dist._check_member_value();

-- By anybody's intent.
create function dist._is_used_ruleset(ruleset text) returns boolean
    language plpgsql stable security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (select from dist.assignment_rule a where $1 in (a.ruleset, a.to_ruleset))
           or exists (select from dist.transfer t where t.to_ruleset = $1);
end $$;
comment on function dist._is_used_ruleset(text) is 'Internal: whether a ruleset has rules, or a rule or transfer leads to it';

create function dist._check_ruleset() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if dist._checks_off() then
        return new;
    end if;
    if btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'name is empty', 'Give the ruleset a name.');
    end if;
    perform dist._required(tg_table_name, new.name, 'object', new.object);
    perform dist._must_exist(tg_table_name, new.name, 'object', new.object, 'object');
    perform dist._must_exist(tg_table_name, new.name, 'default_to_rep', new.default_to_rep, 'rep');
    perform dist._must_exist(tg_table_name, new.name, 'default_to_distribution_rule', new.default_to_distribution_rule, 'distribution_rule');
    perform dist._check_hopper_of(tg_table_name, new.name, 'default_to_hopper', new.default_to_hopper, new.object);
    if num_nonnulls(coalesce(new.default_to_hopper, new.default_to_rep), new.default_to_distribution_rule) > 1 then
        perform dist._refuse(tg_table_name, new.name, '23514', 'there are two defaults',
            'Set one of default_to_rep, default_to_distribution_rule and default_to_hopper, or none; default_to_rep can go with default_to_hopper.');
    end if;
    if tg_op = 'UPDATE' and new.object <> old.object and not dist._cascaded() and dist._is_used_ruleset(old.name) then
        perform dist._refuse(tg_table_name, new.name, '55000', 'the object of a ruleset that is in use cannot change',
            'Make another ruleset for the other object.');
    end if;
    perform dist._check_reps(tg_table_name, new.name, new.object,
        dist._reachable_reps(new.default_to_rep, new.default_to_distribution_rule));
    perform dist._check_segments(tg_table_name, new.name, new.object, array[new.default_to_distribution_rule]);
    return new;
end $$;
create trigger check_row before insert or update on dist.ruleset
    for each row execute function dist._check_ruleset();

-- By anybody's rules.
create function dist._way_back(ruleset text, by_position integer, to_ruleset text) returns text
    language plpgsql stable security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    reached text[] := array[to_ruleset];
    by_way_of integer[] := array[0];
    following text;
    n integer := 0;
    way text;
begin
    -- Each ruleset is looked at once, by way of which other one it was come to first: there can be very many ways.
    loop
        n := n + 1;
        exit when reached[n] is null or reached[n] = $1;
        for following in
            select distinct a.to_ruleset from dist.assignment_rule a
             where a.ruleset = reached[n] and a.to_ruleset <> all (reached)
               and (a.ruleset, a.position) is distinct from ($1, $2)
             order by 1
        loop
            reached := reached || following;
            by_way_of := by_way_of || n;
        end loop;
    end loop;
    while reached[n] is not null loop
        way := concat_ws(' -> ', reached[n], way);
        n := by_way_of[n];
        exit when n = 0;
    end loop;
    return way;
end $$;
comment on function dist._way_back(text, integer, text) is 'Internal: the rulesets by way of which one that a rule leads to leads back to the rule''s own; null = none';

create function dist._check_assignment_rule() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    row_name text := concat_ws('/', new.ruleset, new.position);
    destinations integer := num_nonnulls(coalesce(new.to_hopper, new.to_rep), new.to_distribution_rule, new.to_ruleset);
    own_object text;
    circle text;
begin
    new.written_by := dist._writer(new.written_by, case when tg_op = 'UPDATE' then old.written_by end);
    new.name := coalesce(new.name, 'rule ' || new.position);
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    select object into own_object from dist.ruleset where name = new.ruleset;
    if not found then
        perform dist._required(tg_table_name, row_name, 'ruleset', new.ruleset);
        perform dist._must_exist(tg_table_name, row_name, 'ruleset', new.ruleset, 'ruleset');
    end if;
    -- Asked here first: rules are loaded by the thousand, and what the function runs is planned anew each time.
    if not exists (select from dist.rep p where p.rep = new.to_rep) then
        perform dist._must_exist(tg_table_name, row_name, 'to_rep', new.to_rep, 'rep');
    end if;
    if not exists (select from dist.distribution_rule d where d.name = new.to_distribution_rule) then
        perform dist._must_exist(tg_table_name, row_name, 'to_distribution_rule', new.to_distribution_rule, 'distribution_rule');
    end if;
    perform dist._must_exist(tg_table_name, row_name, 'to_ruleset', new.to_ruleset, 'ruleset');
    perform dist._one_of(tg_table_name, row_name, 'on_owned', new.on_owned, array['skip', 'reassign']);
    if destinations <> 1 then
        perform dist._refuse(tg_table_name, row_name, '23514', format('%s destinations are given', destinations),
            'Set exactly one of to_rep, to_distribution_rule, to_ruleset, to_hopper; to_rep can go with to_hopper.');
    end if;
    perform dist._check_hopper_of(tg_table_name, row_name, 'to_hopper', new.to_hopper, own_object);
    if new.to_ruleset is not null then
        perform dist._check_ruleset_of(tg_table_name, row_name, 'to_ruleset', new.to_ruleset, own_object);
        -- A circle can also be closed by two sessions at once: whoever links rulesets does so one after the other.
        lock table dist.assignment_rule in share update exclusive mode;
        circle := dist._way_back(new.ruleset, new.position, new.to_ruleset);
        if circle is not null then
            perform dist._refuse(tg_table_name, row_name, '22023', format('the rulesets form a circle: %s -> %s', new.ruleset, circle),
                'A ruleset must not lead back to itself.');
        end if;
    end if;
    perform dist._no_json_null(tg_table_name, row_name, 'criteria', new.criteria);
    -- Parsing evaluates literals, and with them code of whoever wrote the text: not for an edit of something else. And a
    -- rule that has gone bad can be made passive.
    if tg_op = 'INSERT' or (new.ruleset, new.criteria, new.predicate) is distinct from (old.ruleset, old.criteria, old.predicate) then
        perform dist._check_text(tg_table_name, row_name, own_object, to_jsonb(new));
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.assignment_rule
    for each row execute function dist._check_assignment_rule();

-- Who receives: once for each destination of a statement, for thousands of rules share a handful.
create function dist._check_rule_destinations() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    one record;
begin
    if dist._checks_off() or dist._cascaded() then
        return null;
    end if;
    for one in
        select distinct on (s.object, n.to_rep, n.to_distribution_rule)
               s.object, n.to_rep, n.to_distribution_rule, concat_ws('/', n.ruleset, n.position) as row_name
          from written n
          join dist.ruleset s on s.name = n.ruleset
         where num_nonnulls(n.to_rep, n.to_distribution_rule) > 0
         order by s.object, n.to_rep, n.to_distribution_rule, n.ruleset, n.position
    loop
        perform dist._check_reps(tg_table_name, one.row_name, one.object, dist._reachable_reps(one.to_rep, one.to_distribution_rule));
        perform dist._check_segments(tg_table_name, one.row_name, one.object, array[one.to_distribution_rule]);
    end loop;
    return null;
end $$;
create trigger check_destinations_of_new after insert on dist.assignment_rule
    referencing new table as written for each statement execute function dist._check_rule_destinations();
create trigger check_destinations after update on dist.assignment_rule
    referencing new table as written for each statement execute function dist._check_rule_destinations();
create trigger check_writer before update of ruleset, criteria, predicate, to_rep, to_distribution_rule, to_ruleset, to_hopper
    on dist.assignment_rule for each row execute function dist._adopt();
