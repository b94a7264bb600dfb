-- Who belongs to which segment, as it was last refreshed, and who joined and left when.

create table dist.segment_member (
    segment    text not null,
    record_key text not null,
    joined_at  timestamptz not null,
    run_id     bigint not null,
    primary key (segment, record_key)
);
comment on table dist.segment_member is 'State: the records of each segment, as they were found when it was last refreshed';
comment on column dist.segment_member.segment is 'The segment';
comment on column dist.segment_member.record_key is 'The record''s key, in its text form';
comment on column dist.segment_member.joined_at is 'Since when: the as_of of the run that found it';
comment on column dist.segment_member.run_id is 'The run that found it';

create table dist.segment_change (
    run_id     bigint not null,
    segment    text not null,
    record_key text not null,
    change     text not null,
    at         timestamptz not null
);
create index on dist.segment_change (run_id);
comment on table dist.segment_change is 'History: which records joined and left a segment';
comment on column dist.segment_change.run_id is 'dist.run.id';
comment on column dist.segment_change.segment is 'The segment, by the name that it had';
comment on column dist.segment_change.record_key is 'The record''s key, in its text form';
comment on column dist.segment_change.change is 'joined or left';
comment on column dist.segment_change.at is 'The run''s as_of';

-- No foreign keys, as in the hoppers: they would be paid by each record that ever joins.
create function dist._rename_members() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    update dist.segment_member set segment = new.name where segment = old.name;
    return null;
end $$;
comment on function dist._rename_members() is 'Internal: the members of a segment go by its new name';
create trigger rename_members after update of name on dist.segment
    for each row when (old.name is distinct from new.name) execute function dist._rename_members();

create function dist._forget_members() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    delete from dist.segment_member where segment = old.name;
    return null;
end $$;
comment on function dist._forget_members() is 'Internal: the members of a segment go with it';
create trigger forget_members after delete on dist.segment
    for each row execute function dist._forget_members();

-- The same keys once more, packed, where they are whole numbers: to read a million rows takes longer than to find out who
-- belongs to the segment. A refresh compares with them, and keeps them beside the rows.
create table dist.segment_roll (
    segment text primary key,
    keys    bytea not null
);
-- Packed already.
alter table dist.segment_roll alter column keys set storage external;
comment on table dist.segment_roll is 'State: the keys of a segment''s members in a form that is read at once; what is missing is made from dist.segment_member';
comment on column dist.segment_roll.segment is 'The segment, of an object whose keys are whole numbers';
comment on column dist.segment_roll.keys is 'Its members'' keys in order, each as how far it is from the one before it, seven bits a byte';

create function dist._is_routing() returns boolean
    language c volatile
    as 'MODULE_PATHNAME', 'is_routing_wrapper';
comment on function dist._is_routing() is 'Internal: whether the router is running a statement in this session';

-- Whoever else writes members (a new name, an administrator), the packed ones are made anew.
create function dist._forget_roll() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not dist._is_routing() and not dist._checks_off() then
        delete from dist.segment_roll;
    end if;
    return null;
end $$;
comment on function dist._forget_roll() is 'Internal: packed keys go by the members that a refresh has written, and by nobody else''s';
create trigger forget_roll after insert or update or delete or truncate on dist.segment_member
    for each statement execute function dist._forget_roll();

-- Another table has other records.
create function dist._forget_object_members() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    delete from dist.segment_member m using dist.segment s where s.object = new.name and m.segment = s.name;
    return null;
end $$;
comment on function dist._forget_object_members() is 'Internal: keys of a table that the object no longer is are nobody''s';
create trigger forget_members after update of relation, key_column on dist.object
    for each row when ((old.relation, old.key_column) is distinct from (new.relation, new.key_column))
    execute function dist._forget_object_members();
