#!/usr/bin/env bash
# What an operator does: sees what runs and how far it is, stops it, finds out what keeps it.
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

cluster_start operations
prepare
owner bob

# A run that is in progress for as long as the test wants.
start_slow() { # SCHEDULE [ROLE]
  cluster_psql -c "update public.lead set rep = null" -c "update public.pace set seconds = 600"
  schedule "$1" slow 0.3 "${2:-postgres}"
  eventually "it is running" "select $(sleeping)"
}

takes_too_long() { # Z9
  cluster_psql -c "insert into dist.policy values ('run_timeout', 1)"
  start_slow long
  eventually "it failed" "select $(ran long failed)"
  holds "for its timeout, in time, and that is all that is left of it" \
    "select sqlstate = '57014' and message = 'the run took longer than its timeout of 1 second' and hint ~ 'run_timeout'
            and finished_at - started_at between interval '1 s' and interval '5 s' and (select rep is null from public.lead)
       from dist.run where schedule = 'long'"
  # What comes next in the same process is not cancelled by what was meant for that one.
  cluster_psql -c "update public.pace set seconds = 0.5"
  schedule next slow 0.1
  eventually "the next one ran" "select $(ran next)"
  cluster_psql -c "delete from dist.policy"
}
check "a run that takes too long is stopped and has failed, and the runner goes on (Z9)" takes_too_long

waits_too_long() { # Z9
  cluster_psql -c "begin" -c "select from dist.object_state for update" -c "select pg_sleep(600)" -c "commit" >/dev/null 2>&1 &
  eventually "somebody holds the object" "select exists (select from pg_stat_activity where query ~ '^select pg_sleep.600' and wait_event = 'PgSleep')"
  schedule waiting quick 3600
  cluster_psql -c "update dist.schedule set run_timeout = '300 ms' where name = 'waiting'" -c "select dist.run_now('waiting')" >/dev/null
  holds "it has failed for its timeout" "select message = 'the run took longer than its timeout of 300 milliseconds' from dist.run where schedule = 'waiting'"
  cluster_psql -c "select pg_terminate_backend(pid) from pg_stat_activity where query ~ '^select pg_sleep.600'" >/dev/null
  wait
}
check "waiting for a lock is a part of the time that a run takes (Z9)" waits_too_long

finish
