-- Eight weeks on the virtual clock. Each lead comes in on its day at eleven (São Paulo's time), in one statement; the other
-- tool acts during the wait, and now and then too late; reps call, and claim. What each does is taken from the data.
\set QUIET on
set session authorization sales_ops;
-- What is known of a lead from the data alone, and nothing of pg_dist: its key's first and last digit draw lots.
create view funnel.lot as
select a.mql_id, a.first_contact_date as day, a.landing_page_id, a.origin, d.sdr_id as tools_owner, d.mql_id is not null as won,
       -- During the wait it is deleted, or owned by the SDR who had it in fact, or a meeting is booked, or its origin found out.
       left(a.mql_id, 1) < '8' and right(a.mql_id, 1) = '0' as deleted,
       d.mql_id is not null and left(a.mql_id, 1) < '4' as taken,
       left(a.mql_id, 1) = '5' and right(a.mql_id, 1) between '1' and '7' as met,
       a.origin is null and right(a.mql_id, 1) in ('0', '2', '4', '6', '8', 'a', 'c', 'e') as found_out,
       -- The other tool comes too late.
       d.mql_id is not null and left(a.mql_id, 1) in ('4', '6') as late,
       -- Who calls: leads that were won, and half of the others, are called by whoever has them first; others by the second only,
       -- or by nobody.
       case when d.mql_id is not null or left(a.mql_id, 1) < '8' then 1 when left(a.mql_id, 1) < 'c' then 2 end as called_by
  from funnel.arrived a
  left join funnel.deal d on d.mql_id = a.mql_id;
create table funnel.drawn as select * from funnel.lot where day between '2018-01-29' and '2018-03-25';
alter table funnel.drawn add primary key (mql_id);
create index on funnel.drawn (day);
analyze funnel.drawn;
grant select on funnel.drawn to other_tool;

create function funnel.clock(day date, hour time) returns timestamptz language sql as $$
    select set_config('pg_dist.clock', ((day + hour) at time zone 'America/Sao_Paulo')::text, false)::timestamptz
$$;

-- Calls by those who have a lead and whose turn it is to call.
create function funnel.work() returns void language sql as $$
    insert into funnel.call (mql_id, rep, at)
    select l.mql_id, l.owner, current_setting('pg_dist.clock')::timestamptz
      from funnel.lead l
      join funnel.drawn d using (mql_id)
     where l.owner is not null and d.called_by <= (select count(m.new_owner) from funnel.moved m where m.mql_id = l.mql_id)
       and not exists (select from funnel.call k where k.mql_id = l.mql_id and k.rep = l.owner)
$$;
create index on funnel.moved (mql_id);

-- Who brings leads in, and the other tool, need no right on dist.
reset session authorization;
create function funnel.form(today date) returns void language sql security definer as $$
    insert into funnel.lead (mql_id, first_contact_date, landing_page_id, origin)
    select mql_id, first_contact_date, landing_page_id, origin from funnel.arrived where first_contact_date = today
$$;
create function funnel.meanwhile(today date) returns void language sql security definer as $$
    delete from funnel.lead l using funnel.drawn d where d.mql_id = l.mql_id and d.day = today and d.deleted;
    update funnel.lead l set owner = d.tools_owner from funnel.drawn d where d.mql_id = l.mql_id and d.day = today and d.taken;
    update funnel.lead l set origin = 'email' from funnel.drawn d where d.mql_id = l.mql_id and d.day = today and d.found_out;
    insert into funnel.meeting (mql_id, booked_on) select d.mql_id, today from funnel.drawn d where d.day = today and d.met and not d.deleted
$$;
create function funnel.too_late(today date) returns void language sql security definer as $$
    update funnel.lead l set owner = d.tools_owner
      from funnel.drawn d
     where d.mql_id = l.mql_id and d.day = today and d.late and d.origin in ('paid search', 'organic search') and l.owner is not null
$$;
alter function funnel.form owner to other_tool;
alter function funnel.meanwhile owner to other_tool;
alter function funnel.too_late owner to other_tool;
set session authorization sales_ops;

create procedure funnel.play(first date, last date) language plpgsql as $$
declare
    today date := first;
    hour time;
    who text;
begin
    while today <= last loop
        perform funnel.clock(today, '11:00');
        perform funnel.form(today);
        commit;
        perform funnel.clock(today, '11:05');
        perform funnel.meanwhile(today);
        commit;
        -- A second before, and then when the wait is over.
        perform dist.tick(funnel.clock(today, '11:09:59'));
        commit;
        perform dist.tick(funnel.clock(today, '11:10'));
        commit;
        perform funnel.clock(today, '11:30');
        perform funnel.too_late(today);
        commit;
        foreach hour in array '{12:00,14:00,16:00,20:00}'::time[] loop
            perform dist.tick(funnel.clock(today, hour));
            commit;
            if extract(isodow from today) < 6 and hour < '20:00' then
                for who in select p.rep from funnel.person p where p.team = 'closers' order by p.place loop
                    insert into funnel.asked (rep, at, got)
                    select who, funnel.clock(today, hour), count(*) from dist.claim('fresh', who, 2);
                    commit;
                end loop;
            end if;
            if hour = '12:00' then
                -- The partner desk works some of what is its own.
                perform dist.leave_hopper('lead', d.mql_id) from funnel.drawn d join funnel.lead l using (mql_id)
                  where d.day = today and l.owner = 'partner desk' and right(d.mql_id, 1) < '8';
                commit;
            end if;
            perform funnel.clock(today, hour + interval '20 minutes');
            perform funnel.work();
            commit;
        end loop;
        today := today + 1;
    end loop;
end $$;
call funnel.play('2018-01-29', '2018-03-25');
