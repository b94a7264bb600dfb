-- What can be reached from a destination a session keeps for all transfers that lead there (src/router/reach.rs, kept.rs): one that
-- it has not run before goes by every edit all the same, and keeps what is its own (G7, A1).
create schema reached;
grant usage on schema reached to public;
create table reached.lead (id integer primary key, region text, rep text);
insert into reached.lead values (1, 'north', null), (2, 'south', null);
grant select, update on reached.lead to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('reached', 'reached.lead', 'id', 'rep');
insert into dist.rep (rep) values ('reached ada'), ('reached bob');
insert into dist.team (team) values ('reached');
insert into dist.team_member (team, rep) values ('reached', 'reached ada');
insert into dist.distribution_rule (name, strategy, team) values ('reached', 'round_robin', 'reached');
insert into dist.transfer (name, object, source, on_owned, predicate, to_distribution_rule)
select 'reached ' || n, 'reached', 'any', 'reassign', 'r.id = 1', 'reached' from generate_series(1, 4) n;
insert into dist.transfer (name, object, source, on_owned, predicate, to_rep)
values ('reached bob', 'reached', 'any', 'reassign', 'r.id = 1', 'reached bob');

create function reached.run(transfer text) returns text language plpgsql as $$
begin
    update reached.lead set rep = null where rep is not null;
    perform dist.execute(transfer);
    return (select string_agg(l.id || ' ' || l.rep, ', ' order by l.id) from reached.lead l where l.rep is not null);
exception when others then
    return sqlstate || ' ' || sqlerrm;
end $$;
select reached.run('reached 1');
-- Another place.
select reached.run('reached bob');

-- Its own: an exclusion of the object, its predicate.
update dist.transfer set predicate = null where name = 'reached 2';
select reached.run('reached 2');
insert into dist.exclusion (name, object, predicate) values ('reached', 'reached', 'r.region = ''north''');
select reached.run('reached 2');
delete from dist.exclusion where name = 'reached';

-- The team that they lead to, for one that is new to this session.
update dist.team_member set rep = 'reached bob' where team = 'reached';
select reached.run('reached 3');
begin;
update dist.distribution_rule set strategy = 'rep', team = null, rep = 'reached ada' where name = 'reached';
select reached.run('reached 4');
rollback;
select reached.run('reached 4');
-- Led elsewhere, and what it locks with it.
update dist.transfer set to_distribution_rule = null, to_rep = 'reached ada' where name = 'reached 4';
select reached.run('reached 4');

-- A table that nothing has been compiled from yet: what was read for one that does not compile is forgotten when the table changes.
create table reached.late (id integer primary key, region text, rep text);
insert into reached.late values (1, 'north', null);
grant select, update on reached.late to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('reached late', 'reached.late', 'id', 'rep');
insert into dist.transfer (name, object, criteria, to_distribution_rule, is_template)
select 'reached late ' || n, 'reached late', '{"field": "region", "op": "=", "value": "north"}', 'reached', n = 1
  from generate_series(1, 2) n;
select reached.run('reached late 1');
alter table reached.late rename column region to area;
select reached.run('reached late 2');
alter table reached.late rename column area to region;
select (dist.execute('reached late 2')).assigned;
select rep from reached.late;
select test.forget_intent();
drop schema reached cascade;
