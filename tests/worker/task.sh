#!/usr/bin/env bash
# Due work that is no schedule (dist.task), by the worker: punctual, called from a transaction that is still open, beside
# schedules, and not in anybody's way when it fails or finds a lock.
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

cluster_start task
prepare
cluster_psql <<'SQL'
create table public.served (name text, as_of timestamptz, at timestamptz default clock_timestamp(), who name default session_user);
grant all on public.served to public;
create table public.lever (id integer primary key);
insert into public.lever values (1);
create function dist._serve_madeup(name text, as_of timestamptz, live boolean) returns timestamptz language plpgsql as $$
begin
    if name = 'broken' then
        raise exception 'broken on purpose';
    elsif name = 'locked' then
        perform from public.lever for update nowait;
    end if;
    insert into public.served (name, as_of) values (name, as_of);
    return null;
end $$;
SQL
owner tom

is_punctual() {
  cluster_psql -c "select dist._set_task('madeup', 'one', 'tom', clock_timestamp() + interval '1 second')" \
    -c "select dist._set_task('madeup', 'one', 'tom', clock_timestamp() + interval '2 seconds')" >/dev/null
  eventually "both instants were served" "select count(*) = 2 from public.served where name = 'one'"
  holds "in time, by a runner of its owner" "select bool_and(at >= as_of and at < as_of + interval '100 ms' and who = 'tom') from public.served where name = 'one'"
  holds "nothing is left of the calls" "select not exists (select from dist.task_call)"
}
check "work that is called for is done in time, with its owner's session" is_punctual

is_not_lost() {
  # A call in a transaction that is open while another call is served must be served when it commits, and holds nobody up.
  # (The row of the task itself is made with the intent.)
  cluster_psql -c "select dist._make_task('madeup', 'two', 'tom')" >/dev/null
  (
    echo "begin; select dist._set_task('madeup', 'two', 'tom', now());"
    eventually "the other call is served" "select count(*) = 1 from public.served where name = 'two'" >&2
    echo "commit;"
  ) | cluster_psql >/dev/null &
  eventually "the transaction has called" "select exists (select from pg_stat_activity where state = 'idle in transaction' and query ~ '_set_task')"
  cluster_psql -c "select dist._set_task('madeup', 'two', 'tom', now())" >/dev/null
  wait
  eventually "both calls were served" "select count(*) = 2 from public.served where name = 'two'"
}
check "a call waits for nobody, holds nobody up, and is not lost" is_not_lost

stays_due() {
  cluster_psql -c "begin" -c "select from public.lever for update" -c "select dist._set_task('madeup', 'locked', 'tom', now())" -c "commit" >/dev/null
  eventually "it was served" "select exists (select from public.served where name = 'locked')"
  (
    echo "begin; select from public.lever for update;"
    eventually "something is overdue" "select exists (select from dist._overdue('500 ms'))" >&2
    echo "commit;"
  ) | cluster_psql >/dev/null &
  eventually "somebody holds the lock" "select exists (select from pg_stat_activity where state = 'idle in transaction' and query ~ 'lever')"
  cluster_psql -c "select dist._set_task('madeup', 'locked', 'tom', now())" -c "select dist._set_task('madeup', 'broken', 'tom', now())" \
    -c "select dist._set_task('madeup', 'three', 'tom', now())" >/dev/null
  eventually "the others go on" "select exists (select from public.served where name = 'three')"
  eventually "the failure is told" "select exists (select from dist.health where kind = 'madeup' and name = 'broken' and detail ~ 'broken on purpose')"
  wait
  eventually "it was served when the lock was free" "select count(*) = 2 from public.served where name = 'locked'"
  holds "and a lock is no failure" "select failures = 0 from dist.task where name = 'locked'"
}
check "what finds a lock stays due, what fails is tried later, and the others go on" stays_due

is_of_a_role_that_is_gone() {
  cluster_psql -c "create role lost login" -c "select dist._set_task('madeup', 'lost', 'lost', clock_timestamp() + interval '1 second')" -c "drop role lost" >/dev/null
  eventually "it is noted" "select note ~ 'does not exist' from dist.task where name = 'lost'"
  holds "nothing was done" "select not exists (select from public.served where name = 'lost')"
}
check "work of a role that is gone is not done, and says so" is_of_a_role_that_is_gone

finish
