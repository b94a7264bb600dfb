#!/usr/bin/env bash
# Measures what pg_dist promises about speed: run.sh [route|fire|plan|match|intake|hopper|segment], all where nothing is named. Needs a built tree
# (make bench builds the release one). What is measured, and how, is said in README.md beside this file.
#
# Settings:
#   BENCH_ROWS    leads for route (1000000)            BENCH_PAIRS   pairs of measurements (3)
#   BENCH_LARGE   also at so many leads (no; 4000000 takes a quarter of an hour)
#   PART          of route only these: rules strategies dispatch (all), and large (10000000 leads in one run, or BENCH_LARGE)
#   BENCH_LOOP    leads for the row-by-row loop (20000)
#   BENCH_LEADS, BENCH_ACCOUNTS   of match (100000, 1000000)
#   PART          of fire only these: due instant rate outage poison idle edit pg_cron (all)
#   BENCH_SECONDS how long fire watches single schedules (40)     BENCH_ROUNDS    rounds of fire (3)
#   BENCH_BACKLOG schedules of a backlog, and beside broken ones (10000)
#   BENCH_WINDOW  seconds in which a quarter of those beside broken ones is due (12)
#   BENCH_INTAKE  leads in one statement for intake (100000)
#   BENCH_RECORDS records in each queue of hopper (400000)
#   BENCH_IDLE    the largest number of idle schedules (100000)
# shellcheck source=scripts/env.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../scripts/env.sh"

export PG_DIST_PROFILE=${PG_DIST_PROFILE:-release}
[[ $PG_DIST_PROFILE == release ]] || say "profile $PG_DIST_PROFILE: the figures mean nothing"
case ${1:-all} in
  route | fire | plan | match | intake | hopper | segment) exec bash "bench/$1.sh" ;;
  all)
    status=0
    bash bench/route.sh || status=$?
    bash bench/fire.sh || status=$?
    bash bench/match.sh || status=$?
    bash bench/plan.sh || status=$?
    bash bench/intake.sh || status=$?
    bash bench/hopper.sh || status=$?
    bash bench/segment.sh || status=$?
    exit "$status"
    ;;
  *) die "usage: bench/run.sh [route|fire|plan|match|intake|hopper|segment]" ;;
esac
