-- Sessions keep what they have compiled from intent (src/router/kept.rs). This is how they learn of an edit of theirs or
-- of anybody's: like of a change of a table's columns, by PostgreSQL's own messages, which come with the commit.

create table dist.intent_stamp (
    nothing boolean
);
comment on table dist.intent_stamp is 'Internal: never has rows; messages about it tell every session that intent has changed';
comment on column dist.intent_stamp.nothing is 'For a dump of a table must name a column';

create function dist._touch_intent() returns trigger
    language c volatile
    as 'MODULE_PATHNAME', 'touch_intent_wrapper';
comment on function dist._touch_intent() is 'Internal: tells every session, once this transaction commits, that intent has changed';

-- By row, for a subscription's changes fire no others; always, for neither they nor session_replication_role may pass by.
do $$
declare
    name text;
begin
    foreach name in array array['object', 'rep', 'shift', 'holiday', 'absence', 'team_member', 'distribution_rule', 'ruleset', 'assignment_rule',
                                'transfer', 'cap', 'policy', 'measure', 'book_segment', 'book', 'hopper', 'automation', 'exclusion', 'segment', 'segment_part', 'segment_related', 'activity_plan', 'formula'] loop
        execute pg_catalog.format('create trigger touch after insert or update or delete on dist.%I '
                                  'for each row execute function dist._touch_intent()', name);
        execute pg_catalog.format('create trigger touch_all after truncate on dist.%I '
                                  'for each statement execute function dist._touch_intent()', name);
        execute pg_catalog.format('alter table dist.%I enable always trigger touch, enable always trigger touch_all', name);
    end loop;
end $$;

-- A statement that was compiled for few members of a segment is not for many (dist._has_many).
create trigger touch after update on dist.segment_roll
    for each row when ((octet_length(old.runs) >= 50000) <> (octet_length(new.runs) >= 50000)) execute function dist._touch_intent();
create trigger touch_new after insert on dist.segment_roll
    for each row when (octet_length(new.runs) >= 50000) execute function dist._touch_intent();
alter table dist.segment_roll enable always trigger touch, enable always trigger touch_new;
