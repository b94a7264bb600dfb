# shellcheck shell=bash
# Sourced by the benchmarks: the clock, medians, the memory of a backend, and the table of results.
#
#   bench_header WHAT                date, machine, server and its settings
#   timed FILE [PSQL ARGUMENT...]    runs a script as role crm: SECONDS_TAKEN of its last statement; of its backend
#                                    CPU_TAKEN (which a busy machine distorts less) and PEAK_MB of RssAnon
#   median NUMBER...                 of an odd or even number of them
#   divide A B                       with three decimals
#   result WHAT MEASURED [GOAL [least]]  a row of the table; a goal is an upper bound (least: a lower one), and missing
#                                    one is remembered
#   results                          prints the table; fails where a goal was missed
# shellcheck source=scripts/cluster.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../scripts/cluster.sh"

RESULTS=()
MISSED=0

bench_header() { # WHAT
  local memory
  memory=$(awk '/^MemTotal/ {printf "%.0f", $2 / 1048576}' /proc/meminfo)
  printf '\n%s\n' "$1"
  printf '%s, %s cores (%s), %s GB of memory, load %s\n' "$(date -u +%F)" "$(nproc)" \
    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$memory" "$(cut -d' ' -f1 /proc/loadavg)"
  cluster_value "select split_part(version(), ' on ', 1) || ', pg_dist ' || extversion || ' ($PG_DIST_PROFILE), ' ||
      (select string_agg(name || ' ' || current_setting(name), ', ' order by name)
         from unnest(array['shared_buffers', 'max_wal_size', 'fsync', 'synchronous_commit', 'jit', 'work_mem', 'pg_dist.work_mem']) name)
      from pg_extension where extname = 'pg_dist'"
}

# The script ends with the statement that is to be timed, as one query, so that its commit is within the time.
timed() { # FILE [PSQL ARGUMENT...]
  local file=$1 pid=$WORK/pid out=$WORK/timed client backend='' line fields ticks=0
  shift
  rm -f "$pid"
  : >"$out"
  PEAK_MB=0
  printf '%s\n' "select pg_backend_pid() \\g $pid" '\timing on' "\\i $file" >"$WORK/timed.sql"
  cluster_psql -U crm -A -t "$@" -f "$WORK/timed.sql" >"$out" &
  client=$!
  while process_alive "$client"; do
    [[ -n $backend || ! -s $pid ]] || backend=$(<"$pid")
    if [[ -n $backend ]]; then
      while read -r line; do
        [[ $line == RssAnon:* ]] || continue
        line=${line//[!0-9]/}
        ((line / 1024 <= PEAK_MB)) || PEAK_MB=$((line / 1024))
      done <"/proc/$backend/status" 2>/dev/null || true
      if read -r -a fields <"/proc/$backend/stat"; then ticks=$((fields[13] + fields[14])); fi 2>/dev/null
    fi
    sleep 0.03
  done
  wait "$client"
  # shellcheck disable=SC2034 # for the caller
  CPU_TAKEN=$(awk -v ticks="$ticks" -v hz="$(getconf CLK_TCK)" 'BEGIN {printf "%.3f", ticks / hz}')
  SECONDS_TAKEN=$(sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' "$out" | tail -n 1 | awk '{printf "%.3f", $1 / 1000}')
  [[ -n $SECONDS_TAKEN ]] || die "$file was not timed."
}

median() {
  printf '%s\n' "$@" | sort -n | awk '{v[NR] = $1} END {printf "%.3f\n", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'
}

divide() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.3f\n", a / b}'; }

result() { # WHAT MEASURED [GOAL [least]]
  local verdict='' bound=${4:-most}
  if [[ -n ${3:-} ]]; then
    verdict=pass
    if ! awk -v a="$2" -v b="$3" -v bound="$bound" 'BEGIN {exit !(bound == "least" ? a + 0 >= b + 0 : a + 0 <= b + 0)}'; then
      verdict=MISS
      MISSED=1
    fi
  fi
  RESULTS+=("$(printf '| %s | %s | %s | %s |' "$1" "$2" "${3:+at $bound $3}" "$verdict")")
}

results() {
  printf '\n| what | measured | goal | |\n|---|---:|---:|---|\n'
  printf '%s\n' "${RESULTS[@]}"
  return "$MISSED"
}
