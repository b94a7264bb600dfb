#!/usr/bin/env bash
# Intake: what routing costs those who bring records. See README.md beside this.
# BENCH_INTAKE leads in one statement (100000), BENCH_SECONDS seconds of single inserts (10).
# shellcheck source=bench/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

leads=${BENCH_INTAKE:-100000}
seconds=${BENCH_SECONDS:-10}
pairs=${BENCH_PAIRS:-3}
cluster_start intake 'shared_buffers = 1GB' 'max_wal_size = 16GB'
if [[ ! -x $PGBIN/pgbench ]]; then echo "SKIP: this PostgreSQL comes without pgbench" && exit 77; fi
cluster_psql -v leads="$leads" -f bench/intake/setup.sql
bench_header "Intake: $leads leads in one statement, and one by one from 8 connections for $seconds s"

automation() { # none|in_transaction|queued
  cluster_psql -c "delete from dist.automation"
  [[ $1 == none ]] || cluster_psql -c "insert into dist.automation (name, object, to_ruleset, mode) values ('new', 'lead', 'route', '$1')"
  cluster_psql -c "truncate crm.lead" -c "vacuum dist.waiting, dist.task_call, dist.run" -c checkpoint
}
drained() { cluster_wait "select not exists (select from dist.waiting)" 600; }
exact() { # WHAT: nothing lost, nobody with two, turns exact at every prefix
  [[ $(cluster_value "select count(*) = 0 from crm.lead where owner is null") == t ]] || die "$1: leads are lost."
  [[ $(cluster_value "$(<bench/intake/exact.sql)") == t ]] || die "$1: turns are not exact."
}

bulk() { # MODE
  automation "$1"
  timed bench/intake/bulk.sql -v leads="$leads"
}
with=() without=() cpu=()
for ((n = 0; n < pairs; n++)); do
  bulk none && without+=("$SECONDS_TAKEN") && plain_cpu=$CPU_TAKEN
  bulk in_transaction && with+=("$(divide "$SECONDS_TAKEN" "${without[n]}")") && cpu+=("$(divide "$CPU_TAKEN" "$plain_cpu")")
  last=$SECONDS_TAKEN
  exact "one statement"
done
result "$leads leads in one statement, routed in the transaction / the same without an automation" "$(median "${with[@]}")"
result "the same in CPU time of the backend" "$(median "${cpu[@]}")"
result "without an automation, seconds" "$(median "${without[@]}")"
result "routed in the transaction, seconds" "$last"
bulk queued
queued=$SECONDS_TAKEN
drained
exact "queued"
result "queued / without an automation" "$(divide "$queued" "$(median "${without[@]}")")"
result "until all of these are routed, seconds after the first came" \
  "$(cluster_value "select extract(epoch from max(finished_at) - min(since))::numeric(9, 3) from dist.run, (select min(made_at) as since from crm.lead) s where cause_name = 'new'")"

single() { # MODE -> transactions per second
  automation "$1"
  RATE=$(pgbench -n -M prepared -U crm -c 8 -j 2 -T "$seconds" -f bench/intake/single.sql 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p')
}
single none && plain=$RATE
single in_transaction && routed=$RATE
exact "8 connections"
single queued && queued=$RATE
drained
exact "8 connections, queued"
result "inserts per second from 8 connections, without an automation" "$plain"
result "routed in the transaction" "$routed"
result "queued" "$queued"
results
