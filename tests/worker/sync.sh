#!/usr/bin/env bash
# Commits that wait for a synchronous standby which does not come: whoever waits can be ended, and what has been
# committed is not run again.
# Processes are killed, and what they have written is the system's by then.
CLUSTER_FSYNC=off
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

cluster_start sync "synchronous_standby_names = 'nobody'" "synchronous_commit = local"
prepare
# The test's own sessions do not wait.
export PGOPTIONS="-c synchronous_commit=local"

# A session that is new after the server has read a setting proves that its processes have been told.
set_for_all() { # SETTING VALUE
  cluster_psql -c "alter system set $1 = '$2'" -c "select pg_reload_conf()" >/dev/null
  PGOPTIONS='' eventually "the setting is known" "select current_setting('$1') = '$2'"
}
commits_wait() { set_for_all synchronous_commit on; }
commits_are_local() { set_for_all synchronous_commit local; }

# Its run is on disk then, and nobody sees it yet.
runner_waits() {
  eventually "a runner waits for the standby" \
    "select exists (select from pg_stat_activity where backend_type = 'pg_dist runner' and wait_event = 'SyncRep')"
}

ran_just_once() { # SCHEDULE
  eventually "it ran" "select $(ran "$1")"
  # Another of the same owner, which a runner takes after it.
  schedule "$1, then" quick 0.1
  eventually "so did the one after it" "select $(ran "$1, then")"
  holds "once" "select count(*) = 1 from dist.run where schedule = '$1'"
}

terminated_while_waiting() {
  local pid began
  commits_wait
  schedule t1 quick 0.2
  runner_waits
  pid=$(pid_of runner)
  began=$(date +%s%N)
  cluster_psql -c "select pg_terminate_backend($pid)" >/dev/null
  eventually "it is gone" "select not exists (select from pg_stat_activity where pid = $pid)" 2
  echo "      gone after $((($(date +%s%N) - began) / 1000000)) ms"
  commits_are_local
  ran_just_once t1
}
check "a runner that waits for a standby obeys SIGTERM, and its run is not repeated" terminated_while_waiting

stopped_while_waiting() {
  local began ended
  commits_wait
  schedule f1 quick 0.2
  runner_waits
  began=$(date +%s%N)
  cluster_stop fast
  ended=$((($(date +%s%N) - began) / 1000000))
  echo "      stopped within $ended ms"
  ((ended < 2000)) || return 1
  cluster_up
  commits_are_local
  ran_just_once f1
}
check "a fast shutdown does not wait for the standby either" stopped_while_waiting

crashed_while_waiting() {
  commits_wait
  schedule p1 quick 0.2
  runner_waits
  cluster_crash
  cluster_up
  # The scheduler, which has to see to what was cut off, does not wait: it starts a runner, and that one does.
  schedule p2 quick 0.2
  runner_waits
  cluster_psql -c "select pg_terminate_backend($(pid_of runner))" >/dev/null
  commits_are_local
  ran_just_once p1
  ran_just_once p2
}
check "nor is a run repeated that a power cut found waiting" crashed_while_waiting

tick_terminated() {
  local client
  commits_wait
  set_for_all pg_dist.enabled off
  schedule k1 quick 0.2
  eventually "it is due" "select next_run_at < clock_timestamp() from dist.schedule_status where name = 'k1'"
  PGOPTIONS='' psql -X -q -c "select dist.tick()" >/dev/null 2>&1 &
  client=$!
  eventually "the session waits for the standby" \
    "select exists (select from pg_stat_activity where query ~ '^select dist.tick' and wait_event = 'SyncRep')"
  cluster_psql -c "select pg_terminate_backend(pid) from pg_stat_activity where query ~ '^select dist.tick'" >/dev/null
  wait "$client" || true
  set_for_all pg_dist.enabled on
  commits_are_local
  ran_just_once k1
}
check "nor one that dist.tick had committed when its session was ended" tick_terminated

finish
