-- Which records move, and where to: the unit that is executed, previewed and scheduled.

create table dist.transfer (
    name                 text primary key,
    kind                 text not null default 'distribution',
    object               text not null references dist.object on update cascade,
    source               text,
    from_team            text references dist.team on update cascade,
    from_reps            text[],
    from_hopper          text references dist.hopper on update cascade,
    criteria             jsonb,
    predicate            text,
    segment              text references dist.segment on update cascade,
    to_rep               text references dist.rep on update cascade,
    to_distribution_rule text references dist.distribution_rule on update cascade,
    to_ruleset           text references dist.ruleset on update cascade,
    to_hopper            text references dist.hopper on update cascade,
    on_owned             text,
    ranking              text,
    row_limit            bigint,
    limit_per_rep        integer,
    set_fields           jsonb,
    is_template          boolean not null default false,
    description          text,
    written_by           name not null
);
create index on dist.transfer (object);
create index on dist.transfer (segment);
comment on table dist.transfer is 'Intent: a distribution (give records to reps) or a retrieval (take them back)';
comment on column dist.transfer.name is 'Name of the transfer';
comment on column dist.transfer.kind is 'distribution or retrieval';
comment on column dist.transfer.object is 'The object whose records move';
comment on column dist.transfer.source is 'unowned, owned or any; by default unowned for a distribution, owned for a retrieval';
comment on column dist.transfer.from_team is 'Source: records of the members of this team';
comment on column dist.transfer.from_reps is 'Source: records of these reps';
comment on column dist.transfer.from_hopper is 'Source: what lies in this hopper, its ranking and age first; null = what lies in none';
comment on column dist.transfer.criteria is 'Which records, as a jsonb tree; see docs/criteria.md';
comment on column dist.transfer.predicate is 'Which records, as one SQL boolean expression over the record r; both must hold where both are given';
comment on column dist.transfer.segment is 'Which records: only members of this segment';
comment on column dist.transfer.to_rep is 'Destination: this rep (of a retrieval: the holding rep)';
comment on column dist.transfer.to_distribution_rule is 'Destination: whoever is next by this distribution rule';
comment on column dist.transfer.to_ruleset is 'Destination: the first match in this ruleset; a retrieval without a destination makes records unowned';
comment on column dist.transfer.to_hopper is 'Destination: this hopper; with to_rep too, owned by him';
comment on column dist.transfer.on_owned is 'What becomes of a record that has an owner, where the assignment rule does not say: skip or reassign';
comment on column dist.transfer.ranking is
    'ORDER BY list over r: who comes first; the key decides among equals. With from_hopper by default as the hopper says';
comment on column dist.transfer.row_limit is 'At most so many records, the first by ranking, become candidates';
comment on column dist.transfer.limit_per_rep is 'At most so many records of each owner, the first by ranking; for retrievals';
comment on column dist.transfer.set_fields is 'Columns set on each record that moves, as {"column": value}';
comment on column dist.transfer.is_template is 'A template is copied to make transfers and is never run itself';
comment on column dist.transfer.description is 'What the transfer is for';
comment on column dist.transfer.written_by is 'Role that wrote the row; a run refuses it unless that role is a member of the run owner''s';

create function dist._check_transfer() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    destinations integer := num_nonnulls(coalesce(new.to_hopper, new.to_rep), new.to_distribution_rule, new.to_ruleset);
    busy text;
begin
    new.written_by := dist._writer(new.written_by, case when tg_op = 'UPDATE' then old.written_by end);
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    if btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'name is empty', 'Give the transfer a name.');
    end if;
    if tg_op = 'UPDATE' then
        -- What a transfer does can be edited between its runs, not while it is running.
        busy := dist._running_schedule(old.name);
        if busy is not null then
            perform dist._refuse(tg_table_name, old.name, '55006', format('schedule %s is running it', busy),
                'Wait until the run has finished.');
        end if;
    end if;
    perform dist._one_of(tg_table_name, new.name, 'kind', new.kind, array['distribution', 'retrieval']);
    perform dist._one_of(tg_table_name, new.name, 'source', new.source, array['unowned', 'owned', 'any']);
    perform dist._one_of(tg_table_name, new.name, 'on_owned', new.on_owned, array['skip', 'reassign']);
    perform dist._required(tg_table_name, new.name, 'object', new.object);
    perform dist._must_exist(tg_table_name, new.name, 'object', new.object, 'object');
    perform dist._must_exist(tg_table_name, new.name, 'to_rep', new.to_rep, 'rep');
    perform dist._must_exist(tg_table_name, new.name, 'to_distribution_rule', new.to_distribution_rule, 'distribution_rule');
    perform dist._check_ruleset_of(tg_table_name, new.name, 'to_ruleset', new.to_ruleset, new.object);
    if new.kind = 'distribution' and destinations = 0 then
        -- Named nobody, it means all active reps: a distribution rule that is there to be seen and changed.
        insert into dist.distribution_rule (name, strategy, description)
            values ('everybody', 'round_robin', 'All active reps in turn: the destination of transfers that name none')
            on conflict do nothing;
        new.to_distribution_rule := 'everybody';
        destinations := 1;
    end if;
    if new.kind = 'distribution' and destinations <> 1 then
        perform dist._refuse(tg_table_name, new.name, '23514', format('%s destinations are given', destinations),
            'Set exactly one of to_rep, to_distribution_rule, to_ruleset, to_hopper; to_rep can go with to_hopper.');
    elsif new.kind = 'retrieval' and (new.to_distribution_rule is not null or new.to_ruleset is not null) then
        perform dist._refuse(tg_table_name, new.name, '23514', 'a retrieval does not distribute',
            'Set to_rep to a holding rep, to_hopper to a hopper, or no destination to make the records unowned.');
    end if;
    perform dist._check_hopper_of(tg_table_name, new.name, 'to_hopper', new.to_hopper, new.object);
    perform dist._check_hopper_of(tg_table_name, new.name, 'from_hopper', new.from_hopper, new.object);
    perform dist._check_segment_of(tg_table_name, new.name, 'segment', new.segment, new.object);
    if new.from_hopper is not null and new.limit_per_rep is not null then
        perform dist._refuse(tg_table_name, new.name, '23514', 'limit_per_rep does not go with from_hopper', 'Use row_limit.');
    end if;
    if new.from_hopper = new.to_hopper then
        perform dist._refuse(tg_table_name, new.name, '23514', format('from_hopper and to_hopper are both %L', new.to_hopper),
            'Name another hopper, or another destination.');
    end if;
    if new.row_limit < 0 then
        perform dist._refuse(tg_table_name, new.name, '23514', format('row_limit %s is negative', new.row_limit),
            'Give 0 or more, or null for no limit.');
    end if;
    if new.limit_per_rep < 1 then
        perform dist._refuse(tg_table_name, new.name, '23514', format('limit_per_rep %s is out of range', new.limit_per_rep), 'Give at least 1.');
    elsif new.limit_per_rep is not null and new.kind <> 'retrieval' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'limit_per_rep is for retrievals', 'Leave it null, or use a fixed distribution rule or a cap.');
    end if;
    perform dist._must_exist(tg_table_name, new.name, 'from_team', new.from_team, 'team');
    perform dist._must_exist(tg_table_name, new.name, 'from_reps', wanted, 'rep') from unnest(new.from_reps) wanted;
    if num_nonnulls(new.from_team, new.from_reps) > 1 or new.from_reps = '{}' or array_position(new.from_reps, null) is not null then
        perform dist._refuse(tg_table_name, new.name, '23514', 'from_team and from_reps do not say one group of reps',
            'Set one of them, from_reps with at least one rep.');
    elsif num_nonnulls(new.from_team, new.from_reps) = 1 and new.source in ('unowned', 'any') then
        perform dist._refuse(tg_table_name, new.name, '23514', format('source %s does not go with chosen reps', new.source),
            'Leave source null, or say owned.');
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
create trigger check_row before insert or update on dist.transfer
    for each row execute function dist._check_transfer();
create trigger check_writer before update of object, criteria, predicate, segment, ranking, set_fields, to_rep, to_distribution_rule, to_ruleset, to_hopper, from_hopper
    on dist.transfer for each row execute function dist._adopt();

-- What leads to an object was checked against its table as it was; what leads to a rep, against its value as it was.
create function dist._check_object_users() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if dist._checks_off()
       or (old.relation, old.key_column, old.owner_column) = (new.relation, new.key_column, new.owner_column) then
        return null;
    end if;
    perform dist._check_text('transfer', t.name, new.name, to_jsonb(t)),
            dist._check_reps('transfer', t.name, new.name, dist._reachable_reps(t.to_rep, t.to_distribution_rule))
       from dist.transfer t where t.object = new.name;
    perform dist._check_text('assignment_rule', a.ruleset || '/' || a.position, new.name, to_jsonb(a)),
            dist._check_reps('assignment_rule', a.ruleset || '/' || a.position, new.name,
                             dist._reachable_reps(a.to_rep, a.to_distribution_rule))
       from dist.assignment_rule a join dist.ruleset s on s.name = a.ruleset where s.object = new.name;
    perform dist._check_reps('ruleset', s.name, new.name, dist._reachable_reps(s.default_to_rep, s.default_to_distribution_rule))
       from dist.ruleset s where s.object = new.name;
    return null;
end $$;
create trigger check_users after update on dist.object
    for each row execute function dist._check_object_users();

create function dist._check_rep_value() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if dist._checks_off() or new.rep = old.rep then
        return new;
    end if;
    perform dist._check_reps(tg_table_name, new.rep, named.object, array[new.rep])
       from (select dist._objects_of_rep(rep) as object
               from (select old.rep union select a.rep from dist.absence a where a.stand_in = old.rep) r(rep)) named;
    return new;
end $$;
create trigger check_value before update on dist.rep
    for each row execute function dist._check_rep_value();
