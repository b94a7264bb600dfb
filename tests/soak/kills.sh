# shellcheck shell=bash
# Sourced by run.sh: the ways in which things end. Each kind of kill is a function kill_KIND that returns when it is done;
# a server that was stopped is up again then, one that restarts itself may still be at it.

KINDS=(runner_kill scheduler_kill launcher_kill runner_terminate scheduler_terminate launcher_terminate
  client_kill any_kill postmaster_kill power_cut stop_fast stop_immediate
  promote_after_power_cut promote_after_stop promote_before_power_cut)
# shellcheck disable=SC2034 # read by run.sh
declare -A KILLS=()
KILLS_IN_RUN=0
SLOWEST_STOP=0

# Runs in progress at this moment, 0 where nobody answers.
RUNNING="select l.pid from pg_locks l where l.locktype = 'advisory' and l.classid = dist._running_key()::oid"
runs_in_progress() { cluster_value "select count(*) from ($RUNNING) r" 2>/dev/null || echo 0; }

# Most instants lie between runs, and those within are the interesting ones. So every other kill (AIM=true) waits for
# the next run, and of several runners takes one that is in a run.
AIM=false
take_aim() {
  local end=$((SECONDS + 3))
  IN_RUN=$(runs_in_progress)
  while [[ $AIM == true && $IN_RUN == 0 ]] && ((SECONDS < end)); do
    sleep 0.02
    IN_RUN=$(runs_in_progress)
  done
}
count_in_run() { [[ $IN_RUN == 0 ]] || KILLS_IN_RUN=$((KILLS_IN_RUN + 1)); }

target() { # KIND: the process id of one of the worker's processes of that kind
  local sql end=$((SECONDS + 60)) pid
  sql="select w.pid from dist._workers() w where w.kind = '$1' order by ($AIM and w.pid in ($RUNNING)) desc, random() limit 1"
  until pid=$(cluster_value "$sql" 2>/dev/null) && [[ -n $pid ]]; do
    ((SECONDS < end)) || die "There has been no $1 for a minute."
    sleep 0.1
  done
  echo "$pid"
}

worker_end() { # KIND COMMAND...
  local kind=$1 pid
  shift
  take_aim
  pid=$(target "$kind")
  "$@" "$pid"
  count_in_run
}
terminate() { cluster_value "select pg_terminate_backend($1)" >/dev/null 2>&1 || true; }
# It may have left of its own accord meanwhile.
kill_hard() { kill -KILL "$1" 2>/dev/null || true; }

kill_runner_kill() { worker_end runner kill_hard; }
kill_scheduler_kill() { worker_end scheduler kill_hard; }
kill_launcher_kill() { worker_end launcher kill_hard; }
kill_runner_terminate() { worker_end runner terminate; }
kill_scheduler_terminate() { worker_end scheduler terminate; }
kill_launcher_terminate() { worker_end launcher terminate; }

backend_end() { # CONDITION
  local pid
  cluster_wait "select true" 60
  take_aim
  pid=$(cluster_value "select pid from pg_stat_activity where pid <> pg_backend_pid() and $1 order by random() limit 1")
  [[ -z $pid ]] || kill_hard "$pid"
  count_in_run
}
kill_client_kill() { backend_end "application_name like 'soak %'"; }
# The walwriter, the checkpointer, a walsender, autovacuum or one of those above.
kill_any_kill() { backend_end "true"; }

server_end() { # COMMAND...
  local began ended
  # A server that is still recovering from the kill before is waited for: pg_ctl would not stop it properly.
  cluster_wait "select true" 60
  take_aim
  began=${EPOCHREALTIME/./}
  "$@"
  ended=${EPOCHREALTIME/./}
  count_in_run
  [[ $1 != cluster_stop || $((ended - began)) -le $SLOWEST_STOP ]] || SLOWEST_STOP=$((ended - began))
  cluster_up
}
kill_postmaster_kill() { server_end cluster_crash postmaster; }
kill_power_cut() { server_end cluster_crash; }
kill_stop_fast() { server_end cluster_stop fast; }
kill_stop_immediate() { server_end cluster_stop immediate; }

# All kinds once, in an order of their own, then again: so also a short sample has each of them.
shuffled_kinds() { # ROUND
  local kinds=("${KINDS[@]}") i j swap
  seed_with $((SEED + 1000 * $1))
  for ((i = ${#kinds[@]} - 1; i > 0; i--)); do
    j=$((RANDOM % (i + 1)))
    swap=${kinds[i]} kinds[i]=${kinds[j]} kinds[j]=$swap
  done
  # shellcheck disable=SC2034 # read by run.sh
  DECK=("${kinds[@]}")
}

# Everything random about a kill follows from the seed and its number, so a later sitting goes on where one has ended.
seed_with() { # NUMBER
  RANDOM=$1
  # The first numbers of neighbouring seeds are alike.
  : $RANDOM $RANDOM $RANDOM
}
