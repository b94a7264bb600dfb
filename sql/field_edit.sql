-- What edits of fields have changed: mass edits and formulas, with the values before them.

-- In chunks of arrays: a row for each record would cost more than the edit itself.
create table dist.field_edit_chunk (
    run_id     bigint not null,
    position   integer not null,
    chunk      integer not null,
    relation   text not null,
    key_column name not null,
    field      name not null,
    rows       integer not null,
    keys       text[],
    kind       text,
    packed     bytea,
    before     text[],
    before_all text,
    after      text[],
    after_all  text,
    primary key (run_id, position, chunk, field)
);
-- Packed already.
alter table dist.field_edit_chunk alter column packed set storage external;
comment on table dist.field_edit_chunk is 'History: what steps have set fields to, and what they were; dist.field_edit shows it row by row';
comment on column dist.field_edit_chunk.run_id is 'dist.run.id';
comment on column dist.field_edit_chunk.position is 'dist.step.position';
comment on column dist.field_edit_chunk.chunk is 'Which part of the step''s records, from 0';
comment on column dist.field_edit_chunk.relation is 'The table';
comment on column dist.field_edit_chunk.key_column is 'Its column that identifies a row';
comment on column dist.field_edit_chunk.field is 'The column that was set';
comment on column dist.field_edit_chunk.rows is 'How many';
comment on column dist.field_edit_chunk.keys is 'The rows, by their keys as text; null = packed';
comment on column dist.field_edit_chunk.kind is 'What the packed keys are: integer or uuid';
comment on column dist.field_edit_chunk.packed is 'The keys, each as how far it is from the one before it, seven bits a byte';
comment on column dist.field_edit_chunk.before is 'What each had, as text; null = before_all';
comment on column dist.field_edit_chunk.before_all is 'What all of them had, as text, where it is the same';
comment on column dist.field_edit_chunk.after is 'What each was set to, as text; null = after_all';
comment on column dist.field_edit_chunk.after_all is 'What all of them were set to, as text, where it is the same';

create function dist._unpack_keys(kind text, packed bytea) returns text[]
    language c immutable strict
    as 'MODULE_PATHNAME', 'unpack_keys_wrapper';
comment on function dist._unpack_keys(text, bytea) is 'Internal: the keys of a chunk of edits';

create view dist.field_edit as
    select c.run_id, c.position, c.relation, e.record_key, c.field,
           case when c.before is null then c.before_all else e.before end as before,
           case when c.after is null then c.after_all else e.after end as after
      from dist.field_edit_chunk c,
           rows from (unnest(coalesce(c.keys, dist._unpack_keys(c.kind, c.packed))), unnest(c.before), unnest(c.after)) e(record_key, before, after);
comment on view dist.field_edit is 'Fields that steps have set, row by row: what was there before, and what after';
