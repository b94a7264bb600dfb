-- Who can receive records: reps, the teams they form, and their weights in them.

create table dist.rep (
    rep       text primary key,
    name      text,
    time_zone text not null default 'UTC',
    calendar  text references dist.calendar on update cascade,
    active    boolean not null default true
);
create index on dist.rep (calendar);
comment on table dist.rep is 'Intent: people who can own records';
comment on column dist.rep.rep is 'The value that goes into the owner column, in its text form';
comment on column dist.rep.name is 'What people call the rep';
comment on column dist.rep.time_zone is 'IANA time zone the rep works in';
comment on column dist.rep.calendar is 'The calendar the rep works by; null = always at work';
comment on column dist.rep.active is 'An inactive rep receives nothing; what is owned stays owned';

create table dist.team (
    team        text primary key,
    description text
);
comment on table dist.team is 'Intent: named groups of reps';
comment on column dist.team.team is 'Name of the team';
comment on column dist.team.description is 'What the team is for';

create table dist.team_member (
    team     text not null references dist.team on update cascade on delete cascade,
    rep      text not null references dist.rep on update cascade on delete cascade,
    weight   numeric not null default 1,
    position integer not null default 0,
    active   boolean not null default true,
    primary key (team, rep)
);
create index on dist.team_member (rep);
comment on table dist.team_member is 'Intent: which reps are in which team, and with what weight';
comment on column dist.team_member.team is 'The team';
comment on column dist.team_member.rep is 'The rep';
comment on column dist.team_member.weight is 'Share of a weighted distribution relative to the other members; greater than 0';
comment on column dist.team_member.position is 'Order among equals: the lower position is served first';
comment on column dist.team_member.active is 'Whether the rep takes turns in this team';

create function dist._check_team() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not dist._checks_off() and btrim(coalesce(new.team, '')) = '' then
        perform dist._refuse(tg_table_name, new.team, '23514', 'team is empty', 'Give the team a name.');
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.team
    for each row execute function dist._check_team();

create function dist._check_rep() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if dist._checks_off() then
        return new;
    end if;
    if btrim(coalesce(new.rep, '')) = '' then
        perform dist._refuse(tg_table_name, new.rep, '23514', 'rep is empty',
            'rep is the text form of the value that goes into the owner column.');
    end if;
    perform dist._check_zone(tg_table_name, new.rep, new.time_zone);
    perform dist._must_exist(tg_table_name, new.rep, 'calendar', new.calendar, 'calendar');
    return new;
end $$;
create trigger check_row before insert or update on dist.rep
    for each row execute function dist._check_rep();

create function dist._check_team_member() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    row_name text := concat_ws('/', new.team, new.rep);
begin
    if dist._checks_off() then
        return new;
    end if;
    perform dist._required(tg_table_name, row_name, 'team', new.team);
    perform dist._required(tg_table_name, row_name, 'rep', new.rep);
    perform dist._must_exist(tg_table_name, row_name, 'team', new.team, 'team');
    perform dist._must_exist(tg_table_name, row_name, 'rep', new.rep, 'rep');
    if not (new.weight > 0 and new.weight <= 1000000000 and scale(trim_scale(new.weight)) <= 6) then
        perform dist._refuse(tg_table_name, row_name, '23514', format('weight %s is out of range', new.weight),
            'A weight is greater than 0, at most 1000000000, with at most 6 decimals. To give a member nothing, set active = false.');
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.team_member
    for each row execute function dist._check_team_member();
