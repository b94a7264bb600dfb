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
