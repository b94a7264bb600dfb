-- The user's own tables that are routed. Nothing is added to them.

create table dist.object (
    name         text primary key,
    relation     regclass not null,
    key_column   name not null,
    owner_column name not null,
    description  text,
    written_by   name not null
);
comment on table dist.object is 'Intent: a table of the user''s own whose records have an owner';
comment on column dist.object.name is 'Name by which rules and transfers call the table';
comment on column dist.object.relation is 'The table or partitioned table';
comment on column dist.object.key_column is 'Column that identifies a record: smallint, integer, bigint, uuid, text or varchar';
comment on column dist.object.owner_column is 'Column that says who owns the record (null = nobody), of the same types';
comment on column dist.object.description is 'What the records are';
comment on column dist.object.written_by is 'Role that wrote the row; a run refuses it unless that role is a member of the run owner''s';

create function dist._check_object_row() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    warning text;
begin
    new.written_by := dist._writer(new.written_by, case when tg_op = 'UPDATE' then old.written_by end);
    if dist._checks_off() then
        return new;
    end if;
    if btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'name is empty', 'Give the object a name, such as lead.');
    end if;
    perform dist._required(tg_table_name, new.name, 'relation', new.relation::text);
    perform dist._required(tg_table_name, new.name, 'key_column', new.key_column);
    perform dist._required(tg_table_name, new.name, 'owner_column', new.owner_column);
    for warning in select jsonb_array_elements_text(dist._check_object(to_jsonb(new))) loop
        raise warning 'dist.object %: %', quote_literal(new.name), warning;
    end loop;
    return new;
end $$;
create trigger check_row before insert or update on dist.object
    for each row execute function dist._check_object_row();
create trigger check_writer before update of relation, key_column, owner_column
    on dist.object for each row execute function dist._adopt();
