#!/usr/bin/env bash
# The server's clock is set forward and back while it runs, and while it is down: what was missed follows each schedule's
# misfire policy, and nothing runs twice (X2). The clock is that of clock.c.
CLUSTER_FSYNC=off
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

command -v cc >/dev/null || { echo "SKIP  worker/$SUITE: there is no C compiler to build its clock with" && exit 0; }
cluster_prepare
cc -shared -fPIC -O2 -Wall -Wextra -Werror -o "$WORK/clock.so" tests/worker/clock.c

clock_is_off_by() { # SECONDS
  local byte bytes=
  for byte in 0 8 16 24 32 40 48 56; do printf -v bytes '%s\\x%02x' "$bytes" $((($1 >> byte) & 255)); done
  # In place, for the servers look at this very file.
  printf '%b' "$bytes" | dd of="$WORK/offset" conv=notrunc status=none
  echo "$1" >"$WORK/offset.text"
}
step_clock() { clock_is_off_by $(($(<"$WORK/offset.text") + $1)); }

# Five seconds past a full hour, so that no minute passes unless a test wants it to.
clock_is_off_by $((3605 - $(date +%s) % 3600))
chmod a+rx "$WORK/clock.so" "$WORK/offset"
CLUSTER_ENV=("LD_PRELOAD=$WORK/clock.so" "CLOCK_OFFSET=$WORK/offset")
cluster_start clock "max_prepared_transactions = 4" "pg_dist.runner_linger = 1min"
schedules_exist() {
  prepare
  cluster_psql -c "create table since (name text primary key, at timestamptz)"
}
schedules_exist
owner bob
log_mark

minutes() { # NAME MISFIRE NUMBER [ROLE]
  cluster_psql -v name="$1" -v misfire="$2" -v number="$3" -v role="${4:-postgres}" <<'SQL'
begin;
insert into dist.schedule (name, cron, misfire, owner) select format('%s %s', :'name', n), '* * * * *', :'misfire', :'role' from generate_series(1, :number) n;
insert into dist.step (schedule, target) select format('%s %s', :'name', n), 'quick' from generate_series(1, :number) n;
commit;
-- Later in the file the clock says otherwise.
insert into since values (:'name', date_trunc('minute', clock_timestamp()) + interval '1 minute');
SQL
}

# True when whatever was due has been seen to. Also in a database in which nothing else happens, for it wakes the scheduler.
nothing_is_due() {
  cluster_psql -c "select dist._wake()" >/dev/null
  eventually "nothing is due" "select not exists (select from dist.schedule_state st join dist.schedule s on s.id = st.schedule_id where st.next_run_at <= clock_timestamp() and s.enabled)" 30
}

# Every minute of these schedules since they were made has a run, or lies in one skipped range: never both, never twice.
each_minute_once() { # NAME
  holds "each minute of $1 has one outcome" "
    select count(*) > 0 and bool_and(r.n + k.n = 1)
      from since
      join dist.schedule_status s on s.name ~ ('^' || since.name || ' ')
     cross join generate_series(since.at, s.next_run_at - interval '1 minute', interval '1 minute') due(at)
     cross join lateral (select count(*) as n from dist.run r
                          where r.schedule = s.name and r.due_at = due.at and r.status = 'succeeded') r
     cross join lateral (select count(*) as n from dist.run r
                          where r.schedule = s.name and r.status = 'skipped' and due.at between r.due_at and coalesce(r.due_to, r.due_at)) k
     where since.name = '$1'"
}
runs_each() { # NAME LEAST MOST
  holds "$2 to $3 runs each of $1" "
    select min(n) >= $2 and max(n) <= $3 from (select count(r.id) as n from dist.schedule s
      left join dist.run r on r.schedule = s.name and r.status = 'succeeded' where s.name ~ '^$1 ' group by s.name) each"
}

an_hour_down() {
  local began
  minutes down-one one 45
  minutes down-skip skip 11
  # The first thing that a new runner does is not to run.
  minutes down-alone skip 1 bob
  minutes down-all all 3
  cluster_stop
  step_clock 3600
  cluster_up
  began=$(date +%s%N)
  nothing_is_due
  echo "      caught up after $((($(date +%s%N) - began) / 1000000)) ms"
  runs_each down-one 1 1
  runs_each down-skip 0 1
  runs_each down-alone 0 1
  runs_each down-all 60 61
  for name in down-one down-skip down-alone down-all; do each_minute_once "$name"; done
  holds "what was missed is one row" "select count(*) = 57 and bool_and(due_to - due_at > interval '57 minutes')
    from dist.run where schedule ~ '^down-' and status = 'skipped'"
}
check "an hour down, 60 schedules: each misfire policy's number of runs, each minute accounted for (G1)" an_hour_down

# In a database of its own, whose scheduler hears of none of this: there is no commit callback for a prepared transaction
# or an edit with triggers off, and nobody says that the clock has been set.
napping() {
  createdb -T template0 napping
  PGDATABASE=napping
  schedules_exist
  minutes step one 5
  cluster_psql <<'SQL'
insert into dist.schedule (name, start_at, enabled)
values ('prepared', '2999-01-01', true), ('replica', now() at time zone 'UTC' + interval '90 s', false);
insert into dist.step (schedule, target) values ('prepared', 'quick'), ('replica', 'quick');
begin;
update dist.schedule set start_at = now() at time zone 'UTC' + interval '90 s' where name = 'prepared';
prepare transaction 'edit';
commit prepared 'edit';
set session_replication_role = replica;
update dist.schedule set enabled = true where name = 'replica';
SQL
}
(napping)

an_hour_back() {
  local before
  minutes back one 3
  step_clock 60
  nothing_is_due
  runs_each back 1 1
  before=$(cluster_value "select max(next_run_at) from dist.schedule_state")
  step_clock -3600
  # Whoever sleeps wakes once, to fall asleep by the new time.
  cluster_psql -c "select pg_reload_conf()" >/dev/null
  schedule new1 quick 0.3
  eventually "a new schedule runs in time, whatever its runner had been called for" "select $(ran new1)" 5
  step_clock -3600
  cluster_psql -c "alter system set pg_dist.runner_linger = '1s'" -c "select pg_reload_conf()" >/dev/null
  eventually "a runner does not linger for an hour" "select not exists (select from dist._workers() where kind = 'runner')" 5
  schedule new2 quick 0.3
  eventually "another runs in time" "select $(ran new2)" 5
  runs_each back 1 1
  step_clock 7200
  schedule new3 quick 0.3
  eventually "a new schedule runs in time again" "select $(ran new3)" 5
  runs_each back 1 1
  holds "the plan has not changed" "select max(next_run_at) = '$before' from dist.schedule_state"
  step_clock 60
  nothing_is_due
  runs_each back 2 2
  each_minute_once back
}
check "an hour back and forth again: nothing runs twice, what is new runs in time" an_hour_back

same_instants_again() {
  cluster_psql -c "begin" -c "insert into dist.schedule (name, cron, misfire) values ('seconds', '* * * * * *', 'all')" \
    -c "insert into dist.step (schedule, target) values ('seconds', 'quick')" -c "commit"
  eventually "it ran a few times" "select count(*) > 2 from dist.run where schedule = 'seconds'"
  step_clock -3
  # Armed anew, by the same plan, at instants at which it has run.
  cluster_psql -c "update dist.schedule set cron = '*/2 * * * * *' where name = 'seconds'" \
    -c "update dist.schedule set cron = '* * * * * *' where name = 'seconds'"
  eventually "it is past them" "select count(*) > 5 from dist.run where schedule = 'seconds'"
  cluster_psql -c "update dist.schedule set enabled = false where name = 'seconds'"
  holds "one run at each second" "select count(*) = count(distinct due_at)
    and count(*) = 1 + extract(epoch from max(due_at) - min(due_at)) and bool_and(status = 'succeeded')
     from dist.run where schedule = 'seconds' and status <> 'skipped'"
}
check "back over instants that have run, with a plan that comes to them again: none runs twice" same_instants_again

noticed() {
  local began=$SECONDS
  export PGDATABASE=napping
  eventually "the clock is noticed" "select count(distinct schedule) = 5 from dist.run where schedule ~ '^step' and status = 'succeeded'" 33
  eventually "so is the prepared transaction" "select $(ran prepared)" 5
  eventually "so is the edit with triggers off" "select $(ran replica)" 5
  echo "      noticed after $((SECONDS - began)) s"
  runs_each step 1 2
  each_minute_once step
}
check "a step of the clock, a prepared transaction, an edit with triggers off: noticed within 30 s" noticed

nobody_complained() {
  [[ $(log_since 'WARNING:  pg_dist') == 0 ]] || { grep 'WARNING:  pg_dist' "$CLUSTER_LOG" && return 1; }
}
check "and the log has no complaint" nobody_complained

finish
