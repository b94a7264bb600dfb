-- Who reads the outbox (Z10): processes outside that are told of what pg_dist did. dist.event is written only where an
-- active consumer asks for it.

create table dist.consumer (
    name        text primary key,
    kinds       text[],
    objects     text[],
    channel     text,
    owner       name not null default current_user,
    active      boolean not null default true,
    description text
);
comment on table dist.consumer is
    'Intent: processes that read the outbox dist.event, each event once and in order, by dist.read_events(consumer)';
comment on column dist.consumer.name is 'Name of the consumer';
comment on column dist.consumer.kinds is
    'Which kinds of events it is told of: assigned, unowned, in_hopper, claimed, released, expired, failed, held, sla_met, sla_breached, joined, left, idle, record; null = all';
comment on column dist.consumer.objects is 'The objects about which it is told; null = about all, and of what is about none';
comment on column dist.consumer.channel is
    'Channel that is notified (LISTEN) by every transaction that writes an event for it; null = it looks by itself. Transactions that notify commit one after the other';
comment on column dist.consumer.owner is 'Role that reads: only its members can, for whoever reads an event takes it from all others';
comment on column dist.consumer.active is
    'For a passive consumer nothing is written and nothing is kept; switched on, it begins with what is committed from then on';
comment on column dist.consumer.description is 'What it is for';

create function dist._event_kinds() returns text[]
    language sql immutable parallel safe
    set search_path = pg_catalog, pg_temp
    return array['assigned', 'unowned', 'in_hopper', 'claimed', 'released', 'expired', 'failed', 'held', 'sla_met', 'sla_breached', 'joined', 'left', 'idle', 'record'];
comment on function dist._event_kinds() is 'Internal: the kinds of events there are';

create function dist._check_consumer() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    if btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'name is empty', 'Give the consumer a name.');
    end if;
    perform dist._refuse(tg_table_name, new.name, '23514', format('%s has nothing in it, or a null', l.field),
               format('Name at least one, or leave %s null, which means all.', l.field))
       from (values ('kinds', new.kinds), ('objects', new.objects)) l(field, list)
      where l.list = '{}' or array_position(l.list, null) is not null;
    perform dist._one_of(tg_table_name, new.name, 'kind', kind, dist._event_kinds()) from unnest(new.kinds) kind;
    perform dist._must_exist(tg_table_name, new.name, 'object', object, 'object') from unnest(new.objects) object;
    if new.channel = '' or octet_length(new.channel) > 63 then
        perform dist._refuse(tg_table_name, new.name, '22023', format('channel %L is no name of a channel', new.channel),
            'Give 1 to 63 bytes, or null for none.');
    end if;
    perform dist._required(tg_table_name, new.name, 'owner', new.owner);
    if not exists (select from pg_roles where rolname = new.owner) then
        perform dist._refuse(tg_table_name, new.name, '42704', format('role %L does not exist', new.owner),
            'owner is the role that reads the events; by default it is the current user.');
    elsif (tg_op = 'INSERT' or new.owner <> old.owner) and not pg_has_role(current_user, new.owner, 'member') then
        perform dist._refuse(tg_table_name, new.name, '42501', format('role %L cannot let %L read', current_user, new.owner),
            'owner can only be a role that you are a member of.');
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.consumer
    for each row execute function dist._check_consumer();

-- As dist._check_no_source, for the objects that consumers name.
create function dist._check_no_consumer() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform dist._refuse(tg_table_name, old.name, '23503', format('dist.consumer %s names it in objects', dist._shown(c.name, c.owner)),
               'To delete it, change or delete the rows of dist.consumer first.')
       from dist.consumer c
      where old.name = any (c.objects)
      order by c.name collate "C"
      limit 1;
    return old;
end $$;
create trigger check_no_consumer before delete on dist.object
    for each row execute function dist._check_no_consumer();

-- Who has something renamed goes on being told of it, under the new name.
create function dist._rename_consumed() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    update dist.consumer c set objects = array_replace(c.objects, old.name, new.name) where old.name = any (c.objects);
    return null;
end $$;
create trigger rename_consumed after update of name on dist.object
    for each row when (old.name is distinct from new.name) execute function dist._rename_consumed();

-- As in stamp.sql.
create trigger touch after insert or update or delete on dist.consumer
    for each row execute function dist._touch_intent();
create trigger touch_all after truncate on dist.consumer
    for each statement execute function dist._touch_intent();
alter table dist.consumer enable always trigger touch, enable always trigger touch_all;
