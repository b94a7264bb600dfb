#!/usr/bin/env bash
# Whatever ends, is ended or crashes in the middle of a run: the run is neither lost nor doubled (X2).
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

cluster_start survive "restart_after_crash = on"
prepare

# A run that is in progress for as long as the test wants.
start_slow() { # SCHEDULE
  cluster_psql -c "update public.lead set rep = null" -c "update public.pace set seconds = 600"
  schedule "$1" slow 0.3
  eventually "it is running" "select $(sleeping)"
}
let_it_finish() { cluster_psql -c "update public.pace set seconds = 0"; }

ran_once() { # SCHEDULE
  eventually "it ran" "select $(ran "$1")" 30
  holds "once, and it moved the lead" "select (select count(*) = 1 from dist.run where schedule = '$1' and status = 'succeeded') and (select rep = 'ann' from public.lead)"
}

runner_terminated() {
  start_slow r1
  local pid
  pid=$(pid_of runner)
  let_it_finish
  cluster_psql -c "select pg_terminate_backend($pid)" >/dev/null
  eventually "it is gone" "select not exists (select from pg_stat_activity where pid = $pid)"
  ran_once r1
}
check "a runner terminated in a run: the run is repeated" runner_terminated

nothing_is_left_of_it() {
  start_slow r2
  local pid
  pid=$(pid_of runner)
  # The next runner sleeps in the same place, so what is seen then is what the first has left.
  cluster_psql -c "select pg_terminate_backend($pid)" >/dev/null
  eventually "another has taken over" "select $(sleeping) and not exists (select from pg_stat_activity where pid = $pid)"
  holds "no move, still due, and a row that says so" "select (select array_agg(status) = '{interrupted}' from dist.run where schedule = 'r2') and (select rep is null from public.lead) and (select next_run_at <= now() from dist.schedule_state join dist.schedule on id = schedule_id where name = 'r2')"
  let_it_finish
  # It read its pace before it fell asleep: once more.
  cluster_psql -c "select pg_terminate_backend($(pid_of runner))" >/dev/null
  ran_once r2
}
check "of an interrupted run nothing is left but its row and that it is due (X2)" nothing_is_left_of_it

run_cancelled() {
  start_slow r3
  cluster_psql -c "select pg_cancel_backend($(pid_of runner))" >/dev/null
  eventually "it failed" "select $(ran r3 failed)"
  holds "as cancelled" "select sqlstate = '57014' from dist.run where schedule = 'r3' and status = 'failed'"
  let_it_finish
}
check "a cancelled run is a failed run, and the runner goes on" run_cancelled

scheduler_terminated() {
  local pid
  pid=$(pid_of scheduler)
  cluster_psql -c "select pg_terminate_backend($pid)" >/dev/null
  eventually "another is there" "select exists (select from dist._workers() where kind = 'scheduler' and pid <> $pid)" 5
  schedule s1 quick 0.3
  eventually "it ran" "select $(ran s1)"
}
check "a terminated scheduler comes back" scheduler_terminated

launcher_terminated() {
  local pid scheduler
  pid=$(pid_of launcher)
  scheduler=$(pid_of scheduler)
  cluster_psql -c "select pg_terminate_backend($pid)" >/dev/null
  eventually "another is there" "select exists (select from dist._workers() where kind = 'launcher' and pid <> $pid)" 5
  holds "the scheduler was left alone" "select exists (select from dist._workers() where kind = 'scheduler' and pid = $scheduler)"
  cluster_psql -c "select pg_terminate_backend($scheduler)" >/dev/null
  eventually "the new one looks after it" "select exists (select from dist._workers() where kind = 'scheduler' and pid <> $scheduler)" 5
}
check "a terminated launcher comes back and knows whom it looks after" launcher_terminated

runner_killed() {
  start_slow k1
  kill -9 "$(pid_of runner)"
  eventually "the server is back" "select not pg_is_in_recovery()" 30
  eventually "and the run in progress again" "select $(sleeping)" 30
  let_it_finish
  cluster_psql -c "select pg_terminate_backend($(pid_of runner))" >/dev/null
  ran_once k1
}
check "a runner killed in a run: the server recovers and the run is repeated (X2)" runner_killed

fast_shutdown() {
  start_slow f1
  local began ended
  began=$(date +%s%N)
  cluster_stop fast
  ended=$((($(date +%s%N) - began) / 1000000))
  echo "      stopped within $ended ms"
  ((ended < 2000)) || return 1
  cluster_up
  eventually "the run is in progress again" "select $(sleeping)" 30
  let_it_finish
  cluster_psql -c "select pg_terminate_backend($(pid_of runner))" >/dev/null
  ran_once f1
}
check "a fast shutdown does not wait for a run, and the run is repeated" fast_shutdown

power_cut() {
  start_slow p1
  cluster_crash
  cluster_up
  eventually "the run is in progress again" "select $(sleeping)" 30
  let_it_finish
  cluster_psql -c "select pg_terminate_backend($(pid_of runner))" >/dev/null
  ran_once p1
}
check "a power cut in a run: it is repeated (X2)" power_cut

finish
