# shellcheck shell=bash
# Sourced by fire.sh: many schedules that are due at the same instant, of one owner and of four, taking turns in 16
# distribution rules and in one.

part_instant() {
  fire_cluster
  at_one_instant 100 1 move 100
  at_one_instant 1000 1 move 500
  at_one_instant 1000 4 move 500
  at_one_instant 1000 1 shared
  at_one_instant 1000 4 shared
}

# The median of three rounds; the rounds themselves are named in the row.
at_one_instant() { # NUMBER OWNERS TRANSFERS [GOAL]
  local round cpu_before flushes_before took=() cpu=() flushed=() pids what pools='16 pools'
  [[ $3 == move ]] || pools='one shared pool'
  what="$1 due at one instant, $2 owner(s), $pools"
  say "$what"
  for ((round = 1; round <= FIRE_ROUNDS; round++)); do
    load_due "$1" "$2" "$3"
    mapfile -t pids < <(workers runner)
    cpu_before=$(cpu_ms "${pids[@]}")
    flushes_before=$(flushes)
    sleep_until "$DUE"
    await "select count(*) = $1 from dist.run" 120
    mapfile -t pids < <(workers runner)
    cpu+=("$(divide "$(minus "$(cpu_ms "${pids[@]}")" "$cpu_before")" "$1")")
    flushed+=("$(divide "$(($(flushes) - flushes_before))" "$1")")
    runs_are "$1"
    took+=("$(cluster_value "select round(extract(epoch from max(finished_at) - '$DUE') * 1000) from dist.run")")
  done
  result "$what: the last one done after, ms (${took[*]})" "$(median "${took[@]}")" "${4:-}"
  [[ $1 -lt 1000 ]] || result "$what: CPU of the runners per fire, ms" "$(median "${cpu[@]}")"
  [[ $1 -lt 1000 || $2 != 1 || $3 != move ]] ||
    result "$what: flushes of the log per fire, the job's own among them" "$(median "${flushed[@]}")" 1
  # shellcheck disable=SC2034 # for the comparison with pg_cron
  [[ $2 != 1 || $3 != move ]] || LAST_DONE[$1]=$(median "${took[@]}")
}
