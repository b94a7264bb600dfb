-- What the sessions of the load do, each one call again and again (clients.sh).

-- web: records come in, some with an owner already.
create function crm.add_records() returns void
    language sql
begin atomic
    insert into crm.lead (region, tier, rep)
    select (array['north', 'south', 'east', 'west'])[1 + floor(random() * 4)], floor(random() * 10),
           case when random() < 0.1 then 'rep 9' end
      from generate_series(1, 4);
    insert into crm.account (size, rep)
    select floor(random() * 1000), case when random() < 0.1 then 'rep 9' end from generate_series(1, 2);
    insert into crm.ticket (id) select 'T-' || gen_random_uuid() from generate_series(1, 6);
end;

-- another_tool: owners change, records grow stale or go, behind the back of pg_dist. One record a time, so that it
-- cannot deadlock with a run. Now and then runs are made to fail, and soon after not to.
create function crm.meddle() returns void
    language plpgsql
as $$
declare
    dice double precision := random();
    -- Among the newest, which runs are about too.
    target bigint := (select max(id) - floor(random() * 60) from crm.lead);
begin
    if dice < 0.35 then
        update crm.lead set rep = 'rep ' || 1 + floor(random() * 9) where id = target;
    elsif dice < 0.5 then
        update crm.lead set rep = null where id = target;
    elsif dice < 0.65 then
        delete from crm.lead where id = target;
    elsif dice < 0.75 then
        delete from crm.ticket where ctid = (select max(ctid) from crm.ticket);
    elsif dice < 0.95 then
        update crm.lead set stale = true where id = target - floor(random() * 500) and rep is not null;
    elsif dice < 0.96 then
        update crm.fault set divisor = 0;
    else
        update crm.fault set divisor = 1 where divisor = 0;
    end if;
end $$;

-- ann: transfers by hand, of which some are taken back; schedules by hand, and all that is due at the same moment as the
-- worker sees to it.
create function crm.by_hand() returns void
    language plpgsql
as $$
declare
    dice double precision := random();
    latest bigint := (select max(r.id) from dist.run r
                       where r.trigger = 'execute' and r.run_by = session_user and r.assigned > 0);
begin
    if dice < 0.15 then
        perform dist.tick();
    elsif dice < 0.25 then
        perform dist.run_now('leads, every instant');
    elsif dice < 0.5 and latest is not null
       and not exists (select from dist.run u where u.undoes = latest and u.status = 'succeeded') then
        perform dist.undo(latest);
    else
        perform dist.execute('hand out');
    end if;
exception when object_in_use then
    insert into crm.refused (message) values (sqlerrm);
end $$;

-- bob: plans change, pause and resume; schedules come that run once, or five times, and some are cancelled. While a run is in progress a
-- change of its plan is refused (G9), and that is noted; so is a start that had passed by the time it was written.
create function crm.edit() returns void
    language plpgsql
as $$
declare
    dice double precision := random();
    target text := (array['edited 1', 'edited 2', 'edited 3', 'edited 4', 'faulty, edited 5'])[1 + floor(random() * 5)];
    new_name text := format('%s %s', case when dice < 0.85 then 'once' else 'five times' end, gen_random_uuid());
    before timestamptz := clock_timestamp();
    at timestamptz;
    r crm.recurrence;
    how text := (array['one', 'all', 'skip'])[1 + floor(random() * 3)];
begin
    if dice < 0.4 then
        select * into r from crm.recurrence order by random() limit 1;
        update dist.schedule s set cron = r.cron where s.name = target and s.cron <> r.cron;
        if found then
            insert into crm.plan (schedule, seconds, maybe_from, certain_from)
            values (target, r.seconds, before, clock_timestamp());
        end if;
    elsif dice < 0.5 then
        perform dist.pause(target);
    elsif dice < 0.65 then
        perform dist.resume(target);
        perform dist.resume('faulty, stops') where random() < 0.2;
    elsif dice < 0.85 then
        at := date_trunc('milliseconds', before + make_interval(secs => 1 + random() * 2));
        insert into dist.schedule (name, start_at, time_zone, misfire)
        values (new_name, at at time zone 'Europe/Amsterdam', 'Europe/Amsterdam', how);
        insert into dist.step (schedule, position, target) values (new_name, 1, 'give leads');
        insert into crm.plan (schedule, once, maybe_from, certain_from) values (new_name, at, before, clock_timestamp());
    elsif dice < 0.9 then
        perform crm.schedule(new_name, '* * * * * *', how, '{take stale leads}', 5);
    elsif dice < 0.92 then
        perform dist.cancel(s.name) from dist.schedule s
          where s.name like 'five times%' and s.cancelled_at is null order by random() limit 1;
    end if;
exception when object_in_use or invalid_parameter_value then
    insert into crm.refused (message) values (sqlerrm);
end $$;
