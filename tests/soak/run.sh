#!/usr/bin/env bash
# Kills at random instants under load, restarts and promotions of a standby, and then the ledger: no due instant lost or
# doubled, no record assigned twice, audit = moves (X2, G9, G11). What is killed and how is in kills.sh and promote.sh, the
# load in setup.sql, load.sql and clients.sh, what is promised in ledger.sql.
#
# SOAK_KILLS    how many of this seed, 200 by default, in all sittings together
# SOAK_MINUTES  end this sitting in good order after so long
# SOAK_SEED     the same kinds and pauses again; where they hit is up to the machine
# SOAK_STATE    file in which sittings add up, target/soak/sittings by default; empty = none
# shellcheck source=scripts/cluster.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../../scripts/cluster.sh"
HERE=$ROOT/tests/soak
# shellcheck source=tests/soak/clients.sh
. "$HERE/clients.sh"
# shellcheck source=tests/soak/kills.sh
. "$HERE/kills.sh"
# shellcheck source=tests/soak/promote.sh
. "$HERE/promote.sh"
# shellcheck source=tests/soak/sittings.sh
. "$HERE/sittings.sh"

SEED=${SOAK_SEED:-20260101}
STATE=${SOAK_STATE-$TARGET/soak/sittings}
FROM=$(kills_so_far)
KILLS_WANTED=${SOAK_KILLS:-200}
SERVER=("log_line_prefix = '%m [%p] %e %q%a '" "restart_after_crash = on" "pg_dist.max_runners = 3" "max_connections = 40"
  "shared_buffers = 64MB" "jit = off" "wal_keep_size = 1GB" "max_wal_size = 1GB" "wal_retrieve_retry_interval = 200ms")
BEGAN=$SECONDS

as_auditor() { PGUSER=auditor cluster_value "$1"; }

# Prints what is broken, if anything.
verdict() { # VIEW
  as_auditor "select format('%s times: %s (%s)', times, broken, example) from crm.$1 where times > 0"
}

fail() { # WHAT...
  printf 'FAIL  soak: %s\n' "$@" >&2
  printf '      seed %s, kill %s, %s\n' "$SEED" "$number" "${kind:-none}" >&2
  exit 1
}

check_view() { # VIEW
  local broken
  # What was killed last may be on its way down: it is asked again, once. Crashes lose statistics, so they are renewed.
  cluster_wait "select true" 60
  broken=$(cluster_psql -c analyze && verdict "$1") ||
    { cluster_wait "select true" 60 && cluster_psql -c analyze && broken=$(verdict "$1"); }
  [[ -z $broken ]] || fail "$broken"
}

# In the log of each server, so that what is said about one kill can be told from the rest (log.awk).
incident() { echo "=== incident $number $kind" >>"$CLUSTER_LOG"; }

number=$FROM
if ((FROM >= KILLS_WANTED)); then
  sum_of_sittings
  exit 0
fi
cluster_start "node$NODE" "${SERVER[@]}"
at_exit clients_stop
for file in setup load ledger; do cluster_psql -f "$HERE/$file.sql" >/dev/null; done
publish
make_standby
say "soak: kills $((FROM + 1)) to $KILLS_WANTED of seed $SEED"
clients_start

done=0
ROUND=-1
while ((number < KILLS_WANTED && SECONDS - BEGAN < ${SOAK_MINUTES:-1000000} * 60)); do
  if ((number / ${#KINDS[@]} != ROUND)); then
    ROUND=$((number / ${#KINDS[@]}))
    shuffled_kinds "$ROUND"
  fi
  kind=${DECK[number % ${#KINDS[@]}]}
  seed_with $((SEED + number))
  number=$((number + 1))
  # The random instant, 0 to 2 s after the last kill. This pause waits for nothing: it is the experiment.
  printf -v pause '%d.%03d' $((RANDOM % 2)) $((RANDOM % 1000))
  if ((RANDOM % 2)); then AIM=true; else AIM=false; fi
  sleep "$pause"
  incident
  "kill_$kind"
  KILLS[$kind]=$((${KILLS[$kind]:-0} + 1))
  done=$((done + 1))
  if ((done % 10 == 0 && number < KILLS_WANTED)); then check_view instants_verdict; fi
  if ((done % 50 == 0 && number < KILLS_WANTED)); then
    check_view audit_verdict
    say "soak: $done kills, $PROMOTIONS of them promotions, $((SECONDS - BEGAN)) s"
  fi
done

# The load ends; everything that is due runs, and nothing is left behind.
kind=end
incident
cluster_wait "select true" 60
clients_stop
overdue="select array_agg(format('%s: %s', s.name, st.next_run_at)) from dist.schedule s join dist.schedule_state st on st.schedule_id = s.id
          where s.enabled and st.next_run_at < clock_timestamp() - interval '2 seconds'"
cluster_wait "select ($overdue) is null" 90 || fail "schedules stay due: $(cluster_value "$overdue")"
cluster_psql -c "update dist.schedule set enabled = false where enabled"
cluster_wait "select not exists (select from pg_locks where locktype = 'advisory' and classid = dist._running_key()::oid)"
check_view verdict
workers=$(as_auditor "with seen as (select kind, database, count(*) as n from dist.health
    where kind in ('launcher', 'scheduler', 'runner') group by kind, database)
  select string_agg(format('%s %s', n, kind), ', ') from seen
  where n > case kind when 'runner' then current_setting('pg_dist.max_runners')::integer else 1 end
     or (select count(*) from seen where kind in ('launcher', 'scheduler')) <> 2")
[[ -z $workers ]] || fail "too many, or too few: $workers"

cluster_use "$STANDBY"
cluster_stop fast
cluster_use "$PRIMARY"
cluster_stop fast
for process in /proc/[0-9]*; do
  [[ $(readlink "$process/cwd" 2>/dev/null) != "$WORK"/* ]] || fail "still running: $(tr '\0' ' ' <"$process/cmdline")"
done
complaints=$(cat "$WORK"/*.log "$WORK/$PRIMARY/log" "$WORK/$STANDBY/log" | awk -v loop=40 -f "$HERE/log.awk") ||
  fail "the servers' logs:" "$(head -n 30 <<<"$complaints")"
cluster_up

printf '\n'
for kind in "${KINDS[@]}"; do printf '  %-44s %7d\n' "kills: $kind" "${KILLS[$kind]:-0}"; done
printf '  %-44s %7d\n' "kills while a run was in progress" "$KILLS_IN_RUN"
printf '  %-44s %7d\n' "slowest stop, ms" $((SLOWEST_STOP / 1000)) "first pass after a promotion, slowest, ms" "$SLOWEST_PASS"
as_auditor "select format('  %s %s', rpad(what, 44), lpad(figure::text, 7)) from crm.summary order by n"
as_auditor "select format('  %s %s', rpad(broken, 62), lpad(times::text, 7)) from crm.verdict"
printf '\n'
say "soak: $done kills in $((SECONDS - BEGAN)) s: 0 instants lost, 0 doubled, audit = moves"
figures=$(as_auditor "select format('%s %s %s %s %s %s', count(*) filter (where sure), count(*) filter (where sure and ran > 0),
  count(*) filter (where sure and skipped > 0), (select count(*) from dist.assignment),
  count(*) filter (where sure and ran + skipped = 0), count(*) filter (where ran + skipped > 1)) from crm.dealt_with")
note_sitting "$(date -u +%FT%TZ)" "$(git -C "$ROOT" describe --always --dirty 2>/dev/null || echo unknown)" "$SEED" "$FROM" "$done" \
  "$PROMOTIONS" "$KILLS_IN_RUN" "$figures" $((SECONDS - BEGAN))
sum_of_sittings
