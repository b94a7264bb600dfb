#!/usr/bin/env bash
# Real data: a company's accounts and agents, and a marketplace's 8 000 leads, distributed as their owners would, and taken in
# day by day as they came.
# PG_DIST_DATA is the folder that holds maven_crm/ and olist_funnel/ (default ../shared/data, beside this clone).
# UPDATE=1 takes what becomes of the stream as what is expected: read it before you commit it.
# shellcheck source=scripts/env.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../scripts/env.sh"

DATA=${PG_DIST_DATA:-$ROOT/../shared/data}
for file in maven_crm/accounts.csv maven_crm/sales_teams.csv maven_crm/sales_pipeline.csv maven_crm/products.csv \
  olist_funnel/olist_marketing_qualified_leads_dataset.csv olist_funnel/olist_closed_deals_dataset.csv; do
  [[ -r $DATA/$file ]] || { echo "SKIP: there is no $DATA/$file (PG_DIST_DATA names the folder of real data)" && exit 77; }
done
DATA=$(cd -- "$DATA" && pwd -P)

# The one crash in here is the server's, not the machine's.
CLUSTER_FSYNC=off
# shellcheck source=scripts/cluster.sh
. "$ROOT/scripts/cluster.sh"
# To the worker, all that is due on the virtual clock would be years late.
cluster_start real-data 'pg_dist.enabled = off'

# A file's rows into a table: the client reads it, so the server need not be able to.
load() { cluster_psql -c "copy $1 from stdin (format csv, header)" <"$DATA/$2"; }
sql() { cluster_psql -A -t -f "$ROOT/tests/real-data/$1.sql"; }
new_database() { # NAME
  cluster_psql -d postgres -c "create database $1"
  export PGDATABASE=$1
  cluster_psql -c 'set client_min_messages = warning' -c 'create extension pg_dist' \
    -c 'grant dist_manager to sales_ops' -f "$ROOT/tests/holds.sql"
}

# Who distributes is an ordinary role; the DBA registers the tables.
cluster_psql -c 'create role sales_ops login'

new_database maven
say "maven_crm: 85 accounts, 35 agents in 3 offices"
sql maven-tables
load crm.account maven_crm/accounts.csv
load crm.agent maven_crm/sales_teams.csv
load crm.opportunity maven_crm/sales_pipeline.csv
load crm.product maven_crm/products.csv
sql maven

say "maven_crm: books, won value, the open pipeline"
sql maven-books

new_database olist
say "olist_funnel: 8 000 leads, 5 weighted reps"
sql olist-tables
load funnel.arrived olist_funnel/olist_marketing_qualified_leads_dataset.csv
load funnel.deal olist_funnel/olist_closed_deals_dataset.csv
sql olist

# Sessions that start at one instant: they are let go when all of them wait for the lock that another one holds.
# sessions WHAT COUNT: session i runs the statements of `session WHAT i`.
sessions() {
  local what=$1 count=$2 i pids=() failed=0
  coproc HOLDER { cluster_psql >/dev/null; }
  local holder=$HOLDER_PID hand=${HOLDER[1]}
  echo 'begin; lock table dist.object_state in exclusive mode;' >&"$hand"
  cluster_wait "select exists (select from pg_locks where relation = 'dist.object_state'::regclass and mode = 'ExclusiveLock' and granted)"
  for ((i = 0; i < count; i++)); do
    session "$what" "$i" | cluster_psql -U sales_ops >/dev/null &
    pids+=($!)
  done
  cluster_wait "select count(*) = $count from pg_stat_activity where usename = 'sales_ops' and wait_event_type = 'Lock'"
  echo 'rollback; \q' >&"$hand"
  wait "$holder"
  for i in "${pids[@]}"; do wait "$i" || failed=1; done
  return "$failed"
}
session() { # WHAT I
  local n
  for ((n = 0; n < 20; n++)); do
    case $1 in
      batches) echo "select dist.execute('batches');" ;;
      halves) echo "select dist.execute('half $(($2 % 2))');" ;;
    esac
  done
}

say "80 runs of 100 from 4 sessions at once"
sessions batches 4
sql olist-batches

say "two tables that share a rule, from 4 sessions at once"
sessions halves 4
sql olist-halves

say "a crash between two runs"
cluster_psql -U sales_ops -c "select dist.execute('before the crash')" >/dev/null
cluster_crash
cluster_up
cluster_psql -U sales_ops -c "select dist.execute('after the crash')" >/dev/null
sql olist-crash

say "by performance: leads of 2018 by what was won of those of 2017"
sql olist-performance

new_database stream
say "olist_funnel: eight weeks of leads as they came in, beside another tool"
sql olist-tables
load funnel.arrived olist_funnel/olist_marketing_qualified_leads_dataset.csv
load funnel.deal olist_funnel/olist_closed_deals_dataset.csv
sql stream
sql stream-play
sql stream-check
sql stream-outcome >"$WORK/outcome"
if [[ -n ${UPDATE:-} ]]; then
  cp "$WORK/outcome" "$ROOT/tests/real-data/stream-outcome.txt"
fi
diff -u "$ROOT/tests/real-data/stream-outcome.txt" "$WORK/outcome"

new_database segments
say "maven_crm: two weeks of a segment: refreshed, told, followed up, described"
sql maven-tables
load crm.account maven_crm/accounts.csv
load crm.agent maven_crm/sales_teams.csv
load crm.opportunity maven_crm/sales_pipeline.csv
sql segments-play
sql segments
