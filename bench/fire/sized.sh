# shellcheck shell=bash
# Sourced by idle.sh and edit.sh: three databases of one server, each with another number of schedules that are not due for
# a long time, and with a scheduler of its own.
#
#   sized_cluster        makes them, where they are not there yet; how long the loading takes is measured
#   cluster_size SIZE    let psql mean this one

SIZED=${SIZED:-}

sized_cluster() {
  [[ -z $SIZED ]] || { cluster_use idle && return; }
  local size began half loaders=()
  cluster_start idle
  for size in "${FIRE_SIZES[@]}"; do
    say "loading $size schedules"
    cluster_psql -c "create database size_$size"
    cluster_size "$size"
    cluster_psql -v number=16 -f bench/fire/setup.sql >/dev/null
    fire_header
    began=$(date +%s%N) half=$((size / 2)) loaders=()
    cluster_psql -U crm -v first=1 -v last="$half" -f bench/fire/idle.sql &
    loaders+=($!)
    cluster_psql -U crm -v first="$((half + 1))" -v last="$size" -f bench/fire/idle.sql &
    loaders+=($!)
    wait "${loaders[0]}"
    wait "${loaders[1]}"
    [[ $size -lt 10000 ]] || result "loading $size schedules and their steps, two sessions: s" "$(divide "$(($(date +%s%N) - began))" 1000000000)"
    [[ $(cluster_value "select count(*) from dist.schedule_state where next_run_at > clock_timestamp()") == "$size" ]] ||
      die "Not every schedule is armed."
    # Autovacuum would come to it within a minute, and make the figures those of whether it has.
    cluster_psql -c "vacuum analyze"
  done
  SIZED=1
}

cluster_size() { # SIZE
  cluster_use idle
  export PGDATABASE=size_$1
}
