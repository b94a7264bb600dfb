#!/usr/bin/env bash
# Sessions that run schedules themselves, and end in the middle of it: dist.tick, dist.run_now, dist.execute. What they had not
# committed is not there and stays due; what they had is not done again (X2). At the same moment as others: never too often.
# Processes are killed, and what they have written is the system's by then.
CLUSTER_FSYNC=off
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# Only the sessions run anything, until the last test.
cluster_start sessions "restart_after_crash = on" "pg_dist.enabled = off" "max_prepared_transactions = 2"
prepare
cluster_psql -c "insert into dist.transfer (name, object, source, predicate, to_rep, on_owned) values ('slowly', 'lead', 'any', 'public.slow()', 'ann', 'reassign')"

due() { # SCHEDULE TRANSFER
  schedule "$1" "$2" 0.1
  eventually "it is due" "select next_run_at <= clock_timestamp() from dist.schedule_status where name = '$1'"
}
reset() { cluster_psql -c "update public.lead set rep = null" -c "update public.pace set seconds = 600"; }
in_the_middle() {
  eventually "a session is in the middle of a run" \
    "select exists (select from pg_stat_activity where backend_type = 'client backend' and wait_event = 'PgSleep')"
}
backend_in_the_middle() { cluster_value "select pid from pg_stat_activity where backend_type = 'client backend' and wait_event = 'PgSleep'"; }

# A session that calls something and is ended while that is at it.
ended() { # HOW SQL
  local client backend
  reset
  psql -X -q -c "$2" >/dev/null 2>&1 &
  client=$!
  in_the_middle
  backend=$(backend_in_the_middle)
  case $1 in
    terminated) cluster_psql -c "select pg_terminate_backend($backend)" >/dev/null ;;
    cancelled) cluster_psql -c "select pg_cancel_backend($backend)" >/dev/null ;;
    killed) kill -9 "$backend" ;;
  esac
  wait "$client" || true
  eventually "it is gone, and the server is there" "select not exists (select from pg_stat_activity where pid = $backend)" 30
}
nothing_happened() { holds "no lead has moved" "select rep is null from public.lead"; }

tick_ended() {
  due t1 quick
  due t2 slowly
  # The first of them had run by then, in the same transaction.
  for how in terminated killed; do
    ended "$how" "select dist.tick()"
    nothing_happened
    holds "no run has a row, and both are due" "select not exists (select from dist.run)
      and (select bool_and(next_run_at <= clock_timestamp() and runs = 0) from dist.schedule_status where name in ('t1', 't2'))"
  done
  cluster_psql -c "update public.pace set seconds = 0" -c "select dist.tick()" >/dev/null
  holds "each ran once" "select count(*) = 2 and count(distinct schedule) = 2 and bool_and(status = 'succeeded') from dist.run"
}
check "dist.tick ended in the middle: all of it is due still, and then runs once (X2)" tick_ended

tick_cancelled() {
  due c1 slow
  ended cancelled "select dist.tick()"
  nothing_happened
  holds "it has failed or been cancelled, and said so" "select count(*) = 1 and bool_and(status in ('failed', 'cancelled') and sqlstate = '57014') from dist.run where schedule = 'c1'"
}
check "dist.tick whose run is cancelled: that run has failed" tick_cancelled

by_hand_ended() {
  schedule h1 slow 3600
  for how in terminated killed; do
    ended "$how" "select dist.run_now('h1')"
    nothing_happened
    ended "$how" "select dist.execute('slow')"
    nothing_happened
  done
  holds "no run has a row" "select not exists (select from dist.run where schedule = 'h1' or trigger = 'execute')"
  cluster_psql -c "update public.pace set seconds = 0" -c "select dist.run_now('h1')" >/dev/null
  holds "it can be run, and its plan is as it was" "select (select count(*) = 1 from dist.run where schedule = 'h1' and status = 'succeeded')
    and (select next_run_at > now() and runs = 0 from dist.schedule_status where name = 'h1')"
}
check "dist.run_now and dist.execute ended in the middle leave nothing, and no lock" by_hand_ended

client_gone() {
  due g1 slow
  reset
  psql -X -q -c "select dist.tick()" >/dev/null 2>&1 &
  local client=$!
  in_the_middle
  kill -9 "$client"
  wait "$client" 2>/dev/null || true
  cluster_psql -c "update public.pace set seconds = 0"
  # The server does not notice, and the run sleeps on; whoever looks after it ends it.
  cluster_psql -c "select pg_terminate_backend($(backend_in_the_middle))" >/dev/null
  eventually "it is due and free" "select dist.tick() = 1"
  holds "it ran once" "select count(*) = 1 from dist.run where schedule = 'g1' and status = 'succeeded'"
}
check "a client that is killed: its session goes on and can be ended" client_gone

at_once() {
  local client clients=()
  cluster_psql -c "begin" -c "insert into dist.schedule (name, cron, max_runs, misfire) values ('five', '* * * * * *', 5, 'all'), ('all', '* * * * * *', null, 'all')" \
    -c "insert into dist.step (schedule, target) values ('five', 'quick'), ('all', 'quick')" -c "commit"
  cluster_psql -c "alter system set pg_dist.enabled = on" -c "select pg_reload_conf()" >/dev/null
  # Three sessions and the worker, for the same instants.
  for client in 1 2 3; do
    (while [[ ! -e $WORK/enough ]]; do echo "select dist.tick();"; done) | psql -X -q -A -t >/dev/null 2>"$WORK/client$client" &
    clients+=($!)
  done
  eventually "six instants have passed" "select count(*) >= 6 from dist.run where schedule = 'all'" 30
  touch "$WORK/enough"
  wait "${clients[@]}"
  cluster_psql -c "select dist.pause('all')" >/dev/null
  eventually "nothing runs" "select not exists (select from dist.running)"
  holds "each instant ran once" "select count(*) = count(distinct due_at) and count(*) = 1 + extract(epoch from max(due_at) - min(due_at))
      and bool_and(status = 'succeeded') from dist.run where schedule = 'all'"
  holds "five are five" "select count(*) = 5 from dist.run where schedule = 'five'"
  [[ $(cat "$WORK"/client? | grep -c ERROR) == 0 ]] || { cat "$WORK"/client? && return 1; }
}
check "three sessions and the worker at the same instants: each runs once, and max_runs holds (Z3)" at_once

held_by_a_prepared_transaction() {
  log_mark
  cluster_psql -c "begin" -c "insert into dist.schedule (name, cron, misfire) values ('held', '* * * * * *', 'one')" \
    -c "insert into dist.step (schedule, target) values ('held', 'quick')" -c "commit"
  eventually "it ran" "select $(ran held)"
  until cluster_psql -c "begin" -c "update dist.schedule set cron = '*/2 * * * * *' where name = 'held'" -c "prepare transaction 'held'" 2>/dev/null; do :; done
  schedule free quick 3.5
  eventually "another schedule runs" "select $(ran free)"
  holds "that one waits" "select next_run_at < clock_timestamp() from dist.schedule_status where name = 'held'"
  cluster_psql -c "rollback prepared 'held'"
  eventually "it goes on by its old plan" "select count(*) >= 2 from dist.run where schedule = 'held' and status = 'succeeded'" 10
  cluster_psql -c "select dist.cancel('held')" >/dev/null
  cluster_value "select string_agg(format('      %s %s %s..%s', id, concat(status, ' ', cause), due_at::time, due_to::time), E'\n' order by id) from dist.run where schedule = 'held'" >"$WORK/held"
  holds "what it missed is one row, and no instant is in two" "
    select exists (select from dist.run where schedule = 'held' and cause = 'misfire')
       and bool_and(n = 1) from (select count(*) as n from (select min(due_at) as a, max(due_at) as z from dist.run where schedule = 'held' and status = 'succeeded') e,
             generate_series(a, z, interval '1 second') g(at)
        join dist.run r on r.schedule = 'held' and g.at between r.due_at and coalesce(r.due_to, r.due_at)
       group by g.at) s" || { cat "$WORK/held" && return 1; }
  [[ $(log_since 'WARNING:  pg_dist') == 0 ]] || { grep 'WARNING:  pg_dist' "$CLUSTER_LOG" && return 1; }
}
check "a prepared transaction that holds a schedule: that one waits, the others do not, and nobody complains" held_by_a_prepared_transaction

finish
