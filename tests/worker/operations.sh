#!/usr/bin/env bash
# What an operator does: sees what runs and how far it is, stops it, finds out what keeps it.
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

cluster_start operations
prepare
owner bob
owner carol

# A run that is in progress for as long as the test wants.
start_slow() { # SCHEDULE [ROLE]
  cluster_psql -c "update public.lead set rep = null" -c "update public.pace set seconds = 600"
  schedule "$1" slow 0.3 "${2:-postgres}"
  eventually "it is running" "select $(sleeping)"
}

# Somebody who holds what a statement locks, until let_go.
hold() { # SQL
  # Where a test before this one has failed, its holder is still there.
  cluster_psql -c "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'nightly load'" >/dev/null
  eventually "nobody holds anything" "select not exists (select from pg_stat_activity where application_name = 'nightly load')"
  cluster_psql -c "set application_name = 'nightly load'" -c "begin" -c "$1" -c "select pg_sleep(60)" >/dev/null 2>&1 &
  eventually "somebody holds it" "select exists (select from pg_stat_activity where application_name = 'nightly load' and wait_event = 'PgSleep')"
}
let_go() {
  cluster_psql -c "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'nightly load'" >/dev/null
  wait
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
  hold "select from dist.object_state for update"
  schedule waiting quick 3600
  cluster_psql -c "update dist.schedule set run_timeout = '300 ms' where name = 'waiting'" -c "select dist.run_now('waiting')" >/dev/null
  holds "it has failed for its timeout" "select message = 'the run took longer than its timeout of 300 milliseconds' from dist.run where schedule = 'waiting'"
  let_go
}
check "waiting for a lock is a part of the time that a run takes (Z9)" waits_too_long

is_watched() { # C5
  start_slow seen bob
  holds "what runs, for whom, and what it is at" \
    "select transfer = 'slow' and step = 1 and steps = 1 and phase = 'reading' and trigger = 'schedule' and kind = 'runner' and role = 'bob'
            and pid = (select a.pid from pg_stat_activity a where a.backend_type = 'pg_dist runner' and a.usename = 'bob')
            and run_id is not null and started_at between due_at and due_at + interval '1 s' and candidates = 0 and moved = 0
       from dist.running where schedule = 'seen'"
  holds "any reader sees it" "set role dist_reader; select count(*) = 1 from dist.running"
  createdb other
  PGDATABASE=other cluster_psql -c "create extension pg_dist"
  PGDATABASE=other holds "nobody in another database does" "select not exists (select from dist.running)"
  cluster_psql -c "select dist.cancel_run('seen')" >/dev/null
  # It waits, in the middle of the move, for somebody who holds its record.
  hold "select from public.lead for update"
  schedule moving quick 0.3 bob
  eventually "it is at its move" "select phase = 'moving' and candidates = 1 and moved = 0 from dist.running where schedule = 'moving'"
  let_go
  eventually "it ran" "select $(ran moving)"
  eventually "nothing is running" "select not exists (select from dist.running)"
}
check "dist.running says what runs and how far it is (C5)" is_watched

is_watched_in_the_middle() { # C5
  cluster_psql -c "create table public.big (id integer primary key, rep text)" -c "insert into public.big select generate_series(1, 20000)" \
    -c "grant all on public.big to public" -c "analyze public.big" \
    -c "insert into dist.object (name, relation, key_column, owner_column) values ('big', 'public.big', 'id', 'rep')" \
    -c "insert into dist.transfer (name, object, to_rep) values ('big', 'big', 'ann')"
  # In whichever order they are moved, this one is neither the first nor the last.
  hold "select from public.big where id = 10000 for update"
  schedule stopped big 0.2
  eventually "it is in the middle" "select moved between 1 and 19999 from dist.running where schedule = 'stopped'"
  holds "cancelled there" "select dist.cancel_run('stopped')"
  eventually "nothing has moved" "select $(ran stopped cancelled) and not exists (select from public.big where rep is not null)"
  schedule big big 0.2
  eventually "so many have moved, and so many have not" "select phase = 'moving' and candidates = 20000 and moved between 1 and 19999 from dist.running where schedule = 'big'"
  let_go
  eventually "it ran" "select $(ran big)"
  holds "all of them have moved" "select assigned = 20000 and (select count(*) = 20000 from public.big where rep = 'ann') from dist.run where schedule = 'big'"
}
check "dist.running counts the records while they move (C5)" is_watched_in_the_middle

is_cancelled() {
  start_slow c1 bob
  [[ $(cluster_psql -c "set role carol" -c "select dist.cancel_run('c1')" 2>&1 || true) == *"not a member of the owner"* ]] ||
    { echo "      anybody can cancel it" && return 1; }
  holds "it is cancelled by a member of the owner's role" "set role bob; select dist.cancel_run('c1')"
  eventually "its row says so" "select $(ran c1 cancelled)"
  holds "who did it, and that nothing is left" \
    "select message = 'cancelled by bob' and sqlstate = '57014' and trigger = 'schedule' and (select rep is null from public.lead)
       from dist.run where schedule = 'c1'"
  holds "the schedule is over, for that was its only instant" "select status = 'Ended' from dist.schedule_status where name = 'c1'"
  holds "there is nothing more to cancel" "select not dist.cancel_run('c1')"
}
check "dist.cancel_run cancels the run, not the schedule" is_cancelled

cancelled_goes_on() {
  cluster_psql -c "update public.lead set rep = null" -c "update public.pace set seconds = 600" \
    -c "begin" -c "insert into dist.schedule (name, cron, attempts, max_runs) values ('c2', '* * * * * *', 5, 2)" \
    -c "insert into dist.step (schedule, target) values ('c2', 'slow')" -c "commit"
  eventually "it is running" "select $(sleeping)"
  holds "cancelled" "select dist.cancel_run('c2')"
  eventually "its row says so" "select $(ran c2 cancelled)"
  eventually "the next instant runs" "select exists (select from dist.running where schedule = 'c2' and due_at > (select due_at from dist.run where schedule = 'c2' and status = 'cancelled'))"
  holds "that is no second attempt, and was not cancelled with the first" "select count(*) = 1 and max(attempt) = 1 from dist.run where schedule = 'c2' and status <> 'skipped'"
  cluster_psql -c "select dist.cancel('c2')" -c "select dist.cancel_run('c2')" >/dev/null
  eventually "over" "select not exists (select from dist.running)"
}
check "a cancelled run is not tried again; the schedule goes on at its next instant" cancelled_goes_on

by_hand_is_cancelled() {
  schedule c3 slow 3600
  cluster_psql -c "update public.lead set rep = null" -c "update public.pace set seconds = 600"
  cluster_psql -A -t -c "select status, message from dist.run_now('c3')" -c "select 'goes on', pg_sleep(0.5)" >"$WORK/by-hand" &
  eventually "it is running, in a session" "select kind = 'session' and trigger = 'manual' and phase = 'reading' from dist.running where schedule = 'c3'"
  holds "cancelled" "select dist.cancel_run('c3')"
  wait
  [[ $(tr '\n' ' ' <"$WORK/by-hand") == 'cancelled|cancelled by postgres goes on| ' ]] || { cat "$WORK/by-hand" && return 1; }
}
check "the run of dist.run_now is cancelled, and its session goes on" by_hand_is_cancelled

whose_process_ends() {
  start_slow gone bob
  cluster_psql -c "select pg_terminate_backend(pid) from dist.running where schedule = 'gone'" >/dev/null
  # The runner after it runs it again; of the first nothing is left.
  eventually "another has taken over" "select $(sleeping) and count(*) = 1 from dist.running"
  cluster_psql -c "select dist.cancel_run('gone')" >/dev/null
  eventually "over" "select not exists (select from dist.running)"
}
check "a run whose process ends is not shown as running" whose_process_ends

all_is_well() { # C5
  holds "the processes are there, nothing is late" \
    "select count(*) filter (where kind = 'launcher' and pid is not null and since < now()) = 1
            and count(*) filter (where kind = 'scheduler' and database = current_database() and pid is not null) = 1
            and bool_or(kind = 'check' and name = 'lag' and detail = 'nothing is overdue')
            and bool_and(status = 'ok') filter (where kind <> 'schedule')
       from dist.health"
}
check "dist.health says that all is well (C5)" all_is_well

is_blocked() { # C5
  hold "select from dist.object_state for update"
  schedule blocked quick 0.1 bob
  eventually "who is in the way, and what it is" \
    "select h.since = s.next_run_at and h.role = 'postgres' and h.pid = a.pid
            and h.detail ~ format('^object ''lead'' is held by process %s, role postgres, application ''nightly load'', active since .*, query: select pg_sleep', a.pid)
       from dist.health h join dist.schedule_status s on s.name = h.name, pg_stat_activity a
      where h.kind = 'blocked' and h.name = 'blocked' and a.application_name = 'nightly load'"
  holds "it is late" "select detail ~ '^1 due; the longest, ''blocked''' and since < now() and status = 'ok' from dist.health where kind = 'check' and name = 'lag'"
  cluster_psql -c "insert into dist.policy values ('misfire_grace', 0)"
  holds "too late" "select status = 'warning' from dist.health where name = 'lag'"
  cluster_psql -c "delete from dist.policy"
  holds "a reader sees it as well" "set role dist_reader; select count(*) = 1 from dist.health where kind = 'blocked'"
  let_go
  eventually "it ran" "select $(ran blocked)"
  holds "nobody is in the way" "select not exists (select from dist.health where kind = 'blocked')"
}
check "dist.health names who holds what a due schedule needs (C5)" is_blocked

waits_for_a_cap() { # X9, C5
  cluster_psql -c "update public.lead set rep = null" -c "insert into dist.cap (name, per, most, rep) values ('a day', 'day', 1000000, 'ann')"
  hold "select from dist.cap_state for update"
  schedule capped quick 0.1 bob
  eventually "who is in the way, and of what" \
    "select h.detail ~ '^cap ''a day'' is held by process' and h.pid = a.pid from dist.health h, pg_stat_activity a
      where h.kind = 'blocked' and h.name = 'capped' and a.application_name = 'nightly load'"
  let_go
  eventually "it ran" "select $(ran capped)"
  holds "at its first attempt, and is counted once" \
    "select count(*) = 1 and min(attempt) = 1 and (select taken = 1 from dist.cap_state) from dist.run where schedule = 'capped'"
  cluster_psql -c "delete from dist.cap"
}
check "a run whose cap is held stays due, and counts by it when that is free (X9)" waits_for_a_cap

waits_for_a_record() { # C5
  cluster_psql -c "update public.lead set rep = null"
  hold "select from public.lead for update"
  schedule waits quick 0.1 bob
  eventually "who is in the way" \
    "select pid = (select a.pid from pg_stat_activity a where a.application_name = 'nightly load') from dist.health where kind = 'blocked' and name = 'waits'"
  holds "the runner says what it is at" "select detail = 'running ''waits'': moving' from dist.health where kind = 'runner' and role = 'bob'"
  let_go
  eventually "it ran" "select $(ran waits)"
}
check "dist.health names who holds the record that a run waits for (C5)" waits_for_a_record

is_switched_off() { # C5
  cluster_psql -c "alter system set pg_dist.enabled = off" -c "select pg_reload_conf()" >/dev/null
  eventually "it says so" "select status = 'warning' from dist.health where kind = 'check' and name = 'pg_dist.enabled'"
  cluster_psql -c "alter system reset pg_dist.enabled" -c "select pg_reload_conf()" >/dev/null
  eventually "no more" "select not exists (select from dist.health where name = 'pg_dist.enabled')"
}
check "dist.health says that nothing fires (C5)" is_switched_off

forgets() { # Z6
  cluster_psql -c "update public.lead set rep = null" -c "select dist.execute('quick', '2020-05-05')" >/dev/null
  cluster_psql -c "update dist.run set finished_at = '2020-05-05' where as_of = '2020-05-05'"
  log_mark
  cluster_psql -c "insert into dist.policy values ('history_days', 365)" -c "alter system set pg_dist.upkeep_interval = '1s'" -c "select pg_reload_conf()" >/dev/null
  eventually "what is old is gone" "select to_regclass('dist.assignment_2020_05') is null and not exists (select from dist.run where finished_at < '2021-01-01')"
  holds "and nothing else" "select $(ran blocked) and $(ran long failed)"
  eventually "the next month's part of the audit is there" "select to_regclass('dist.assignment_' || to_char((now() + interval '1 month') at time zone 'UTC', 'YYYY_MM')) is not null"
  [[ $(log_since 'dropped dist.assignment_2020_05, by the policy history_days') == 1 ]] || { echo "      the log does not say so once" && return 1; }
  cluster_psql -c "delete from dist.policy" -c "alter system reset pg_dist.upkeep_interval" -c "select pg_reload_conf()" >/dev/null
}
check "the worker forgets what is older than history_days (Z6)" forgets

is_named() {
  start_slow "what's up" bob
  holds "the name of what runs" \
    "select query = 'running schedule ''what''''s up''' and state = 'active' and application_name = 'pg_dist runner' and usename = 'bob'
       from pg_stat_activity where backend_type = 'pg_dist runner' and wait_event = 'PgSleep'"
  holds "the others have names" \
    "select count(*) = 2 and bool_and(application_name = backend_type) from pg_stat_activity where backend_type in ('pg_dist launcher', 'pg_dist scheduler') and coalesce(datname, 'postgres') = 'postgres'"
  cluster_psql -c "select dist.cancel_run('what''s up')" >/dev/null
  eventually "over" "select not exists (select from dist.running)"
}
check "pg_stat_activity names what runs" is_named

is_logged() { # Z6
  log_mark
  # A predicate that fails until somebody mends it.
  cluster_psql -c "create function public.shaky() returns boolean language plpgsql as \$\$ begin
      if exists (select from public.pace where seconds < 0) then raise exception 'shaken'; end if; return true; end \$\$" \
    -c "update public.pace set seconds = -1" \
    -c "insert into dist.transfer (name, object, source, predicate, to_rep, on_owned) values ('shaky', 'lead', 'any', 'public.shaky()', 'ann', 'reassign')" \
    -c "begin" -c "insert into dist.schedule (name, cron) values ('shaky', '* * * * * *')" -c "insert into dist.step (schedule, target) values ('shaky', 'shaky')" -c "commit"
  eventually "it failed again and again" "select count(*) >= 3 from dist.failure where schedule = 'shaky'"
  [[ $(log_since "dist.schedule 'shaky' failed for .*, and goes on: shaken") == 1 ]] || { echo "      not one line about the failures" && return 1; }
  cluster_psql -c "update public.pace set seconds = 0"
  eventually "it succeeds again" "select count(*) >= 2 from dist.run where schedule = 'shaky' and status = 'succeeded'"
  [[ $(log_since "dist.schedule 'shaky' succeeded again") == 1 ]] || { echo "      not one line when it is well again" && return 1; }
  cluster_psql -c "update public.pace set seconds = -1" -c "update dist.schedule set pause_after = 2 where name = 'shaky'"
  eventually "it has stopped" "select status = 'Failed' from dist.schedule_status where name = 'shaky'"
  [[ $(log_since "dist.schedule 'shaky' failed for .*, and goes on") == 2 && $(log_since "dist.schedule 'shaky' failed for .*, and has stopped: shaken") == 1 ]] ||
    { echo "      not one line when it stops" && return 1; }
  holds "dist.health says so (G6)" "select status = 'error' and detail ~ 'shaken' from dist.health where kind = 'schedule' and name = 'shaky'"
  # Of the tests before this one:
  [[ $(grep -c "the run of dist.schedule 'c1' for .* was cancelled by bob" "$CLUSTER_LOG") == 1 &&
    $(grep -c "dist.schedule 'long' failed for .*, and has stopped: the run took longer than its timeout of 1 second" "$CLUSTER_LOG") == 1 ]] ||
    { echo "      a run that was cancelled or timed out is not in the log" && return 1; }
}
check "the log has one line when a schedule begins to fail, and one when it is well again" is_logged

finish
