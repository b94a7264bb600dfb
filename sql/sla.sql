-- The clocks of service levels: started and ended where assignments are recorded (src/router/sla.rs), and looked at when they
-- are over, by a task of kind sla (sql/task.sql).

create table dist.sla_clock (
    sla         text not null references dist.sla on update cascade on delete cascade,
    object      text not null,
    record_key  text not null,
    rep         text not null,
    run_id      bigint not null,
    seq         integer not null,
    started_at  timestamptz not null,
    due_at      timestamptz not null,
    attempt     integer not null,
    holders     text[] not null,
    ended_at    timestamptz,
    outcome     text,
    next_run_id bigint,
    primary key (sla, run_id, seq)
);
create index sla_clock_record on dist.sla_clock (object, record_key);
create index sla_clock_due on dist.sla_clock (sla, due_at) where ended_at is null;
comment on table dist.sla_clock is 'State: the clock of each assignment that a service level is about';
comment on column dist.sla_clock.sla is 'The service level';
comment on column dist.sla_clock.object is 'The object';
comment on column dist.sla_clock.record_key is 'The record''s key, in its text form';
comment on column dist.sla_clock.rep is 'Whose clock it is';
comment on column dist.sla_clock.run_id is 'The run that gave him the record';
comment on column dist.sla_clock.seq is 'With run_id the row of dist.assignment';
comment on column dist.sla_clock.started_at is 'When: the run''s as_of';
comment on column dist.sla_clock.due_at is 'When so much of his working time is over, by his hours as they were then';
comment on column dist.sla_clock.attempt is 'The how many-th rep he is to whom the service level has passed the record on';
comment on column dist.sla_clock.holders is 'These reps, in order; he is the last';
comment on column dist.sla_clock.ended_at is 'When it ended; null = it runs';
comment on column dist.sla_clock.outcome is
    'met (he had touched the record), breached (he had not), moved (somebody else owns it), gone (it has been deleted), off (the service level was switched off)';
comment on column dist.sla_clock.next_run_id is 'After a breach, the run that passed the record on';

-- No foreign key, which would be paid by each record whose clock starts.
create function dist._rename_in_clocks() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    update dist.sla_clock c
       set rep = case when c.rep = old.rep then new.rep else c.rep end, holders = array_replace(c.holders, old.rep, new.rep)
     where c.ended_at is null and (c.rep = old.rep or old.rep = any (c.holders));
    return null;
end $$;
comment on function dist._rename_in_clocks() is 'Internal: clocks that run go by the new name of a rep';
create trigger rename_in_clocks after update of rep on dist.rep
    for each row when (old.rep <> new.rep) execute function dist._rename_in_clocks();

-- What is to be done when a run has moved records of an object, as Rust reads it.
create function dist._sla_intent(object text) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (select coalesce(jsonb_agg(jsonb_build_object('name', s.name, 'within', extract(epoch from s.within)::bigint)
                                      order by s.name collate "C"), '[]')
              from dist.sla s where s.object = $1 and s.active);
end $$;
comment on function dist._sla_intent(text) is 'Internal: the service levels of an object, as Rust reads them';

create function dist._follow_ups(object text) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return jsonb_build_object('events', dist._events_wanted($1), 'slas', dist._sla_intent($1));
end $$;
comment on function dist._follow_ups(text) is 'Internal: whom the moves of an object''s records are told, and which clocks they start';

create function dist._sla_task() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'DELETE' then
        perform dist._drop_task('sla', old.name);
    elsif not new.active then
        update dist.sla_clock c set ended_at = dist._clock(), outcome = 'off' where c.sla = new.name and c.ended_at is null;
        perform dist._drop_task('sla', new.name);
    else
        if tg_op = 'UPDATE' and old.name <> new.name then
            perform dist._drop_task('sla', old.name);
        end if;
        perform dist._make_task('sla', new.name, new.owner, new.object);
        perform dist._set_task('sla', new.name, new.owner, (select min(c.due_at) from dist.sla_clock c where c.sla = new.name and c.ended_at is null),
                               new.object);
    end if;
    return null;
end $$;
create trigger task after insert or update or delete on dist.sla
    for each row when (not dist._checks_off()) execute function dist._sla_task();

create function dist._end_clocks(sla text, as_of timestamptz, live boolean) returns bigint
    language c volatile
    as 'MODULE_PATHNAME', 'end_clocks_wrapper';
comment on function dist._end_clocks(text, timestamptz, boolean) is
    'Internal: looks at some of the clocks of a service level that are over, ends them, and passes on what is to be; returns how many it looked at';

create function dist._serve_sla(name text, as_of timestamptz, live boolean) returns timestamptz
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    if not exists (select from dist.sla s where s.name = name and s.active) then
        return null;
    end if;
    perform dist._end_clocks(name, as_of, live);
    return (select min(c.due_at) from dist.sla_clock c where c.sla = name and c.ended_at is null);
end $$;
comment on function dist._serve_sla(text, timestamptz, boolean) is 'Internal: the due work of a service level';

-- As dist._forget_events: with the history, a little at a time.
create function dist._forget_clocks(kept_since timestamptz, batch_limit integer) returns bigint
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    forgotten bigint;
begin
    delete from dist.sla_clock c
     where c.ctid = any (array(select x.ctid from dist.sla_clock x where x.ended_at < kept_since limit batch_limit));
    get diagnostics forgotten = row_count;
    return forgotten;
end $$;
comment on function dist._forget_clocks(timestamptz, integer) is 'Internal: deletes some clocks that ended long ago';

create view dist.sla_report as
    select c.sla, c.rep,
           count(*) filter (where c.ended_at is null) as running,
           count(*) filter (where c.outcome operator(pg_catalog.=) 'met') as met,
           count(*) filter (where c.outcome operator(pg_catalog.=) 'breached') as breached,
           count(*) filter (where c.outcome operator(pg_catalog.=) any (array['moved', 'gone', 'off'])) as without_verdict,
           round(count(*) filter (where c.outcome operator(pg_catalog.=) 'met')::numeric operator(pg_catalog./)
                 nullif(count(*) filter (where c.outcome operator(pg_catalog.=) any (array['met', 'breached'])), 0)::numeric, 4) as met_share
      from dist.sla_clock c
     group by c.sla, c.rep;
comment on view dist.sla_report is 'How well each rep keeps the service levels, as far back as the history goes';
comment on column dist.sla_report.sla is 'The service level';
comment on column dist.sla_report.rep is 'The rep';
comment on column dist.sla_report.running is 'Clocks that run';
comment on column dist.sla_report.met is 'Records touched in time';
comment on column dist.sla_report.breached is 'Records not touched in time';
comment on column dist.sla_report.without_verdict is 'Records that were moved or deleted before their time was over';
comment on column dist.sla_report.met_share is 'met / (met + breached)';
