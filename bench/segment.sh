#!/usr/bin/env bash
# Segments: a refresh of 1 000 000 members of which 1 % has changed, against the bare SELECT that finds them; and a mass edit
# of them against the bare UPDATE. See README.md.
# BENCH_ROWS members (1000000), BENCH_PAIRS of measurements (3), PART: only these of refresh edit (all).
# shellcheck source=bench/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

rows=${BENCH_ROWS:-1000000}
pairs=${BENCH_PAIRS:-3}
parts=${PART:-refresh edit}

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
      uuids) result "refresh / bare SELECT, keys that are UUIDs" "$(median ${ratio[$kind]})" ;;
      *) result "refresh / bare SELECT, criteria $kind, median of $pairs (${ratio[$kind]# })" "$(median ${ratio[$kind]})" 1.5 ;;
    esac
    # shellcheck disable=SC2086
    result "$kind: refresh, bare SELECT, the same counted, in seconds" "$(median ${took[$kind]}), $(median ${find[$kind]}), $(median ${count[$kind]})"
  done
}

# Each from the same state of the table; every run sets something else than what is there.
edit() {
  local n what
  local -A took cpu ratio cpus
  cluster_start edit 'shared_buffers = 1GB' 'max_wal_size = 16GB' 'autovacuum = off'
  cluster_psql -o /dev/null -v rows="$rows" -f bench/segment/setup.sql
  cluster_psql -o /dev/null -f bench/segment/edit_setup.sql
  bench_header "Mass edit: a field of the $rows members of a segment, of $((2 * rows)) records"
  for ((n = 0; n < pairs; n++)); do
    for what in bare bare_members kept not_kept; do
      cluster_psql -o /dev/null -v value="$what $n" -f bench/segment/edit_fresh.sql
      timed "bench/segment/edit_$what.sql" -v value="$what $n"
      [[ $(cluster_value "select count(*) = $rows from crm.account where description = '$what $n'") == t ]] || die "$what did not set the field of all members."
      [[ $what != kept || $(cluster_value "select count(*) = $rows from dist.field_edit") == t ]] || die "Not all former values are kept."
      took[$what]+=" $SECONDS_TAKEN"
      cpu[$what]+=" $CPU_TAKEN"
    done
    for what in bare_members kept not_kept; do
      ratio[$what]+=" $(divide "${took[$what]##* }" "${took[bare]##* }")"
      cpus[$what]+=" $(divide "${cpu[$what]##* }" "${cpu[bare]##* }")"
    done
  done
  # shellcheck disable=SC2086 # lists of numbers
  {
    result "mass edit, former values kept / bare UPDATE, median of $pairs (${ratio[kept]# })" "$(median ${ratio[kept]})" 1.3
    result "the same in CPU time of the backend" "$(median ${cpus[kept]})"
    result "former values not kept / bare UPDATE (${ratio[not_kept]# })" "$(median ${ratio[not_kept]})"
    result "the same in CPU time of the backend" "$(median ${cpus[not_kept]})"
    result "UPDATE by hand of those who are in dist.segment_member / bare UPDATE by the criteria" "$(median ${ratio[bare_members]})"
    result "bare UPDATE, seconds (for the scale)" "$(median ${took[bare]})"
  }
}

for part in $parts; do
  case $part in
    refresh | edit) "$part" ;;
    *) die "There is no part $part." ;;
  esac
done
results
