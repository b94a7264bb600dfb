#!/usr/bin/env bash
# The recurrence function against oracles that share no code with it: a scan of minutes for cron, python-dateutil for
# RRULE, a scan of days for frequencies, Python's zoneinfo for daylight saving; and dist.icalendar read by a library.
#
#   tests/oracle/run.sh [sample|large] [SEED [TOPIC...]]     topics: cron rrule frequency zones
#
# Without a seed the sample is always the same, and the large one is a new one each time; the seed is printed.
CLUSTER_FSYNC=off
# shellcheck source=scripts/cluster.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../../scripts/cluster.sh"
# shellcheck source=tests/oracle/python.sh
. "$ROOT/tests/oracle/python.sh"

size=${1:-sample}
case $size in sample) seed=${2:-1} ;; large) seed=${2:-$RANDOM$RANDOM} ;; *) die "The size is sample or large, not $size." ;; esac

oracle_python
cluster_start oracle
cluster_psql -c 'create extension pg_dist'
say "size $size, seed $seed, $(git rev-parse --short HEAD 2>/dev/null || echo 'no commit'), $(nproc) cores"
python3 tests/oracle/feed.py
python3 tests/oracle/main.py "$size" "$seed" "$WORK" "${@:3}"
