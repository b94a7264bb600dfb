-- When people work: shifts of the week, and holidays. Who goes by which calendar is in people.sql, who is away in absence.sql.

create table dist.calendar (
    name        text primary key,
    description text
);
comment on table dist.calendar is 'Intent: named working hours, which reps go by; one without shifts is round the clock, holidays apart';
comment on column dist.calendar.name is 'Name of the calendar';
comment on column dist.calendar.description is 'What the calendar is for';

create table dist.shift (
    calendar text not null references dist.calendar on update cascade on delete cascade,
    weekday  integer not null,
    starts   time not null,
    ends     time not null,
    primary key (calendar, weekday, starts)
);
comment on table dist.shift is 'Intent: when those who go by a calendar are at work, in the local time of each';
comment on column dist.shift.calendar is 'The calendar';
comment on column dist.shift.weekday is '1 = Monday to 7 = Sunday: the day on which it starts';
comment on column dist.shift.starts is 'When it starts';
comment on column dist.shift.ends is 'When it ends; where that is not after its start, on the next day; 24:00 is midnight';

create table dist.holiday (
    calendar text not null references dist.calendar on update cascade on delete cascade,
    day      date not null,
    name     text,
    primary key (calendar, day)
);
comment on table dist.holiday is 'Intent: days on which nobody who goes by a calendar is at work, and no shift starts';
comment on column dist.holiday.calendar is 'The calendar';
comment on column dist.holiday.day is 'The day, from midnight to midnight where each rep works';
comment on column dist.holiday.name is 'What people call it';

create function dist._check_calendar() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not dist._checks_off() and btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'name is empty', 'Give the calendar a name.');
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.calendar
    for each row execute function dist._check_calendar();

-- The minutes of the week, from Monday's first, that a shift covers.
create function dist._minutes_of_week(weekday integer, starts time, ends time) returns int4multirange
    language sql immutable
    set search_path = pg_catalog, pg_temp
    return (
        select int4multirange(int4range(w.first, least(w.last, 10080)), int4range(0, greatest(w.last - 10080, 0)))
          from (select m.first, m.first + m.long + case when m.long <= 0 then 1440 else 0 end as last
                  from (select (weekday - 1) * 1440 + (extract(epoch from starts) / 60)::integer as first,
                               (extract(epoch from ends) / 60)::integer - (extract(epoch from starts) / 60)::integer as long) m) w);
comment on function dist._minutes_of_week(integer, time, time) is 'Internal: which minutes of the week a shift covers';

create function dist._check_shift() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    row_name text := concat_ws('/', new.calendar, new.weekday, to_char(new.starts, 'HH24:MI'));
    other text;
begin
    if dist._checks_off() then
        return new;
    end if;
    perform dist._must_exist(tg_table_name, row_name, 'calendar', new.calendar, 'calendar');
    if new.weekday not between 1 and 7 then
        perform dist._refuse(tg_table_name, row_name, '23514', format('weekday %s is out of range', new.weekday), 'Give 1 (Monday) to 7 (Sunday).');
    elsif extract(second from new.starts) <> 0 or extract(second from new.ends) <> 0 or new.starts = '24:00' then
        perform dist._refuse(tg_table_name, row_name, '23514', format('%s to %s is not a span of whole minutes within a day', new.starts, new.ends),
            'Give whole minutes from 00:00 on; the end of the day is 24:00.');
    end if;
    select format('%s to %s on weekday %s', to_char(s.starts, 'HH24:MI'), left(s.ends::text, 5), s.weekday) into other
      from dist.shift s
     where s.calendar = new.calendar
       and (tg_op = 'INSERT' or (s.calendar, s.weekday, s.starts) <> (old.calendar, old.weekday, old.starts))
       and dist._minutes_of_week(s.weekday, s.starts, s.ends) && dist._minutes_of_week(new.weekday, new.starts, new.ends)
       -- The very same is the primary key's to refuse, so that ON CONFLICT works.
       and (s.weekday, s.starts) <> (new.weekday, new.starts)
     order by s.weekday, s.starts
     limit 1;
    if found then
        perform dist._refuse(tg_table_name, row_name, '23P01', format('it overlaps the shift from %s', other),
            'Make one shift of both, or let one end where the other starts.');
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.shift
    for each row execute function dist._check_shift();

create function dist._check_holiday() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if dist._checks_off() then
        return new;
    end if;
    perform dist._must_exist(tg_table_name, concat_ws('/', new.calendar, new.day), 'calendar', new.calendar, 'calendar');
    if new.day not between '0001-01-01' and '9999-12-31' then
        perform dist._refuse(tg_table_name, concat_ws('/', new.calendar, new.day), '22008', format('day %s is out of range', new.day),
            'Give a day of the years 1 to 9999.');
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.holiday
    for each row execute function dist._check_holiday();
