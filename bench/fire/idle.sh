# shellcheck shell=bash
# Sourced by fire.sh: what schedules cost that are not due. Each of the three databases is watched for the same minute.
# shellcheck source=bench/fire/sized.sh
. "$ROOT/bench/fire/sized.sh"

part_idle() {
  sized_cluster
  local size window=60 goals pids now
  # A minute after a database's scheduler has started the next month's part of the audit is made; that is once a day.
  for size in "${FIRE_SIZES[@]}"; do
    cluster_size "$size"
    await "select count(*) > 1 from pg_inherits where inhparent = 'dist.assignment'::regclass" 180
  done
  # Whatever that and the loading had woken has gone back to sleep.
  sleep 12
  say "nothing is due, for $window s"
  declare -A cpu=() wakes=() watched=()
  for size in "${FIRE_SIZES[@]}"; do
    cluster_size "$size"
    watched[$size]=$(workers 'launcher|scheduler|runner' | tr '\n' ' ')
    read -r -a pids <<<"${watched[$size]}"
    cpu[$size]=$(cpu_ms "${pids[@]}")
    wakes[$size]=$(wakeups "${pids[@]}")
  done
  sleep "$window"
  for size in "${FIRE_SIZES[@]}"; do
    cluster_size "$size"
    read -r -a pids <<<"${watched[$size]}"
    now=$(workers 'launcher|scheduler|runner' | tr '\n' ' ')
    [[ $now == "${watched[$size]}" ]] ||
      die "The workers of $PGDATABASE have changed, from ${watched[$size]}to $now: $(cluster_value "select string_agg(backend_type || ' ' || pid || ' since ' || backend_start, ', ') from pg_stat_activity where backend_type like 'pg_dist%'")"
    cpu[$size]=$(minus "$(cpu_ms "${pids[@]}")" "${cpu[$size]}")
    wakes[$size]=$(($(wakeups "${pids[@]}") - wakes[$size]))
    goals=()
    [[ $size != "${FIRE_SIZES[-1]}" ]] || goals=(0.05 10 2)
    result "$size idle schedules: CPU of launcher and scheduler, % of a core" \
      "$(awk -v ms="${cpu[$size]}" -v s="$window" 'BEGIN {printf "%.4f", ms / s / 10}')" "${goals[0]:-}"
    result "$size idle schedules: their memory (RssAnon of ${#pids[@]} processes), MB" "$(memory_mb "${pids[@]}")" "${goals[1]:-}"
    result "$size idle schedules: they wake up so often in a minute" "$((wakes[$size] * 60 / window))" "${goals[2]:-}"
  done
}
