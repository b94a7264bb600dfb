-- What lies in the hoppers, who has claimed how much today, and who may not claim what he has put back.

create table dist.hopper_record (
    object     text not null,
    record_key text not null,
    hopper     text not null,
    rep        text,
    since      timestamptz not null,
    run_id     bigint not null,
    expires_at timestamptz,
    primary key (object, record_key)
);
-- In the order in which they leave it, where no ranking says otherwise.
create index hopper_record_age on dist.hopper_record (hopper, since, record_key collate "C");
create index hopper_record_expiry on dist.hopper_record (hopper, expires_at) where expires_at is not null;
comment on table dist.hopper_record is 'State: what lies in which hopper; a record lies in one at most';
comment on column dist.hopper_record.object is 'The object';
comment on column dist.hopper_record.record_key is 'The record''s key, in its text form';
comment on column dist.hopper_record.hopper is 'The hopper';
comment on column dist.hopper_record.rep is 'Who owned it when it came in; null = nobody';
comment on column dist.hopper_record.since is 'Since when: the as_of of the run that put it there';
comment on column dist.hopper_record.run_id is 'The run that put it there';
comment on column dist.hopper_record.expires_at is 'When it leaves the hopper by itself; null = never';

create table dist.claim_use (
    hopper text not null references dist.hopper on update cascade on delete cascade,
    rep    text not null references dist.rep on update cascade on delete cascade,
    day    date not null,
    used   integer not null,
    primary key (hopper, rep)
);
comment on table dist.claim_use is 'State: how many records each rep has claimed today; locked while he claims';
comment on column dist.claim_use.hopper is 'The hopper, which has a claim_limit';
comment on column dist.claim_use.rep is 'The rep';
comment on column dist.claim_use.day is 'The day, in the rep''s zone, that was the latest on which he claimed';
comment on column dist.claim_use.used is 'So many records he has claimed on that day, undone ones subtracted';

create table dist.cool_off (
    object     text not null,
    record_key text not null,
    rep        text not null,
    until      timestamptz not null,
    primary key (object, record_key, rep)
);
comment on table dist.cool_off is 'State: who has put a record back into a hopper, and until when he cannot claim it again';
comment on column dist.cool_off.object is 'The object';
comment on column dist.cool_off.record_key is 'The record''s key, in its text form';
comment on column dist.cool_off.rep is 'The rep';
comment on column dist.cool_off.until is 'From then on he can';

-- No foreign keys: they would be paid, and a lock on the hopper's row taken, by each record that ever passes through.
create function dist._rename_in_hoppers() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_table_name = 'hopper' then
        update dist.hopper_record set hopper = new.name where hopper = old.name;
    elsif tg_table_name = 'object' then
        update dist.hopper_record set object = new.name where object = old.name;
        update dist.cool_off set object = new.name where object = old.name;
    else
        update dist.hopper_record set rep = new.rep where rep = old.rep;
        update dist.cool_off set rep = new.rep where rep = old.rep;
    end if;
    return null;
end $$;
comment on function dist._rename_in_hoppers() is 'Internal: what lies in the hoppers goes by the new name of a hopper, object or rep';
create trigger rename_in_hoppers after update of name on dist.hopper
    for each row when (old.name is distinct from new.name) execute function dist._rename_in_hoppers();
create trigger rename_in_hoppers after update of name on dist.object
    for each row when (old.name is distinct from new.name) execute function dist._rename_in_hoppers();
create trigger rename_in_hoppers after update of rep on dist.rep
    for each row when (old.rep is distinct from new.rep) execute function dist._rename_in_hoppers();

create function dist._check_empty_hopper() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from dist.hopper_record r where r.hopper = old.name) then
        perform dist._refuse(tg_table_name, old.name, '55000', 'records lie in it',
            'Let a transfer with from_hopper take them out, or set active = false.');
    end if;
    return old;
end $$;
create trigger check_empty before delete on dist.hopper
    for each row execute function dist._check_empty_hopper();
