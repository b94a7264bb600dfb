-- What a match and a public domain refuse when they are written (X11).
\pset tuples_only on
\pset format unaligned
truncate test.refusal;
create schema bad;
grant usage on schema bad to public;
create table bad.lead (id bigint primary key, email text, account bigint, created date, owner text);
create table bad.account (id bigint primary key, name text, website text, founded date, rep text);
grant all on bad.lead, bad.account to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'bad.lead', 'id', 'owner'), ('account', 'bad.account', 'id', 'rep');
insert into dist.rep (rep) values ('ada');
create function pg_temp.match(kind text, own text, other text, more text default '', vals text default '') returns setof text language plpgsql as $$
begin
    return query select test.refused(format('insert into dist.match (name, object, position, kind, own, other_object, other_column%s) '
        'values (''m'', ''lead'', 1, %L, %L, ''account'', %L%s)', more, kind, own, other, vals));
end $$;
select pg_temp.match('domian', 'r.email', 'website');
select pg_temp.match('domain', 'r.mail', 'website');
select pg_temp.match('domain', 'r.email', 'web');
select pg_temp.match('domain', 'r.email', 'id');
select pg_temp.match('domain', null, 'website');
select pg_temp.match('key', 'r.email', 'id');
select pg_temp.match('key', 'r.account, 1', 'id');
select pg_temp.match('key', 'r.account) is null or (true', 'id');
select pg_temp.match('key', 'max(r.account)', 'id');
select pg_temp.match('key', 'generate_series(1, r.account)', 'id');
select pg_temp.match('key', 'now()', 'founded');
select pg_temp.match('key', 'm.id', 'id');
select pg_temp.match('name', 'select ''x''', 'name');
select pg_temp.match('name', 'r.email', 'name', ', threshold', ', 0.5');
select pg_temp.match('similar', 'r.email', 'name', ', threshold', ', 0.2');
select pg_temp.match('similar', 'r.email', 'name', ', threshold', ', 1.1');
select pg_temp.match('similar', 'r.email', 'name', ', threshold', ', 0.5001');
select pg_temp.match('similar', 'r.email', 'name', ', ranking', ', ''r.id''');
select pg_temp.match('similar', 'r.email', 'name', ', ranking', ', ''m.size''');
select pg_temp.match('similar', 'r.email', 'name', ', ranking', ', ''m.id limit 1''');
select pg_temp.match('similar', 'r.email', 'name', ', ranking', ', ''count(*)''');
select pg_temp.match('similar', 'r.email', 'name', ', ranking', ', ''m.founded = ''''today''''''');
select test.refused($$insert into dist.match (name, object, position, kind, own, other_object, other_column) values ('', 'lead', 1, 'key', 'r.id', 'account', 'id')$$);
select test.refused($$insert into dist.match (name, object, position, kind, own, other_object, other_column) values ('m', 'leads', 1, 'key', 'r.id', 'account', 'id')$$);
select test.refused($$insert into dist.match (name, object, position, kind, own, other_object, other_column) values ('m', 'lead', 1, 'key', 'r.id', 'acount', 'id')$$);
select test.refused($$insert into dist.public_domain values ('@Mail.example')$$);
select test.refused($$insert into dist.public_domain values ('nonsense')$$);
insert into dist.match (name, object, position, kind, own, other_object, other_column, ranking) values
    ('m', 'lead', 1, 'key', 'r.account', 'account', 'id', 'm.founded desc'), ('m', 'lead', 2, 'domain', 'r.email', 'account', 'website', null);
select test.refused($$insert into dist.distribution_rule (name, strategy, match) values ('d', 'round_robin', 'n')$$);
insert into dist.distribution_rule (name, strategy, match) values ('d', 'round_robin', 'm');
-- The last row of a name in use stays; a new name goes along, with the last row that has it.
update dist.match set name = 'accounts' where position = 1;
select match from dist.distribution_rule;
update dist.match set name = 'accounts' where name = 'm';
select match from dist.distribution_rule;
delete from dist.match where position = 1;
select test.refused('delete from dist.match');
select test.refused($$delete from dist.object where name = 'account'$$);
-- What the columns become is looked at again.
create table bad.firm (id bigint primary key, website text, rep text);
update dist.object set relation = 'bad.firm' where name = 'account';
create table bad.person (id bigint primary key, rep text);
select test.refused($$update dist.object set relation = 'bad.person' where name = 'account'$$);
-- A column that is dropped: the run says so, and which row it is.
alter table bad.firm drop column website;
insert into dist.transfer (name, object, to_distribution_rule) values ('t', 'lead', 'd');
select test.refused($$select dist.execute('t')$$);
select test.forget_intent();
set client_min_messages = warning;
drop schema bad cascade;
