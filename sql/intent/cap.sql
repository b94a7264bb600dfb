-- Caps: how many records reps may receive in a span of time, or hold.

create table dist.cap (
    name              text primary key,
    rep               text references dist.rep on update cascade,
    team              text references dist.team on update cascade,
    distribution_rule text references dist.distribution_rule on update cascade,
    counts            text not null default 'each',
    per               text not null,
    most              bigint not null,
    rolling           boolean not null default false,
    time_zone         text,
    object            text references dist.object on update cascade,
    criteria          jsonb,
    predicate         text,
    active            boolean not null default true,
    description       text,
    written_by        name not null
);
create index on dist.cap (rep);
create index on dist.cap (team);
create index on dist.cap (distribution_rule);
create index on dist.cap (object);
comment on table dist.cap is 'Intent: how many records reps may receive in a span of time, or hold; all caps that cover a rep hold at once';
comment on column dist.cap.name is 'Name of the cap';
comment on column dist.cap.rep is 'Whom it covers: this rep; with neither rep nor team every rep';
comment on column dist.cap.team is 'Whom it covers: the members of this team; with rep too, the rep as long as the team has it';
comment on column dist.cap.distribution_rule is 'Counts only what comes through this distribution rule; null = whatever comes';
comment on column dist.cap.counts is 'each (for each rep by itself) or together (for all whom it covers)';
comment on column dist.cap.per is 'hour, day, week (from Monday), month, or open (what a rep holds of the object)';
comment on column dist.cap.most is 'So many records may be received in the window, or held; 0 = none';
comment on column dist.cap.rolling is
    'false: the hour, day, week or month of the calendar; true: the hour, 24 hours, 7 days or 30 days before each run';
comment on column dist.cap.time_zone is 'IANA time zone of the calendar; null = the rep''s own; must be given where reps are counted together';
comment on column dist.cap.object is 'Counts only records of this object; null = of any';
comment on column dist.cap.criteria is 'per open: which records are open, as a jsonb tree; see docs/criteria.md';
comment on column dist.cap.predicate is
    'per open: which records are open, as one SQL boolean expression over the record r; with neither, all that the rep owns';
comment on column dist.cap.active is 'A passive cap holds nobody back';
comment on column dist.cap.description is 'What the cap is for';
comment on column dist.cap.written_by is 'Role that wrote the row; a run refuses it unless that role is a member of the run owner''s';

create function dist._check_cap() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    strategy text;
begin
    new.written_by := dist._writer(new.written_by, case when tg_op = 'UPDATE' then old.written_by end);
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    if btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'name is empty', 'Give the cap a name.');
    end if;
    perform dist._required(tg_table_name, new.name, 'per', new.per);
    perform dist._one_of(tg_table_name, new.name, 'per', new.per, array['hour', 'day', 'week', 'month', 'open']);
    perform dist._required(tg_table_name, new.name, 'counts', new.counts);
    perform dist._one_of(tg_table_name, new.name, 'counts', new.counts, array['each', 'together']);
    perform dist._required(tg_table_name, new.name, 'most', new.most::text);
    perform dist._required(tg_table_name, new.name, 'rolling', new.rolling::text);
    perform dist._required(tg_table_name, new.name, 'active', new.active::text);
    perform dist._must_exist(tg_table_name, new.name, 'rep', new.rep, 'rep');
    perform dist._must_exist(tg_table_name, new.name, 'team', new.team, 'team');
    perform dist._must_exist(tg_table_name, new.name, 'distribution_rule', new.distribution_rule, 'distribution_rule');
    perform dist._must_exist(tg_table_name, new.name, 'object', new.object, 'object');
    if new.most < 0 then
        perform dist._refuse(tg_table_name, new.name, '23514', format('most %s is negative', new.most),
            'Give 0 or more; 0 lets nobody receive anything. To lift the cap, set active = false.');
    end if;
    select r.strategy into strategy from dist.distribution_rule r where r.name = new.distribution_rule;
    if strategy = 'rep' then
        perform dist._refuse(tg_table_name, new.name, '22023',
            format('distribution_rule %L always gives to the same rep', new.distribution_rule), 'Name the rep instead.');
    end if;
    if new.per = 'open' then
        if new.object is null then
            perform dist._refuse(tg_table_name, new.name, '23514', 'per open takes object', 'Set object to that whose open records count.');
        elsif new.distribution_rule is not null then
            perform dist._refuse(tg_table_name, new.name, '23514', 'per open takes no distribution_rule',
                'It counts what a rep holds, whatever it came through: leave distribution_rule null.');
        elsif new.rolling or new.time_zone is not null then
            perform dist._refuse(tg_table_name, new.name, '23514',
                format('per open takes no %s', case when new.rolling then 'rolling' else 'time_zone' end),
                'It counts what a rep holds at the time, and has no window.');
        end if;
    else
        if new.criteria is not null or new.predicate is not null then
            perform dist._refuse(tg_table_name, new.name, '23514',
                format('per %s takes no %s', new.per, case when new.criteria is not null then 'criteria' else 'predicate' end),
                'They say which records are open. A window counts what was received: set object, or distribution_rule.');
        elsif new.rolling and new.time_zone is not null then
            perform dist._refuse(tg_table_name, new.name, '23514', 'rolling takes no time_zone',
                'A rolling window goes by the time that passes: leave time_zone null.');
        elsif new.counts = 'together' and not new.rolling and new.time_zone is null then
            perform dist._refuse(tg_table_name, new.name, '23514', 'counts together takes time_zone',
                'Reps of several zones have no day in common: set time_zone to that in which the window begins and ends.');
        end if;
        if new.time_zone is not null then
            perform dist._check_zone(tg_table_name, new.name, new.time_zone);
        end if;
    end if;
    perform dist._no_json_null(tg_table_name, new.name, 'criteria', new.criteria);
    -- As for assignment rules.
    if new.object is not null
       and (tg_op = 'INSERT' or (new.object, new.criteria, new.predicate) is distinct from (old.object, old.criteria, old.predicate)) then
        perform dist._check_text(tg_table_name, new.name, new.object, to_jsonb(new));
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.cap
    for each row execute function dist._check_cap();
create trigger check_writer before update of object, criteria, predicate on dist.cap
    for each row execute function dist._adopt();

-- What is open was checked against the object's table as it was.
create function dist._check_object_caps() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not dist._checks_off()
       and (old.relation, old.key_column, old.owner_column) is distinct from (new.relation, new.key_column, new.owner_column) then
        perform dist._check_text('cap', c.name, new.name, to_jsonb(c)) from dist.cap c where c.object = new.name;
    end if;
    return null;
end $$;
create trigger check_caps after update on dist.object
    for each row execute function dist._check_object_caps();

-- A rule that is counted by cannot become one that is none.
create function dist._check_capped_rule() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    named_by text;
begin
    select min(c.name) into named_by from dist.cap c where c.distribution_rule = new.name;
    if named_by is not null and not dist._checks_off() then
        perform dist._refuse(tg_table_name, new.name, '55000', format('cap %L counts what comes through it', named_by),
            'Let the cap name the rep instead, then change the strategy.');
    end if;
    return null;
end $$;
create trigger check_caps after update of strategy on dist.distribution_rule
    for each row when (new.strategy = 'rep') execute function dist._check_capped_rule();
