#!/usr/bin/env bash
# Kills at random instants under load, and then the ledger: no due instant lost or doubled, no record assigned twice,
# audit = moves (X2, G9, G11). What is killed and how is in kills.sh, the load in setup.sql, load.sql and clients.sh, what is
# promised in ledger.sql.
#
# SOAK_KILLS  how many, 200 by default
# SOAK_SEED   the same kinds and pauses again; where they hit is up to the machine
# shellcheck source=scripts/cluster.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../../scripts/cluster.sh"
HERE=$ROOT/tests/soak
# shellcheck source=tests/soak/clients.sh
. "$HERE/clients.sh"
# shellcheck source=tests/soak/kills.sh
. "$HERE/kills.sh"

KILLS_WANTED=${SOAK_KILLS:-200}
SEED=${SOAK_SEED:-20260101}
RANDOM=$SEED
BEGAN=$SECONDS

as_auditor() { PGUSER=auditor cluster_value "$1"; }

# Prints what is broken, if anything.
verdict() { # VIEW
  as_auditor "select format('%s times: %s (%s)', times, broken, example) from crm.$1 where times > 0"
}

fail() { # WHAT...
  printf 'FAIL  soak: %s\n' "$@" >&2
  printf '      seed %s, after %s kills; the last one was %s\n' "$SEED" "$done" "${kind:-none}" >&2
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

cluster_start soak "log_line_prefix = '%m [%p] %e %q%a '" "restart_after_crash = on" "pg_dist.max_runners = 3" \
  "max_connections = 40" "shared_buffers = 64MB" "jit = off"
at_exit clients_stop
for file in setup load ledger; do cluster_psql -f "$HERE/$file.sql" >/dev/null; done
say "soak: $KILLS_WANTED kills, seed $SEED"
clients_start

done=0
DECK=()
while ((done < KILLS_WANTED)); do
  [[ ${#DECK[@]} != 0 ]] || shuffled_kinds
  kind=${DECK[0]}
  DECK=("${DECK[@]:1}")
  # The random instant, 0 to 2 s after the last kill. This pause waits for nothing: it is the experiment.
  printf -v pause '%d.%03d' $((RANDOM % 2)) $((RANDOM % 1000))
  if ((RANDOM % 2)); then AIM=true; else AIM=false; fi
  sleep "$pause"
  echo "=== incident $((done + 1)) $kind" >>"$CLUSTER_LOG"
  "kill_$kind"
  KILLS[$kind]=$((${KILLS[$kind]:-0} + 1))
  done=$((done + 1))
  if ((done % 10 == 0 && done < KILLS_WANTED)); then check_view instants_verdict; fi
  if ((done % 50 == 0 && done < KILLS_WANTED)); then
    check_view audit_verdict
    say "soak: $done kills, $((SECONDS - BEGAN)) s"
  fi
done

# The load ends; everything that is due runs, and nothing is left behind.
echo "=== incident end" >>"$CLUSTER_LOG"
cluster_wait "select true" 60
clients_stop
overdue="select array_agg(format('%s: %s', s.name, st.next_run_at)) from dist.schedule s join dist.schedule_state st on st.schedule_id = s.id
          where s.enabled and st.next_run_at < clock_timestamp() - interval '2 seconds'"
cluster_wait "select ($overdue) is null" 90 || fail "schedules stay due: $(cluster_value "$overdue")"
cluster_psql -c "update dist.schedule set enabled = false where enabled"
cluster_wait "select not exists (select from pg_locks where locktype = 'advisory' and classid = dist._running_key()::oid)"
check_view verdict
workers=$(as_auditor "select string_agg(distinct format('%s %s', n, kind), ', ') from (select kind, count(*) as n from dist.health
  group by kind, database, role) h where n > 1 or (select count(*) from dist.health where kind in ('launcher', 'scheduler')) <> 2")
[[ -z $workers ]] || fail "not one of each: $workers"

cluster_stop fast
for process in /proc/[0-9]*; do
  [[ $(readlink "$process/cwd" 2>/dev/null) != "$PGDATA" ]] || fail "still running: $(tr '\0' ' ' <"$process/cmdline")"
done
complaints=$(awk -v loop=40 -f "$HERE/log.awk" "$CLUSTER_LOG") || fail "the server's log:" "$complaints"
cluster_up

printf '\n'
for kind in "${KINDS[@]}"; do printf '  %-44s %7d\n' "kills: $kind" "${KILLS[$kind]:-0}"; done
printf '  %-44s %7d\n' "kills while a run was in progress" "$KILLS_IN_RUN"
printf '  %-44s %7d\n' "slowest stop, ms" $((SLOWEST_STOP / 1000))
as_auditor "select format('  %s %s', rpad(what, 44), lpad(figure::text, 7)) from crm.summary order by n"
as_auditor "select format('  %s %s', rpad(broken, 62), lpad(times::text, 7)) from crm.verdict"
printf '\n'
say "soak: $done kills in $((SECONDS - BEGAN)) s: 0 instants lost, 0 doubled, audit = moves"
