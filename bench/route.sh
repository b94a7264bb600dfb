#!/usr/bin/env bash
# How long dist.execute takes, as a multiple of the floor: one UPDATE of every owner and one INSERT ... SELECT of the
# audit, measured in the same run. See README.md.
# shellcheck source=bench/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

rows=${BENCH_ROWS:-1000000}
pairs=${BENCH_PAIRS:-3}
loop_rows=${BENCH_LOOP:-20000}
PEAK=0

cluster_start route "shared_buffers = 1GB" "max_wal_size = 16GB" "checkpoint_timeout = 1h" "autovacuum = off"

load() { # ROWS
  say "$1 leads, 50 rules, 200 reps in 8 teams"
  # By force, for the extension's scheduler is connected.
  PGDATABASE=postgres cluster_psql -c "set client_min_messages = warning" -c "drop database if exists route with (force)" \
    -c "drop role if exists crm" -c "create database route"
  export PGDATABASE=route
  cluster_psql -v rows="$1" -f bench/route/setup.sql >/dev/null
}

# Sets SECONDS_TAKEN of one of the scripts, from the state that all start from, and raises PEAK to what a run takes.
measure() { # NAME
  cluster_psql -f bench/route/reset.sql
  timed "bench/route/$1.sql" -v leads="$loop_rows"
  [[ $1 != execute ]] || ((PEAK_MB <= PEAK)) || PEAK=$PEAK_MB
  printf '    %-8s %8.2f s   CPU %8.2f s   RssAnon %4d MB\n' "$1" "$SECONDS_TAKEN" "$CPU_TAKEN" "$PEAK_MB" >&2
}

# Pairs of floor and run, the order alternating, and the preview: sets RATIO, PREVIEW, FLOOR and CPU_RATIO (medians).
pairs() { # NUMBER
  local n floor run floor_cpu run_cpu ratios=() previews=() floors=() cpu_ratios=()
  PEAK=0
  for ((n = 1; n <= $1; n++)); do
    if ((n % 2)); then
      measure floor && floor=$SECONDS_TAKEN floor_cpu=$CPU_TAKEN
      measure execute && run=$SECONDS_TAKEN run_cpu=$CPU_TAKEN
    else
      measure execute && run=$SECONDS_TAKEN run_cpu=$CPU_TAKEN
      measure floor && floor=$SECONDS_TAKEN floor_cpu=$CPU_TAKEN
    fi
    cpu_ratios+=("$(divide "$run_cpu" "$floor_cpu")")
    ratios+=("$(divide "$run" "$floor")")
    floors+=("$floor")
    measure preview
    previews+=("$(divide "$SECONDS_TAKEN" "$floor")")
  done
  RATIO=$(median "${ratios[@]}") PREVIEW=$(median "${previews[@]}") FLOOR=$(median "${floors[@]}")
  CPU_RATIO=$(median "${cpu_ratios[@]}")
  say "ratios of the pairs: ${ratios[*]}"
}

# The run did all of the work, and its audit is that of its moves.
check() {
  local answer
  measure execute
  answer=$(cluster_value "select (select count(*) from lead where owner is not null) = $1
      and (select count(*) from dist.assignment a join lead l on l.id = a.record_key::bigint and l.owner = a.new_owner::bigint) = $1")
  [[ $answer == t ]] || die "The run did not move and record every lead."
}

load "$rows"
bench_header "route: dist.execute and dist.preview against the floor, $rows leads"
measure floor # warms up what a first run pays for
pairs "$pairs"
check "$rows"
result "dist.execute / floor, median of $pairs pairs" "$RATIO" 1.5
result "the same in CPU time of the backend" "$CPU_RATIO"
result "dist.preview / floor" "$PREVIEW" 0.5
((rows > 1000000)) || result "peak RssAnon of the backend, MB" "$PEAK" 600
result "floor, seconds (for the scale)" "$FLOOR"
measure loop
result "row-by-row PL/pgSQL loop / floor, from $loop_rows leads" \
  "$(divide "$(awk -v s="$SECONDS_TAKEN" -v n="$rows" -v m="$loop_rows" 'BEGIN {print s * n / m}')" "$FLOOR")"

if [[ -n ${BENCH_LARGE:-} ]]; then
  small=$RATIO
  load "$BENCH_LARGE"
  pairs "$pairs"
  check "$BENCH_LARGE"
  result "dist.execute / floor at $BENCH_LARGE leads" "$RATIO"
  result "the same in CPU time of the backend" "$CPU_RATIO"
  result "the ratio at $BENCH_LARGE leads / at $rows" "$(divide "$RATIO" "$small")" 1.25
fi
results
