-- Code that a run sets off is kept out of its own schedule, as others are: it cannot start it once more, edit its plan or
-- its steps, or delete it; pausing and cancelling act on the runs after (G9, G11, invariant 2). Its locks do not see to
-- that, for they are its own.
\set VERBOSITY terse
set client_min_messages = warning;
create extension if not exists pg_dist;
create role own_owner login in role dist_manager;
create schema own authorization own_owner;
grant set on parameter pg_dist.clock to own_owner;
\c - own_owner
set client_min_messages = warning;
create function own.tries(command text) returns text language plpgsql as $$
begin
    execute command;
    return 'done';
exception when others then
    return sqlstate || ' ' || sqlerrm;
end $$;
insert into dist.schedule (name, start_at, frequency) values ('own', '2999-01-01 06:00', 'daily');
insert into dist.step (schedule, action, target, args) values ('own', 'function', 'own.tries', '["select"]');
create function pg_temp.inside(command text) returns table (status text, result text, next_run_at timestamp, ended text, runs integer) language plpgsql as $$
begin
    update dist.step s set args = jsonb_build_array(command) where s.schedule = 'own';
    -- So that the run's own instant is past for those who edit meanwhile, as it is by the clock on the wall.
    perform set_config('pg_dist.clock', '2999-01-01 06:00:01+00', true);
    perform dist.tick('2999-01-01 06:00+00');
    return query select string_agg(r.status, ', ' order by r.id), min(p.result), min(st.next_run_at) at time zone 'UTC', min(st.ended), min(st.runs)
      from dist.run r left join dist.run_step p on p.run_id = r.id join dist.schedule_state st on st.schedule_id = r.schedule_id
     where r.schedule = 'own';
end $$;
begin; select * from pg_temp.inside($$ select dist.run_now('own') $$); rollback;
begin; select * from pg_temp.inside($$ select dist.tick('2999-01-05 06:00+00') $$); rollback;
begin; select * from pg_temp.inside($$ update dist.schedule set frequency = 'weekly' where name = 'own' $$); rollback;
begin; select * from pg_temp.inside($$ update dist.step set active = false where schedule = 'own' $$); rollback;
begin; select * from pg_temp.inside($$ delete from dist.schedule where name = 'own' $$); rollback;
begin; select * from pg_temp.inside($$ select dist.pause('own') $$); rollback;
begin; select * from pg_temp.inside($$ select dist.pause('own'), dist.resume('own') $$); rollback;
begin; select * from pg_temp.inside($$ select dist.cancel('own') $$); rollback;
begin; select * from pg_temp.inside($$ select 1 / 0 $$); rollback;
-- After the run, all of it is possible again
begin;
select status from dist.run_now('own');
update dist.schedule set frequency = 'weekly' where name = 'own';
select status from dist.run_now('own');
rollback;

\c - postgres
set client_min_messages = warning;
delete from dist.schedule where name = 'own';
drop schema own cascade;
revoke set on parameter pg_dist.clock from own_owner;
drop role own_owner;
