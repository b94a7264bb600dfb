#!/usr/bin/env bash
# CREATE EXTENSION and DROP EXTENSION, databases that come and go: the worker follows, and nobody waits for it.
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

cluster_start extension

# dist._workers() is not there without the extension.
has_scheduler() { # DATABASE
  echo "exists (select from pg_stat_activity where backend_type = 'pg_dist scheduler' and datname = '$1')"
}

starts_by_itself() {
  # The first look, before there is an extension anywhere, must be over: then only a commit can bring the scheduler.
  eventually "the launcher is there" "select exists (select from pg_stat_activity where backend_type = 'pg_dist launcher')"
  eventually "no database has a scheduler" "select not exists (select from pg_stat_activity where backend_type = 'pg_dist scheduler')"
  prepare
  eventually "the scheduler is there" "select $(has_scheduler postgres)" 5
  schedule a1 quick 0.5
  eventually "it ran" "select $(ran a1)"
}
check "CREATE EXTENSION starts the scheduler" starts_by_itself

drop_and_create() {
  log_mark
  cluster_psql -c "set client_min_messages = warning" -c "drop extension pg_dist cascade" -c "drop table public.lead, public.pace, public.seen" \
    -c "drop function public.slow, public.leak, public.broken"
  cluster_psql -c "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'pg_dist scheduler'" >/dev/null
  eventually "the scheduler left" "select not $(has_scheduler postgres)"
  prepare
  eventually "the scheduler is there" "select $(has_scheduler postgres)" 5
  schedule d1 quick 0.5
  eventually "it ran" "select $(ran d1)"
  [[ $(log_since 'WARNING:  pg_dist') == 0 ]] || { echo "      it complained" && return 1; }
}
check "DROP EXTENSION and CREATE EXTENSION again" drop_and_create

drop_and_create_at_once() {
  log_mark
  # The scheduler sleeps through the drop, and wakes when there is another extension of the same name.
  cluster_psql -c "set client_min_messages = warning" -c "begin" -c "drop extension pg_dist cascade" \
    -c "drop table public.lead, public.pace, public.seen" -c "drop function public.slow, public.leak, public.broken" -c "commit"
  prepare
  schedule d2 quick 0.5
  eventually "it ran" "select $(ran d2)"
  [[ $(log_since 'WARNING:  pg_dist') == 0 ]] || { echo "      it complained" && return 1; }
}
check "the same while the scheduler sleeps" drop_and_create_at_once

rolled_back() {
  log_mark
  schedule b1 quick 1
  # While the drop is pending, the instant passes.
  cluster_psql -c "set client_min_messages = warning" -c "begin" -c "drop extension pg_dist cascade" -c "select pg_sleep(2)" -c "rollback" >/dev/null
  eventually "it ran" "select $(ran b1)" 10
  createdb rolled
  cluster_psql -d rolled -c "set client_min_messages = warning" -c "begin" -c "create extension pg_dist" -c "rollback"
  holds "no scheduler where the extension was rolled back" "select not $(has_scheduler rolled)"
  [[ $(log_since 'WARNING:  pg_dist') == 0 ]] || { echo "      it complained" && return 1; }
}
check "a DROP or CREATE EXTENSION that is rolled back" rolled_back

several_databases() {
  createdb second
  (PGDATABASE=second prepare && PGDATABASE=second schedule two quick 0.7)
  schedule one quick 0.7
  eventually "here" "select $(ran one)"
  (PGDATABASE=second eventually "there" "select $(ran two)")
  holds "a scheduler each" "select $(has_scheduler postgres) and $(has_scheduler second)"
}
check "several databases, each with its scheduler" several_databases

drop_others() {
  createdb third
  timeout 10 dropdb third || { echo "      DROP DATABASE hung" && return 1; }
  (PGDATABASE=second holds "there is one there" "select $(has_scheduler second)")
  log_mark
  timeout 10 dropdb --force second || { echo "      DROP DATABASE ... FORCE failed" && return 1; }
  schedule after quick 0.3
  eventually "the others go on" "select $(ran after)"
  holds "nobody asks for it any more" "select not exists (select from pg_stat_activity where datname = 'second')"
  # While the drop is under way its database is still listed.
  (($(log_since 'does not exist') <= 2)) || { echo "      the launcher kept trying a database that is gone" && return 1; }
}
check "DROP DATABASE of others, and with FORCE of one with a scheduler" drop_others

finish
