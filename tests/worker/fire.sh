#!/usr/bin/env bash
# When schedules fire, and what an error or a lock does to that.
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

cluster_start fire
prepare

fires_at_its_instant() { # G1
  schedule soon quick 1.5
  eventually "it ran" "select $(ran soon)"
  holds "not early, and less than 250 ms late" "select started_at >= due_at and started_at < due_at + interval '250 ms' from dist.run where schedule = 'soon'"
  holds "it is done" "select next_run_at is null from dist.schedule_state join dist.schedule on id = schedule_id where name = 'soon'"
  holds "the lead has moved" "select rep = 'ann' from public.lead"
}
check "a schedule fires at its instant, once (G1)" fires_at_its_instant

fires_every_second() {
  cluster_psql -c "begin" \
    -c "insert into dist.schedule (name, cron, time_zone, max_runs) values ('each', '* * * * * *', 'UTC', 8)" \
    -c "insert into dist.step (schedule, position, target) values ('each', 1, 'quick')" -c "commit"
  eventually "eight runs" "select count(*) = 8 from dist.run where schedule = 'each' and status = 'succeeded'" 30
  holds "one per second" "select count(distinct due_at) = 8 and max(due_at) - min(due_at) = interval '7 s' from dist.run where schedule = 'each'"
  holds "none early" "select bool_and(started_at >= due_at) from dist.run where schedule = 'each'"
  echo "      lateness in ms, p50 and worst: $(cluster_value "select string_agg(round(extract(epoch from p) * 1000, 1)::text, ' ') from
     (select unnest(percentile_disc(array[0.5, 1.0]) within group (order by finished_at - due_at)) p from dist.run where schedule = 'each') x")"
}
check "a recurring schedule fires at each of its instants" fires_every_second

is_armed_at_once() {
  schedule moved quick 3600
  # The scheduler is asleep until something far off; only the commit's wake can make this punctual.
  cluster_psql -c "update dist.schedule set start_at = (clock_timestamp() + interval '700 ms') at time zone 'UTC' where name = 'moved'"
  eventually "it ran" "select $(ran moved)"
  holds "less than 250 ms late" "select started_at < due_at + interval '250 ms' from dist.run where schedule = 'moved'"
}
check "an edit is armed when it commits" is_armed_at_once

survives_an_error() { # Z6
  schedule bad broken 0.5
  schedule good quick 0.7
  eventually "the good one ran" "select $(ran good)"
  eventually "the bad one has a row" "select $(ran bad failed)"
  holds "with the full error" "select sqlstate = '22023' and message ~ 'broken on purpose' and hint = 'mend it' from dist.run where schedule = 'bad'"
  holds "it is not due any more" "select next_run_at is null from dist.schedule_state join dist.schedule on id = schedule_id where name = 'bad'"
}
check "an error fails its run, is kept in full, and stops nobody else (Z6)" survives_an_error

waits_for_a_lock() {
  schedule held quick 1
  # Somebody holds the schedule's state beyond its instant, then lets go.
  cluster_psql -c "begin" \
    -c "select from dist.schedule_state where schedule_id = (select id from dist.schedule where name = 'held') for update" \
    -c "select pg_sleep(2)" -c "commit" >/dev/null &
  eventually "it ran after the lock was released" "select $(ran held)"
  wait
  holds "and not before" "select started_at > due_at + interval '700 ms' from dist.run where schedule = 'held'"
}
check "a schedule that somebody holds stays due and fires when it is free" waits_for_a_lock

leaks_nothing() {
  schedule leak1 leak 0.5
  schedule leak2 leak 0.6
  eventually "both ran" "select $(ran leak1) and $(ran leak2)"
  holds "neither saw what the other had left" "select count(*) >= 2 and bool_and(leak = '') from public.seen"
}
check "a run leaves no setting and no lock behind for the next" leaks_nothing

obeys_enabled() {
  cluster_psql -c "alter system set pg_dist.enabled = off" -c "select pg_reload_conf()" >/dev/null
  eventually "the setting is known" "select current_setting('pg_dist.enabled') = 'off'"
  schedule off1 quick 0.3
  eventually "its instant is a second past" \
    "select next_run_at < clock_timestamp() - interval '1 s' from dist.schedule_state join dist.schedule on id = schedule_id where name = 'off1'"
  holds "it did not run" "select not $(ran off1)"
  cluster_psql -c "alter system reset pg_dist.enabled" -c "select pg_reload_conf()" >/dev/null
  eventually "it ran" "select $(ran off1)" 5
}
check "pg_dist.enabled = off stops everything, on goes on" obeys_enabled

stays_idle() {
  local before after
  # Nothing is due; a runner that has lingered leaves, and nobody loops.
  schedule far quick 7200
  cluster_psql -c "alter system set pg_dist.runner_linger = '100ms'" -c "select pg_reload_conf()" >/dev/null
  eventually "the runner has left" "select not exists (select from dist._workers() where kind = 'runner')"
  cluster_psql -c "alter system reset pg_dist.runner_linger" -c "select pg_reload_conf()" >/dev/null
  log_mark
  before=$(awk '{print $14 + $15}' "/proc/$(pid_of scheduler)/stat")
  # This is about the passing of time itself.
  sleep 3
  after=$(awk '{print $14 + $15}' "/proc/$(pid_of scheduler)/stat")
  ((after - before <= 2)) || { echo "      the scheduler used $((after - before)) hundredths of a second in three" && return 1; }
}
check "with nothing due, nothing runs" stays_idle

finish
