-- What steps of action emit have told so far: of the changes in a segment up to where, and of which records when.

create table dist.emit_state (
    schedule text not null,
    position integer not null,
    segment  text not null,
    seq      bigint not null,
    run_id   bigint not null,
    at       timestamptz not null,
    primary key (schedule, position)
);
comment on table dist.emit_state is
    'State: up to where each step that tells what changed in a segment has told it; without a row it tells all members as joined';
comment on column dist.emit_state.schedule is 'The schedule';
comment on column dist.emit_state.position is 'dist.step.position';
comment on column dist.emit_state.segment is 'The segment; of another one the step begins anew';
comment on column dist.emit_state.seq is 'The last row of dist.segment_change that it has told';
comment on column dist.emit_state.run_id is 'The run that told it';
comment on column dist.emit_state.at is 'That run''s as_of';

create table dist.emit_told (
    schedule   text not null,
    position   integer not null,
    record_key text not null,
    at         timestamptz not null,
    primary key (schedule, position, record_key)
);
comment on table dist.emit_told is 'State: when a step with again_after has told of a record; what is older than that is forgotten';
comment on column dist.emit_told.schedule is 'The schedule';
comment on column dist.emit_told.position is 'dist.step.position';
comment on column dist.emit_told.record_key is 'The record''s key, in its text form';
comment on column dist.emit_told.at is 'The as_of of the run that told of it';

-- No foreign keys, which would be paid by each record that is told of.
create function dist._follow_step() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'DELETE' then
        delete from dist.emit_state e where (e.schedule, e.position) = (old.schedule, old.position);
        delete from dist.emit_told e where (e.schedule, e.position) = (old.schedule, old.position);
    else
        update dist.emit_state e set schedule = new.schedule, position = new.position where (e.schedule, e.position) = (old.schedule, old.position);
        update dist.emit_told e set schedule = new.schedule, position = new.position where (e.schedule, e.position) = (old.schedule, old.position);
    end if;
    return null;
end $$;
comment on function dist._follow_step() is 'Internal: what a step has told goes with it';
create trigger follow_deleted after delete on dist.step
    for each row execute function dist._follow_step();
create trigger follow_renamed after update on dist.step
    for each row when ((old.schedule, old.position) is distinct from (new.schedule, new.position)) execute function dist._follow_step();

-- Keys of another object are other records'. (Behind follow_renamed, by name.)
create function dist._forget_told_of_step() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if (select s.object from dist.segment s where s.name = old.target) is distinct from (select s.object from dist.segment s where s.name = new.target) then
        delete from dist.emit_told e where (e.schedule, e.position) = (new.schedule, new.position);
    end if;
    return null;
end $$;
comment on function dist._forget_told_of_step() is 'Internal: of whom a step has told counts no more when it comes to tell of another object';
create trigger forget_told after update of target on dist.step
    for each row when (old.target is distinct from new.target) execute function dist._forget_told_of_step();

-- Another table has other records: its segments begin anew, and so does who tells of them.
create function dist._forget_told() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    delete from dist.emit_state e using dist.segment s where s.object = new.name and e.segment = s.name;
    delete from dist.emit_told e using dist.step p join dist.segment s on s.name = p.target
     where s.object = new.name and (e.schedule, e.position) = (p.schedule, p.position);
    return null;
end $$;
comment on function dist._forget_told() is 'Internal: what was told of a table that the object no longer is counts no more';
create trigger forget_told after update of relation, key_column on dist.object
    for each row when ((old.relation, old.key_column) is distinct from (new.relation, new.key_column)) execute function dist._forget_told();

-- The net changes that a step has yet to tell: who came and went meanwhile has not changed. null where it has told nothing
-- of this segment so far.
create function dist._untold(schedule text, "position" integer, segment text, out joined text[], out gone text[])
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    mark dist.emit_state;
begin
    select * into mark from dist.emit_state e where e.schedule = $1 and e.position = $2 and e.segment = $3;
    if not found then
        return;
    end if;
    -- A record joins and leaves in turn: an even number of changes is none.
    select coalesce(array_agg(n.record_key order by n.record_key collate "C") filter (where n.change = 'joined'), '{}'),
           coalesce(array_agg(n.record_key order by n.record_key collate "C") filter (where n.change = 'left'), '{}')
      into joined, gone
      from (select c.record_key, case when count(*) filter (where c.change = 'joined') * 2 > count(*) then 'joined' else 'left' end as change
              from dist.segment_change c
             where c.run_id >= mark.run_id and c.seq > mark.seq and c.segment = $3
             group by c.record_key
            having count(*) % 2 = 1) n;
end $$;
comment on function dist._untold(text, integer, text) is 'Internal: who has joined and left a segment since a step told of it';
