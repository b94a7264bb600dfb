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

rules() {
  local small
  load "$rows"
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
}

# Many more leads in one run, without the floor: whether time is linear, and what memory it takes.
large() {
  local small many=${BENCH_LARGE:-10000000}
  load "$rows"
  measure execute # warms up what a first run pays for
  check "$rows"
  small=$SECONDS_TAKEN
  result "peak RssAnon of the backend at $rows leads, MB" "$PEAK"
  PEAK=0
  load "$many"
  check "$many"
  result "dist.execute of $many leads, seconds" "$SECONDS_TAKEN"
  result "time for a lead at $many / at $rows" "$(awk -v l="$SECONDS_TAKEN" -v m="$many" -v s="$small" -v n="$rows" 'BEGIN {printf "%.3f", l / m / (s / n)}')" 1.25
  result "peak RssAnon of the backend at $many leads, MB" "$PEAK"
}

# Each strategy by itself: all leads to one team of 200 reps. Sets RATIO and CPU_RATIO, the medians.
strategy() { # TRANSFER
  local n floor floor_cpu ratios=() cpu_ratios=()
  for ((n = 1; n <= strategy_pairs; n++)); do
    measure floor && floor=$SECONDS_TAKEN floor_cpu=$CPU_TAKEN
    cluster_psql -f bench/route/reset.sql
    day=$((day + 1))
    timed bench/route/strategy.sql -v transfer="$1" -v day="$day"
    printf '    %-16s %8.2f s   CPU %8.2f s   RssAnon %4d MB\n' "$1" "$SECONDS_TAKEN" "$CPU_TAKEN" "$PEAK_MB" >&2
    ratios+=("$(divide "$SECONDS_TAKEN" "$floor")")
    cpu_ratios+=("$(divide "$CPU_TAKEN" "$floor_cpu")")
    placed "$1"
  done
  RATIO=$(median "${ratios[@]}") CPU_RATIO=$(median "${cpu_ratios[@]}")
}

# Every lead is moved or left with a reason, and each move is in the audit.
placed() { # TRANSFER
  local answer
  answer=$(cluster_value "select r.candidates = $rows and r.assigned + r.unassigned = $rows
      and r.assigned = (select count(*) from lead where owner is not null) and r.assigned = (select count(*) from dist.assignment)
      and r.assigned > $rows / 2 from dist.run r order by r.id desc limit 1")
  [[ $answer == t ]] || die "$1 did not move and record what it should: $(cluster_value "select assigned || ' ' || reasons from dist.run order by id desc limit 1")"
}

strategies() {
  local name
  day=0 strategy_pairs=${BENCH_PAIRS:-1}
  load "$rows"
  cluster_psql -v rows="$rows" -f bench/route/strategies.sql >/dev/null
  measure floor
  for name in round_robin weighted performance load value top_off fixed sticky random; do
    strategy "by $name"
    result "$name / floor (in CPU time $CPU_RATIO)" "$RATIO" 1.5
  done
  for name in 'many weights' 'many loads'; do
    strategy "by $name"
    result "10 000 reps, $name / floor (in CPU time $CPU_RATIO)" "$RATIO"
  done
  cluster_psql -f bench/route/reset.sql -f bench/route/whole.sql >/dev/null
  for name in weighted load; do
    strategy "all $name"
    result "$name with caps, calendars and eligibility / floor (in CPU time $CPU_RATIO)" "$RATIO" 2
  done
  result "kinds of records, reps" "$(cluster_value "select (select count(distinct c) from dist.decision d, unnest(d.classes) c where d.run_id = (select max(run_id) from dist.decision)) || ', ' || 200")"
}

# Sets SECONDS_TAKEN and CPU_TAKEN of a run or a preview by so many rules.
dispatched() { # WHAT RULES
  cluster_psql -f bench/route/reset.sql
  timed bench/route/transfer.sql -v transfer="rules $2" -v what="$1"
  printf '    %-8s %6d rules %8.2f s   CPU %8.2f s\n' "$1" "$2" "$SECONDS_TAKEN" "$CPU_TAKEN" >&2
}

# What ten thousand rules cost, as a multiple of what ten rules cost in the same series, and how long loading them takes.
dispatch() {
  local n what few many ratios cpu_ratios few_cpu middle
  load "$rows"
  for n in 10 1000 10000; do
    timed bench/route/load_rules.sql -v rules="$n"
  done
  result "10 000 rules loaded by INSERT ... SELECT, s" "$SECONDS_TAKEN" 10
  dispatched execute 10 # warms up what a first run pays for
  for what in execute preview; do
    ratios=() cpu_ratios=()
    for ((n = 1; n <= pairs; n++)); do
      dispatched "$what" 10 && few=$SECONDS_TAKEN few_cpu=$CPU_TAKEN
      dispatched "$what" 10000 && many=$SECONDS_TAKEN
      cpu_ratios+=("$(divide "$CPU_TAKEN" "$few_cpu")")
      ratios+=("$(divide "$many" "$few")")
    done
    dispatched "$what" 1000 && middle=$(divide "$SECONDS_TAKEN" "$few")
    result "dist.$what by 10 000 rules / by 10, median of $pairs (${ratios[*]})" "$(median "${ratios[@]}")" 2
    result "the same in CPU time of the backend; 1 000 rules: $middle" "$(median "${cpu_ratios[@]}")"
  done
}

bench_header "route: against the floor, $rows leads"
[[ " ${PART:-rules strategies dispatch} " != *" rules "* ]] || rules
[[ " ${PART:-rules strategies dispatch} " != *" strategies "* ]] || strategies
[[ " ${PART:-rules strategies dispatch} " != *" dispatch "* ]] || dispatch
[[ " ${PART:-} " != *" large "* ]] || large
results
