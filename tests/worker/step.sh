#!/usr/bin/env bash
# Steps that call functions, run by the worker: in a session of the owner's own, which is as new for the next run.
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

cluster_start step
prepare
owner bob
cluster_psql <<'SQL'
create schema bob authorization bob;
create table public.called (by name, session name, path text, due timestamptz, run bigint, pid integer, leak text);
grant all on public.called to public;
set role bob;
create function bob.call() returns void language plpgsql as $$
begin
    insert into public.called values (current_user, session_user, current_setting('search_path'), dist.as_of(), dist.run_id(), pg_backend_pid(),
        concat_ws(', ', current_setting('test.leak', true), to_regclass('pg_temp.leak')::text,
            (select 'a lock' from pg_locks where locktype = 'advisory' and objid = 4343 and pid = pg_backend_pid()),
            (select 'a statement' from pg_prepared_statements where name = 'leak')));
    perform set_config('test.leak', 'a setting', false), pg_advisory_lock(4343);
    create temp table leak (x integer);
    execute 'prepare leak as select 1';
end $$;
create function bob.gone() returns void language sql begin atomic select 1; end;
SQL

call() { # NAME TARGET SECONDS
  cluster_psql -v name="$1" -v target="$2" -v seconds="$3" <<'SQL'
begin;
insert into dist.schedule (name, start_at, owner)
values (:'name', (clock_timestamp() + make_interval(secs => :seconds)) at time zone 'UTC', 'bob');
insert into dist.step (schedule, action, target) values (:'name', 'function', :'target');
commit;
SQL
}

in_the_owners_session() {
  call first bob.call 0.5
  call second bob.call 0.6
  eventually "both ran" "select $(ran first) and $(ran second)"
  holds "as the owner, in the owner's session, with that session's search_path" \
    "select bool_and(by = 'bob' and session = 'bob' and path = 'pg_catalog, \"\$user\", public, pg_temp') from public.called"
  holds "each knows its run and its instant" \
    "select count(*) = 2 from public.called c join dist.run r on r.id = c.run and r.due_at = c.due and r.trigger = 'schedule'"
  holds "one runner ran both" "select count(distinct pid) = 1 from public.called"
  holds "neither found anything of the other's" "select bool_and(leak = '') from public.called"
}
check "a function runs in the owner's session, and leaves nothing in it" in_the_owners_session

function_gone() {
  call gone bob.gone 1
  call after bob.call 1.1
  cluster_psql -c "drop function bob.gone"
  eventually "it failed" "select $(ran gone failed)"
  holds "with the step in the error" \
    "select sqlstate = '42883' and message ~ 'dist.step .gone/1.: function bob.gone does not exist' from dist.failure where schedule = 'gone'"
  eventually "the next one ran" "select $(ran after)"
}
check "a function that is gone fails its own schedule only" function_gone

finish
