#!/usr/bin/env bash
# What the next run costs: microseconds of CPU for a recurrence of each kind that began in 1990. See README.md beside this.
CLUSTER_FSYNC=off
# shellcheck source=bench/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

cluster_start plan
cluster_psql -c 'create extension pg_dist'
bench_header 'Plan: microseconds of CPU to read a schedule and find its next run, the first time in a session and again'
while IFS='|' read -r what first again; do
  result "$what: first time" "$first" 5000
  result "$what: again" "$again" 50
done < <(cluster_psql -A -t -f bench/plan/kinds.sql)
results
