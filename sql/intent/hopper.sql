-- Where records wait: a hopper, from which reps claim what they want to work on, and a queue, from which only transfers take.

create table dist.hopper (
    name                        text primary key,
    object                      text not null references dist.object on update cascade,
    claimable                   boolean not null default true,
    blind                       boolean not null default true,
    ranking                     text,
    claim_limit                 integer,
    others_may_claim            boolean not null default false,
    cool_off                    interval,
    expires_after               interval,
    expire_to_rep               text references dist.rep on update cascade,
    expire_to_distribution_rule text references dist.distribution_rule on update cascade,
    owner                       name not null default current_user,
    active                      boolean not null default true,
    description                 text,
    written_by                  name not null
);
create index on dist.hopper (object);
comment on table dist.hopper is 'Intent: where records wait for reps to claim them, or (a queue) for a transfer to take them';
comment on column dist.hopper.name is 'Name of the hopper';
comment on column dist.hopper.object is 'The object whose records lie in it';
comment on column dist.hopper.claimable is 'Whether reps can claim from it; false = a queue: only a transfer''s from_hopper takes records out';
comment on column dist.hopper.blind is 'true: who claims receives the best he is eligible for; false: he may also choose';
comment on column dist.hopper.ranking is 'ORDER BY list over r: who leaves it first; the older, then the key decides among equals';
comment on column dist.hopper.claim_limit is 'At most so many claims of each rep and day, the day in the rep''s own time zone; null = any number';
comment on column dist.hopper.others_may_claim is 'Whether a record that lies in it with an owner can be claimed by others';
comment on column dist.hopper.cool_off is 'How long a rep who has put a record back cannot claim it again';
comment on column dist.hopper.expires_after is 'A record leaves it after this long; null = it stays';
comment on column dist.hopper.expire_to_rep is 'Who receives what has expired';
comment on column dist.hopper.expire_to_distribution_rule is
    'Which distribution rule receives what has expired; with neither it leaves the hopper unowned';
comment on column dist.hopper.owner is 'Role whose rights expiry has; by default who wrote the row';
comment on column dist.hopper.active is 'From a passive hopper nothing is claimed and nothing expires; records still come into it';
comment on column dist.hopper.description is 'What the hopper is for';
comment on column dist.hopper.written_by is 'Role that wrote the row; a run refuses it unless that role is a member of the run owner''s';

-- A destination, source or default that is a hopper: it is there, and of the same object.
create function dist._check_hopper_of(relation text, row_name text, field text, hopper text, object text) returns void
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    other_object text;
begin
    if hopper is null then
        return;
    end if;
    perform dist._must_exist(relation, row_name, field, hopper, 'hopper');
    select h.object into other_object from dist.hopper h where h.name = hopper;
    if other_object <> object then
        perform dist._refuse(relation, row_name, '22023', format('hopper %L is about object %L, not %L', hopper, other_object, object),
            'Name a hopper of the same object.');
    end if;
end $$;
comment on function dist._check_hopper_of(text, text, text, text, text) is 'Internal: refuses a hopper that is not there or is about another object';

create function dist._check_hopper() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    new.written_by := dist._writer(new.written_by, case when tg_op = 'UPDATE' then old.written_by end);
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    if btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, new.name, '23514', 'name is empty', 'Give the hopper a name.');
    end if;
    perform dist._required(tg_table_name, new.name, 'object', new.object);
    perform dist._must_exist(tg_table_name, new.name, 'object', new.object, 'object');
    perform dist._must_exist(tg_table_name, new.name, 'expire_to_rep', new.expire_to_rep, 'rep');
    perform dist._must_exist(tg_table_name, new.name, 'expire_to_distribution_rule', new.expire_to_distribution_rule, 'distribution_rule');
    perform dist._check_owner(tg_table_name, new.name, new.owner, case when tg_op = 'UPDATE' then old.owner end);
    if new.claim_limit < 1 then
        perform dist._refuse(tg_table_name, new.name, '23514', format('claim_limit %s is less than 1', new.claim_limit),
            'Give at least 1, or null for any number. To let nobody claim, set claimable = false.');
    end if;
    if new.cool_off < interval '0' or new.cool_off > interval '10 years' then
        perform dist._refuse(tg_table_name, new.name, '23514', format('cool_off %s is out of range', new.cool_off), 'Give 0 to 10 years, or null for none.');
    end if;
    if new.expires_after <= interval '0' or new.expires_after > interval '100 years' then
        perform dist._refuse(tg_table_name, new.name, '23514', format('expires_after %s is out of range', new.expires_after),
            'Give more than 0, up to 100 years, or null if records are to stay.');
    end if;
    if num_nonnulls(new.expire_to_rep, new.expire_to_distribution_rule) > 1 then
        perform dist._refuse(tg_table_name, new.name, '23514', 'what expires has two destinations',
            'Set one of expire_to_rep and expire_to_distribution_rule, or neither to leave it unowned.');
    elsif new.expires_after is null and num_nonnulls(new.expire_to_rep, new.expire_to_distribution_rule) > 0 then
        perform dist._refuse(tg_table_name, new.name, '23514', 'what expires has a destination, and nothing expires',
            'Set expires_after as well.');
    end if;
    if tg_op = 'UPDATE' and new.object <> old.object then
        perform dist._refuse(tg_table_name, new.name, '55000', 'the object of a hopper cannot change', 'Make another hopper for the other object.');
    end if;
    -- As for assignment rules.
    if tg_op = 'INSERT' or new.ranking is distinct from old.ranking then
        perform dist._check_text(tg_table_name, new.name, new.object, to_jsonb(new));
    end if;
    perform dist._check_reps(tg_table_name, new.name, new.object, dist._reachable_reps(new.expire_to_rep, new.expire_to_distribution_rule));
    perform dist._check_segments(tg_table_name, new.name, new.object, array[new.expire_to_distribution_rule]);
    return new;
end $$;
create trigger check_row before insert or update on dist.hopper
    for each row execute function dist._check_hopper();
create trigger check_writer before update of object, ranking, expire_to_rep, expire_to_distribution_rule, owner
    on dist.hopper for each row execute function dist._adopt();

-- What orders the records was checked against the object's table as it was.
create function dist._check_object_hoppers() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not dist._checks_off()
       and (old.relation, old.key_column, old.owner_column) is distinct from (new.relation, new.key_column, new.owner_column) then
        perform dist._check_text('hopper', h.name, new.name, to_jsonb(h)),
                dist._check_reps('hopper', h.name, new.name, dist._reachable_reps(h.expire_to_rep, h.expire_to_distribution_rule))
           from dist.hopper h where h.object = new.name;
    end if;
    return null;
end $$;
create trigger check_hoppers after update on dist.object
    for each row execute function dist._check_object_hoppers();
