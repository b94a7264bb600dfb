-- Undo (X5): each record still as the run left it goes back to its former owner, with each field that is still as it was
-- set; turns are given back; what was changed or is gone is reported and left alone.
create schema undo;
grant usage on schema undo to public;
create table undo.lead (id integer primary key, company text, note text, price numeric(8, 2), code char(3), tags text[], owner text);
insert into undo.lead (id, company, note, price, code, tags, owner)
values (1, 'Acme', 'a', 1.50, 'x', '{p}', null), (2, 'Bolt', null, null, null, null, null), (3, 'Cask', 'c', 3, 'z', '{q,r}', null),
       (4, 'Dune', 'd', 4, null, null, null), (5, 'Echo', 'e', 5, null, null, null), (6, 'Fern', 'f', 6, null, null, null),
       (7, 'Gate', 'g', 7, null, null, 'old'), (8, 'Hill', 'h', 8, null, null, 'old');
grant select, insert, update, delete on undo.lead to test_manager;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'undo.lead', 'id', 'owner');
\c - test_manager
insert into dist.rep (rep) values ('ann'), ('ben'), ('cem'), ('old');
insert into dist.team (team) values ('three');
insert into dist.team_member (team, rep, position) values ('three', 'ann', 1), ('three', 'ben', 2), ('three', 'cem', 3);
insert into dist.distribution_rule (name, strategy, team) values ('turns', 'round_robin', 'three');
insert into dist.transfer (name, object, source, to_distribution_rule, on_owned, set_fields)
values ('give', 'lead', 'any', 'turns', 'reassign', '{"note": "given", "price": 99, "code": "yes", "tags": "{n}"}');
create temp table before as select * from undo.lead;
create function pg_temp.undone(run bigint, out assigned bigint, out unassigned bigint, out reasons jsonb, out trigger text, out undoes_it boolean,
                               out agrees boolean, out reported text) language plpgsql as $$
declare
    made dist.run := dist.undo(run);
begin
    select made.assigned, made.unassigned, made.reasons, made.trigger, made.undoes = run,
           made.candidates = made.assigned + made.unassigned
           and made.assigned = (select count(*) from dist.assignment a where a.run_id = made.id and a.reason = 'undo'),
           (select string_agg(u.record_key || ' ' || u.reason, ', ' order by u.record_key) from dist.unassigned u where u.run_id = made.id)
      into assigned, unassigned, reasons, trigger, undoes_it, agrees, reported;
end $$;

-- Nothing has changed since: the table is as it was, byte for byte, and so is whose turn it is.
select (dist.execute('give')).id as run \gset
select string_agg(l.id || ':' || l.owner || ':' || l.note || ':' || l.code, ' ' order by l.id) as owners from undo.lead l;
select rep, deficit, turns_of_rule from dist.fairness where distribution_rule = 'turns' order by rep;
select * from pg_temp.undone(:run);
select count(*) as differ from undo.lead l full join before b using (id) where l::text is distinct from b::text;
select rep, deficit, turns_of_rule from dist.fairness where distribution_rule = 'turns' order by rep;
select a.record_key, a.old_owner, a.new_owner, a.reason, a.seq from dist.assignment a
 where a.run_id = (select max(id) from dist.run where trigger = 'undo') order by a.seq;
-- Once only; and the same run made again gives the same turns.
select test.refused('select dist.undo(' || :run || ')') like '55000: %undone it already' as refused limit 1;
select (dist.execute('give')).id as again \gset
select not exists ((select seq, record_key, new_owner from dist.assignment where run_id = :run except
                    select seq, record_key, new_owner from dist.assignment where run_id = :again)) as same_turns;

-- Records changed since: another owner is left alone whole; a field changed since stays, its record goes back all the same;
-- a record that is gone is told.
update undo.lead set owner = 'cem' where id = 1;
update undo.lead set note = 'mine now' where id = 2;
update undo.lead set price = null, company = 'Cask & Co' where id = 3;
delete from undo.lead where id = 4;
update undo.lead set owner = null where id = 5;
select * from pg_temp.undone(:again);
select l.id, l.company, l.note, l.price, l.code, l.tags, l.owner from undo.lead l order by l.id;
-- Only the turns of what went back are given back: 2 ben, 3 cem, 6 cem, 7 ann, 8 ben.
select rep, deficit, turns_of_rule from dist.fairness where distribution_rule = 'turns' order by rep;
-- They are used first: those who are owed come before the others.
update undo.lead set owner = null;
update dist.transfer set set_fields = null where name = 'give';
select (dist.execute('give')).id as run \gset
select string_agg(record_key || ':' || new_owner, ' ' order by seq) from dist.assignment where run_id = :run;

-- A key that has come back as another record is still that key; one that has moved on in a later run is left there.
select (dist.undo(:run)).status;
select (dist.execute('give')).id as first \gset
update dist.transfer set row_limit = 2 where name = 'give';
select (dist.execute('give')).id as second \gset
select * from pg_temp.undone(:first);
select * from pg_temp.undone(:second);
select string_agg(l.id || ':' || coalesce(l.owner, '-'), ' ' order by l.id) as owners from undo.lead l;

-- A retrieval is undone likewise, and so is what a schedule did in several steps: each record as it was before the first.
update undo.lead set owner = 'old', note = 'n';
update dist.transfer set row_limit = null, source = 'unowned', set_fields = '{"note": "given"}' where name = 'give';
insert into dist.transfer (name, kind, object, predicate, set_fields) values ('take', 'retrieval', 'lead', 'r.id <= 3', '{"note": "taken", "code": "tkn"}');
insert into dist.schedule (name, start_at, frequency) values ('balance', '2099-01-05 06:00', 'weekly');
insert into dist.step (schedule, position, target) values ('balance', 2, 'give'), ('balance', 1, 'take');
create temp table before_steps as select * from undo.lead;
select id as run from dist.run_now('balance') \gset made_
select r.status, r.assigned, r.trigger, r.schedule, r.transfer, r.object from dist.run r where r.id = :made_run;
select a.seq, a.record_key, a.old_owner, a.new_owner is not null as owned_now, a.reason, a.fields from dist.assignment a where a.run_id = :made_run order by a.seq;
select * from pg_temp.undone(:made_run);
select count(*) as differ from undo.lead l full join before_steps b using (id) where l::text is distinct from b::text;
-- The second step's record taken over by somebody else stays there, also of the first step.
select id as run from dist.run_now('balance') \gset made_
update undo.lead set owner = 'old' where id = 2;
select * from pg_temp.undone(:made_run);
select l.id, l.owner, l.note, l.code from undo.lead l where l.id <= 3 order by l.id;

-- Of the run that is undone nothing is changed or lost: history is only added to.
select r.status, r.assigned, count(a) as moves from dist.run r left join dist.assignment a on a.run_id = r.id where r.id = :made_run group by 1, 2;
-- A column that is dropped has nothing to go back to; the record does.
update undo.lead set owner = null;
select (dist.execute('give')).id as run \gset
\c - postgres
alter table undo.lead drop column note;
\c - test_manager
select status, assigned, unassigned from dist.undo(:run);
-- A run that moved nothing can be undone, to no effect.
update dist.transfer set set_fields = null, row_limit = 0 where name = 'give';
select (dist.execute('give')).id as run \gset
select status, assigned, unassigned from dist.undo(:run);

-- Texts in the audit mean the same in every session: undo restores from another time zone and date style.
\c - postgres
alter table undo.lead add column born date default '2030-02-03', add column at timestamp default '2030-02-03 04:05:06.7',
    add column seen timestamptz default '2030-02-03 04:05:06+00', add column wait interval default '1 mon -2 days 03:00', add column ratio float8 default 0.1::float8 + 0.2;
\c - test_manager
update dist.transfer set row_limit = null, set_fields = '{"born": "2031-12-31", "at": "2031-12-31 23:00", "seen": "2031-12-31 23:00+00", "wait": "-3 days", "ratio": 3.25}' where name = 'give';
select md5(string_agg(l::text, ' ' order by id)) as sum from undo.lead l \gset before_
set datestyle = 'SQL, DMY';
set intervalstyle = 'sql_standard';
set timezone = 'Asia/Kolkata';
set extra_float_digits = 0;
select (dist.execute('give')).id as run \gset
show datestyle;
reset all;
select l.born, l.at, l.seen, l.wait, l.ratio from undo.lead l where id = 1;
select (dist.undo(:run)).assigned;
select md5(string_agg(l::text, ' ' order by id)) = :'before_sum' as as_before from undo.lead l;

\c - postgres
select test.forget_intent();
set client_min_messages = warning;
drop schema undo cascade;
