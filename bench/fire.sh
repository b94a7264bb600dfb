#!/usr/bin/env bash
# How punctually and how fast schedules fire, what they cost while nothing is due, and what goes wrong beside them. Each
# part is a file of bench/fire; PART="idle edit" runs only those. See README.md.
# shellcheck disable=SC2034 # settings are for the parts
# shellcheck source=bench/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=bench/fire/lib.sh
. "$ROOT/bench/fire/lib.sh"

FIRE_SECONDS=${BENCH_SECONDS:-40}
FIRE_MANY=${BENCH_SCHEDULES:-1000}
FIRE_ROUNDS=${BENCH_ROUNDS:-3}
FIRE_BACKLOG=${BENCH_BACKLOG:-10000}
FIRE_SIZES=(10 10000 "${BENCH_IDLE:-100000}")
declare -A LAST_DONE=()

parts=(due instant rate outage poison idle edit pg_cron)
[[ -z ${PART:-} ]] || read -r -a parts <<<"$PART"
for part in "${parts[@]}"; do
  [[ -r $ROOT/bench/fire/$part.sh ]] || die "There is no part $part." "PART is some of: due instant rate outage poison idle edit pg_cron"
  # shellcheck source=/dev/null
  . "$ROOT/bench/fire/$part.sh"
done
for part in "${parts[@]}"; do
  "part_$part"
  say "part $part is done, $SECONDS s after the beginning"
done
results
