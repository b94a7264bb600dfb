#!/usr/bin/env bash
# Databases that are dropped while their schedules sleep or run, and more databases than there are processes for: nobody hangs,
# and what does not concern the others does not reach them.
CLUSTER_FSYNC=off
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# Room for the launcher, two schedulers, two runners.
cluster_start databases "max_worker_processes = 5" "max_logical_replication_workers = 0" "pg_dist.runner_linger = 100ms"
prepare
busy_transfer() {
  cluster_psql -c "create function public.busy() returns boolean language plpgsql volatile as \$\$ begin loop null; end loop; end \$\$" \
    -c "insert into dist.transfer (name, object, source, predicate, to_rep, on_owned) values ('busy', 'lead', 'any', 'public.busy()', 'ann', 'reassign')"
}
busy_transfer

has_scheduler() { # DATABASE
  echo "exists (select from pg_stat_activity where backend_type = 'pg_dist scheduler' and datname = '$1')"
}
running_in() { # DATABASE
  echo "exists (select from pg_stat_activity where backend_type = 'pg_dist runner' and datname = '$1' and state = 'active' and query ~ '^running schedule')"
}
# Made afresh, so that the first one's history is not copied.
database() { # NAME
  createdb -T template0 "$1"
  (export PGDATABASE=$1 && prepare)
  eventually "it has a scheduler" "select $(has_scheduler "$1")"
}
milliseconds_of() { # COMMAND...
  local began
  began=$(date +%s%N)
  "$@" || return 1
  echo "      $(($(($(date +%s%N) - began)) / 1000000)) ms: $*"
}

dropped_while_it_sleeps() {
  database sleeps
  # Without FORCE PostgreSQL waits five seconds for sessions to end, and then refuses.
  if timeout 20 dropdb sleeps 2>"$WORK/refused"; then echo "      it was dropped under its scheduler" && return 1; fi
  grep -q "being accessed by other users" "$WORK/refused" || { cat "$WORK/refused" && return 1; }
  (export PGDATABASE=sleeps && schedule still quick 0.3 && eventually "its schedules go on" "select $(ran still)")
  milliseconds_of timeout 20 dropdb --force sleeps
}
check "DROP DATABASE: refused while a scheduler sleeps there, as with any session, and done WITH (FORCE)" dropped_while_it_sleeps

dropped_while_it_runs() {
  local kind
  for kind in slow busy; do
    database "$kind"
    (
      export PGDATABASE=$kind
      [[ $kind != busy ]] || busy_transfer
      schedule r "$kind" 0.2
    )
    eventually "it runs" "select $(running_in "$kind")"
    milliseconds_of timeout 20 dropdb --force "$kind"
    eventually "all of it is gone" "select not exists (select from pg_stat_activity where datname = '$kind')"
  done
}
check "DROP DATABASE WITH (FORCE) in the middle of a run, asleep or busy" dropped_while_it_runs

others_dropped_meanwhile() {
  createdb -T template0 plain
  schedule here busy 0.2
  eventually "it runs" "select $(running_in postgres)"
  # Every process has to take part in that, also one that is deep in a loop.
  milliseconds_of timeout 20 dropdb plain
  holds "it still runs" "select $(running_in postgres)"
  cluster_psql -c "select dist.cancel('here')" -c "select pg_cancel_backend(pid) from pg_stat_activity where backend_type = 'pg_dist runner'" >/dev/null
  eventually "it has ended" "select not $(running_in postgres)"
}
check "DROP DATABASE of another while a run is busy" others_dropped_meanwhile

# One more than there is room for.
too_many_databases() {
  database second
  log_mark
  createdb -T template0 third
  cluster_psql -c "create table public.note (id bigint primary key, rep text)" -c "grant all on public.note to public" \
    -c "insert into dist.object (name, relation, key_column, owner_column) values ('note', 'public.note', 'id', 'rep')" \
    -c "insert into dist.transfer (name, object, to_rep) values ('nothing', 'note', 'ann')"
  # Two runs that last take the two places that are left.
  cluster_psql -c "update public.lead set rep = null"
  schedule keeps slow 0.2
  (export PGDATABASE=second && schedule keeps slow 0.2)
  eventually "both run" "select $(running_in postgres) and $(running_in second)"
  (export PGDATABASE=third && prepare && schedule waits quick 0.2)
  eventually "somebody said so" "select $(cluster_log_has 'no free process for the scheduler of database "third"')" 5
  owner carol
  schedule also nothing 0.2 carol
  (export PGDATABASE=third && eventually "its instant is two seconds past" "select next_run_at < clock_timestamp() - interval '2 s' from dist.schedule_status where name = 'waits'")
  # What runs is let run, and one that ends makes room for whoever comes first.
  cluster_psql -c "select pg_cancel_backend(pid) from pg_stat_activity where backend_type = 'pg_dist runner' and datname = 'second'" >/dev/null
  eventually "the room is used" "select $(has_scheduler third) or $(ran also)" 10
  holds "who was running still is" "select $(running_in postgres)"
  cluster_psql -c "select pg_cancel_backend(pid) from pg_stat_activity where backend_type = 'pg_dist runner' and datname = 'postgres'" >/dev/null
  eventually "the other owner's ran" "select $(ran also)" 10
  (export PGDATABASE=third && eventually "and what was due in the third database" "select $(ran waits)" 10)
  [[ $(log_since 'no free process for the scheduler') == 1 ]] || { echo "      $(log_since 'no free process for the scheduler') lines about a scheduler" && return 1; }
  [[ $(log_since 'no free process to run') -le 2 ]] || { echo "      $(log_since 'no free process to run') lines about runners" && return 1; }
}
cluster_log_has() { if grep -q -- "$1" "$CLUSTER_LOG"; then echo true; else echo false; fi; }
check "no free process for another database's scheduler: one line, it comes when there is room, and the others go on" too_many_databases

# Exit code 0 would unregister the launcher for good, and a scheduler is replaced by whoever started it.
ended_again_and_again() {
  local kind pid
  for kind in launcher scheduler launcher; do
    pid=$(cluster_value "select pid from pg_stat_activity where backend_type = 'pg_dist $kind' order by datname = 'postgres' desc limit 1")
    cluster_psql -c "select pg_terminate_backend($pid)" >/dev/null
    eventually "another $kind is there" "select exists (select from dist._workers() where kind = '$kind' and pid <> $pid)" 10
  done
  [[ $(grep -c 'pg_dist launcher" (PID [0-9]*) exited with exit code 0' "$CLUSTER_LOG") == 0 ]] || { echo "      the launcher has exited with 0" && return 1; }
}
check "launcher and schedulers come back however often they are ended" ended_again_and_again

finish
