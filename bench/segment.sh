#!/usr/bin/env bash
# Segments: a refresh of 1 000 000 members of which 1 % has changed, against the bare SELECT that finds them. See README.md.
# BENCH_ROWS members (1000000), BENCH_PAIRS of measurements (3), PART: only these of refresh (all).
# shellcheck source=bench/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

rows=${BENCH_ROWS:-1000000}
pairs=${BENCH_PAIRS:-3}
parts=${PART:-refresh}

refresh() {
  local n kind found counted
  local -A ratio find count took cpu
  cluster_start segment 'shared_buffers = 1GB' 'max_wal_size = 16GB'
  cluster_psql -o /dev/null -v rows="$rows" -f bench/segment/setup.sql
  bench_header "Segments: $rows members, 1 % of them changed"
  for ((n = 0; n < pairs; n++)); do
    cluster_psql -o /dev/null -v n="$n" -f bench/segment/change.sql -c checkpoint
    for kind in simple related uuids; do
      timed "bench/segment/count_$kind.sql" && counted=$SECONDS_TAKEN
      timed "bench/segment/find_$kind.sql" && found=$SECONDS_TAKEN
      timed "bench/segment/refresh_$kind.sql"
      find[$kind]+=" $found"
      count[$kind]+=" $counted"
      took[$kind]+=" $SECONDS_TAKEN"
      cpu[$kind]+=" $CPU_TAKEN"
      ratio[$kind]+=" $(divide "$SECONDS_TAKEN" "$found")"
    done
    [[ $(cluster_value "$(<bench/segment/exact.sql)") == t ]] || die "The members are not who they should be."
  done
  for kind in simple related uuids; do
    # shellcheck disable=SC2086 # lists of numbers
    case $kind in
      uuids) result "refresh / bare SELECT, keys that are no whole numbers" "$(median ${ratio[$kind]})" ;;
      *) result "refresh / bare SELECT, criteria $kind, median of $pairs (${ratio[$kind]# })" "$(median ${ratio[$kind]})" 1.5 ;;
    esac
    # shellcheck disable=SC2086
    result "$kind: refresh, bare SELECT, the same counted, in seconds" "$(median ${took[$kind]}), $(median ${find[$kind]}), $(median ${count[$kind]})"
  done
}

for part in $parts; do
  case $part in
    refresh) "$part" ;;
    *) die "There is no part $part." ;;
  esac
done
results
