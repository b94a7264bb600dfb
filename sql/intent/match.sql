-- Whose record matches which other record: the owner of the matching account, contact or earlier lead comes first.

create function dist.mail_domain(address text) returns text
    language c immutable strict parallel safe
    as 'MODULE_PATHNAME', 'mail_domain_wrapper';
comment on function dist.mail_domain(text) is
    'The domain of an e-mail or web address as matches compare it: lower case, without www.; null where there is none';

create function dist.company_name(name text) returns text
    language c immutable strict parallel safe
    as 'MODULE_PATHNAME', 'company_name_wrapper';
comment on function dist.company_name(text) is
    'The name of a company as matches compare it: without case, accents, punctuation and legal form; null where nothing is left';

create table dist.match (
    name         text not null,
    object       text not null references dist.object on update cascade,
    position     integer not null,
    kind         text not null,
    own          text not null,
    other_object text not null references dist.object on update cascade,
    other_column text not null,
    threshold    numeric,
    ranking      text,
    active       boolean not null default true,
    description  text,
    written_by   name not null,
    primary key (name, object, position)
);
create index on dist.match (object);
create index on dist.match (other_object);
comment on table dist.match is
    'Intent: by what a record of one object is found to belong to a record of another, whose owner it then goes to first; a distribution rule names the rows of one name';
comment on column dist.match.name is 'Name that distribution_rule.match refers to; a name has rows in order, for one object or several';
comment on column dist.match.object is 'The object whose records are routed';
comment on column dist.match.position is 'Order, lowest first: a later row is asked where those before it found nothing';
comment on column dist.match.kind is
    'key (equal values), domain (dist.mail_domain, public mail domains left out), name (dist.company_name), similar (names with at least threshold in common)';
comment on column dist.match.own is 'What is compared: one SQL expression over the record r, such as r.email';
comment on column dist.match.other_object is 'The object among whose records is looked; only those that an active rep owns';
comment on column dist.match.other_column is 'The column of its table that is compared';
comment on column dist.match.threshold is 'For similar: the least score, 0.3 to 1, by default 0.6; the score is pg_trgm''s similarity() of the plain names';
comment on column dist.match.ranking is 'Who is first where several match equally: ORDER BY list over the other record m; then its key';
comment on column dist.match.active is 'A passive row finds nothing';
comment on column dist.match.description is 'What the row is for';
comment on column dist.match.written_by is 'Role that wrote the row; a run refuses it unless that role is a member of the run owner''s';

create table dist.public_domain (
    domain      text primary key,
    public      boolean not null default true,
    description text
);
comment on table dist.public_domain is
    'Intent: mail domains behind which there is no company, or of the shipped ones that are one after all; see the view dist.public_domains';
comment on column dist.public_domain.domain is 'The domain, as dist.mail_domain has it';
comment on column dist.public_domain.public is 'True: left out of matches by domain; false: not, though it is shipped as public';
comment on column dist.public_domain.description is 'Why';

-- A function, for the same reason as dist._policy_defaults.
create function dist._public_domain_defaults() returns setof text
    language sql immutable
begin atomic
    select unnest(array[
        '163.com', '126.com', 'aol.com', 'att.net', 'bellsouth.net', 'bigpond.com', 'bluewin.ch', 'btinternet.com', 'comcast.net',
        'cox.net', 'daum.net', 'duck.com', 'earthlink.net', 'fastmail.com', 'foxmail.com', 'free.fr', 'freenet.de', 'gmail.com',
        'gmx.at', 'gmx.ch', 'gmx.com', 'gmx.de', 'gmx.net', 'googlemail.com', 'hey.com', 'hotmail.co.uk', 'hotmail.com', 'hotmail.de',
        'hotmail.es', 'hotmail.fr', 'hotmail.it', 'icloud.com', 'inbox.ru', 'juno.com', 'laposte.net', 'libero.it', 'live.co.uk',
        'live.com', 'live.de', 'live.fr', 'live.nl', 'mac.com', 'mail.com', 'mail.de', 'mail.ru', 'me.com', 'msn.com', 'naver.com',
        'o2.pl', 'online.de', 'orange.fr', 'outlook.com', 'outlook.de', 'outlook.es', 'outlook.fr', 'pm.me', 'posteo.de', 'proton.me',
        'protonmail.ch', 'protonmail.com', 'qq.com', 'rambler.ru', 'rediffmail.com', 'rocketmail.com', 'sapo.pt', 'sbcglobal.net',
        'seznam.cz', 'sfr.fr', 'shaw.ca', 'sina.com', 'sky.com', 't-online.de', 'telenet.be', 'terra.com.br', 'tutanota.com', 'uol.com.br',
        'verizon.net', 'virgilio.it', 'wanadoo.fr', 'web.de', 'wp.pl', 'yahoo.ca', 'yahoo.co.in', 'yahoo.co.jp', 'yahoo.co.uk',
        'yahoo.com', 'yahoo.com.br', 'yahoo.de', 'yahoo.es', 'yahoo.fr', 'yahoo.it', 'yandex.com', 'yandex.ru', 'ymail.com',
        'zoho.com', 'ziggo.nl']);
end;
comment on function dist._public_domain_defaults() is 'Internal: the public mail domains that are shipped';

create view dist.public_domains as
    select d as domain
      from dist._public_domain_defaults() d
     where not exists (select from dist.public_domain p where p.domain operator(pg_catalog.=) d and not p.public)
    union
    select p.domain from dist.public_domain p where p.public;
comment on view dist.public_domains is 'The mail domains that are left out of matches by domain';
comment on column dist.public_domains.domain is 'The domain';

create function dist._check_match_text(row_name text, new_row jsonb) returns void
    language c stable
    as 'MODULE_PATHNAME', 'check_match_wrapper';
comment on function dist._check_match_text(text, jsonb) is
    'Internal: refuses a match whose expression, column or ranking do not compile over its objects';

create function dist._check_match() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    row_name text := concat_ws('/', new.name, new.object, new.position);
begin
    new.written_by := dist._writer(new.written_by, case when tg_op = 'UPDATE' then old.written_by end);
    if dist._checks_off() or dist._cascaded() then
        return new;
    end if;
    if btrim(coalesce(new.name, '')) = '' then
        perform dist._refuse(tg_table_name, row_name, '23514', 'name is empty', 'Give the match a name.');
    end if;
    perform dist._required(tg_table_name, row_name, f.field, f.given)
       from (values ('object', new.object), ('position', new.position::text), ('kind', new.kind), ('own', new.own),
                    ('other_object', new.other_object), ('other_column', new.other_column)) f(field, given);
    perform dist._must_exist(tg_table_name, row_name, 'object', new.object, 'object');
    perform dist._must_exist(tg_table_name, row_name, 'other_object', new.other_object, 'object');
    perform dist._one_of(tg_table_name, row_name, 'kind', new.kind, array['key', 'domain', 'name', 'similar']);
    if new.threshold is not null and new.kind <> 'similar' then
        perform dist._refuse(tg_table_name, row_name, '23514', format('threshold is for kind similar, not %s', new.kind),
            'Leave it null: what is compared otherwise is equal or not.');
    elsif new.threshold not between 0.3 and 1 or scale(trim_scale(new.threshold)) > 3 then
        perform dist._refuse(tg_table_name, row_name, '23514', format('threshold %s is out of range', new.threshold),
            'Give 0.3 to 1, with at most 3 decimals; 0.6 finds what is misspelt.');
    end if;
    if tg_op = 'INSERT' or (new.object, new.kind, new.own, new.other_object, new.other_column, new.ranking)
                           is distinct from (old.object, old.kind, old.own, old.other_object, old.other_column, old.ranking) then
        perform dist._check_match_text(row_name, to_jsonb(new));
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.match
    for each row execute function dist._check_match();
create trigger check_writer before update of object, kind, own, other_object, other_column, threshold, ranking on dist.match
    for each row execute function dist._adopt();

create function dist._check_public_domain() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not dist._checks_off() and new.domain is distinct from dist.mail_domain(new.domain) then
        perform dist._refuse(tg_table_name, new.domain, '22023', 'it is not written as domains are compared',
            coalesce('Write ' || quote_literal(dist.mail_domain(new.domain)) || '.', 'Give a domain, such as mail.example.'));
    end if;
    return new;
end $$;
create trigger check_row before insert or update on dist.public_domain
    for each row execute function dist._check_public_domain();

create trigger check_unused_match before delete on dist.object
    for each row execute function dist._check_unused('match.object', 'match.other_object');

-- A name has several rows, so what names it is kept by triggers: the last row of a name in use stays, and a new name goes along.
create function dist._check_match_used() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'UPDATE' and new.name = old.name or exists (select from dist.match m where m.name = old.name) then
        return null;
    end if;
    if tg_op = 'UPDATE' then
        update dist.distribution_rule d set match = new.name where d.match = old.name;
        return null;
    end if;
    perform dist._refuse(tg_table_name, concat_ws('/', old.name, old.object, old.position), '23503',
               format('dist.distribution_rule %L names it in match', d.name),
               'Set active = false to let it find nothing. To delete the last row of a name, change the distribution rules first.')
       from dist.distribution_rule d
      where d.match = old.name
      order by d.name collate "C"
      limit 1;
    return null;
end $$;
create trigger check_used after delete or update of name on dist.match
    for each row execute function dist._check_match_used();

-- As dist._check_object_users.
create function dist._check_object_matches() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not dist._checks_off() and (old.relation, old.owner_column, old.key_column) is distinct from (new.relation, new.owner_column, new.key_column) then
        perform dist._check_match_text(concat_ws('/', m.name, m.object, m.position), to_jsonb(m))
           from dist.match m where new.name in (m.object, m.other_object);
    end if;
    return null;
end $$;
create trigger check_matches after update on dist.object
    for each row execute function dist._check_object_matches();

create function dist._match_intent(object text, rules text[]) returns jsonb
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    names text[] := array(select distinct d.match from dist.distribution_rule d where d.name = any (rules) and d.match is not null);
begin
    if cardinality(names) = 0 then
        return null;
    end if;
    return (
        select jsonb_build_object(
                   'rows', jsonb_agg(to_jsonb(m) || jsonb_build_object('other', dist._object_intent(m.other_object))
                                     order by m.name collate "C", m.position),
                   'public_domains', (select coalesce(jsonb_agg(p.domain), '[]') from dist.public_domains p
                                       where 'domain' = any (array_agg(m.kind))),
                   'reps', (select coalesce(jsonb_agg(p.rep order by p.rep collate "C"), '[]') from dist.rep p where p.active))
          from dist.match m
         where m.name = any (names) and m.object = $1 and m.active
        having count(*) > 0);
end $$;
comment on function dist._match_intent(text, text[]) is 'Internal: the matches that distribution rules name, as Rust reads them; null = none';

-- As in stamp.sql.
do $$
declare
    name text;
begin
    foreach name in array array['match', 'public_domain'] loop
        execute pg_catalog.format('create trigger touch after insert or update or delete on dist.%I '
                                  'for each row execute function dist._touch_intent()', name);
        execute pg_catalog.format('create trigger touch_all after truncate on dist.%I '
                                  'for each statement execute function dist._touch_intent()', name);
        execute pg_catalog.format('alter table dist.%I enable always trigger touch, enable always trigger touch_all', name);
    end loop;
end $$;
