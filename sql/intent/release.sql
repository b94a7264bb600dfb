-- Queues that are emptied by themselves: at a rate, or when somebody can take something.

create table dist.release (
    name           text primary key,
    hopper         text not null references dist.hopper on update cascade,
    transfer       text not null references dist.transfer on update cascade,
    per_hour       numeric,
    when_available boolean not null default false,
    every          interval not null default '1 minute',
    owner          name not null default current_user,
    active         boolean not null default true,
    description    text
);
create index on dist.release (hopper);
create index on dist.release (transfer);
comment on table dist.release is 'Intent: lets what waits in a hopper or queue go out by a transfer, at a rate or when somebody can take something';
comment on column dist.release.name is 'Name of the release';
comment on column dist.release.hopper is 'The hopper; by default the one that the transfer takes from';
comment on column dist.release.transfer is 'The transfer, whose from_hopper it is';
comment on column dist.release.per_hour is 'At most so many records an hour, evenly; null = as many as the transfer takes';
comment on column dist.release.when_available is 'Whether it is tried again and again, so that what waits goes out when a rep becomes available or falls under his load';
comment on column dist.release.every is 'How often it is tried where nobody could take anything';
comment on column dist.release.owner is 'Role whose rights its runs have; by default who wrote the row';
comment on column dist.release.active is 'A passive release lets nothing go';
comment on column dist.release.description is 'What it is for';

create table dist.release_state (
    release text primary key references dist.release on update cascade on delete cascade,
    at      timestamptz not null,
    credit  numeric not null
);
comment on table dist.release_state is 'State: how much each release by a rate may let go';
comment on column dist.release_state.release is 'The release';
comment on column dist.release_state.at is 'When that was';
comment on column dist.release_state.credit is 'Records that it could let go then';

create function dist._check_release() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    source text;
begin
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    if btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'name is empty', 'Give the release a name.');
    end if;
    perform dist._required(tg_table_name, new.name, 'transfer', new.transfer);
    perform dist._must_exist(tg_table_name, new.name, 'transfer', new.transfer, 'transfer');
    perform dist._must_exist(tg_table_name, new.name, 'hopper', new.hopper, 'hopper');
    perform dist._check_owner(tg_table_name, new.name, new.owner, case when tg_op = 'UPDATE' then old.owner end);
    select t.from_hopper into source from dist.transfer t where t.name = new.transfer;
    new.hopper := coalesce(new.hopper, source);
    if source is distinct from new.hopper or source is null then
        perform dist._refuse(tg_table_name, new.name, '22023',
            format('transfer %L takes from %s', new.transfer, coalesce('hopper ' || quote_literal(source), 'no hopper')),
            'Name a transfer with from_hopper, and that hopper.');
    end if;
    if not (new.per_hour > 0 and new.per_hour <= 1000000000) then
        perform dist._refuse(tg_table_name, new.name, '23514', format('per_hour %s is out of range', new.per_hour),
            'Give more than 0, up to 1000000000, or null for no rate.');
    elsif new.per_hour is null and new.when_available is not true then
        perform dist._refuse(tg_table_name, new.name, '23514', 'nothing says when it lets records go', 'Set per_hour or when_available, or both.');
    elsif new.every < interval '1 second' or new.every > interval '1 year' then
        perform dist._refuse(tg_table_name, new.name, '23514', format('every %s is out of range', new.every), 'Give 1 second to 1 year.');
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.release
    for each row execute function dist._check_release();
