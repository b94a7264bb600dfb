#!/usr/bin/env bash
# What it costs to find the owner of the matching account for each of many leads, by dist.preview (which decides and writes
# nothing): in seconds, and as a multiple of the floor, one hash join on a column that is there and as wide. See README.md.
# shellcheck source=bench/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

leads=${BENCH_LEADS:-100000}
accounts=${BENCH_ACCOUNTS:-1000000}
pairs=${BENCH_PAIRS:-3}

cluster_start match "shared_buffers = 1GB" "max_wal_size = 16GB" "checkpoint_timeout = 1h" "autovacuum = off"
say "$leads leads, $accounts accounts"
cluster_psql -v leads="$leads" -v accounts="$accounts" -f bench/match/setup.sql >/dev/null

# Of each kind the median of its runs; PEAK is of the last.
measure() { # TRANSFER
  local n runs=() floors=()
  for ((n = 1; n <= pairs; n++)); do
    timed bench/match/floor.sql
    floors+=("$SECONDS_TAKEN")
    timed bench/match/preview.sql -v transfer="$1"
    runs+=("$SECONDS_TAKEN")
    printf '    %-8s %8.2f s   CPU %8.2f s   RssAnon %4d MB\n' "$1" "$SECONDS_TAKEN" "$CPU_TAKEN" "$PEAK_MB" >&2
  done
  RUN=$(median "${runs[@]}") FLOOR=$(median "${floors[@]}")
}

bench_header "match: $leads leads against $accounts accounts, no index but the keys'"
measure nothing
result "nothing matched (the preview by itself), seconds" "$RUN"
for kind in key domain name; do
  measure "$kind"
  result "$kind, seconds" "$RUN" 3
  result "$kind / floor" "$(divide "$RUN" "$FLOOR")"
done
measure similar
result "similar, seconds" "$RUN" 10
result "similar / floor" "$(divide "$RUN" "$FLOOR")"
result "peak RssAnon of the backend, MB" "$PEAK_MB"
result "floor, seconds (for the scale)" "$FLOOR"
# As many as were made to match are found, and the rest goes elsewhere.
cluster_psql -U crm -A -t -c "select 'matched by ' || t || ': ' || count(*) filter (where p.reason = 'match')
    from unnest(array['key', 'domain', 'name', 'similar']) t, dist.preview(t) p group by t order by t" >&2
results
