#!/usr/bin/env bash
# Claims a second with 8 claimers, each a transaction of its own, beside two queues that do less: a bare DELETE ... USING (SELECT
# ... FOR UPDATE SKIP LOCKED), and the statements that pgmq publishes for read and delete (written down here again, without
# pgmq's functions around them). A claim also makes the rep the record's owner and writes run and audit. See README.md.
# BENCH_RECORDS in each (400000), BENCH_SECONDS of each measurement (5), BENCH_PAIRS (3).
# shellcheck source=bench/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

records=${BENCH_RECORDS:-400000}
seconds=${BENCH_SECONDS:-5}
cluster_start hopper 'shared_buffers = 1GB' 'max_wal_size = 16GB' 'autovacuum_naptime = 5s'
if [[ ! -x $PGBIN/pgbench ]]; then echo "SKIP: this PostgreSQL comes without pgbench" && exit 77; fi
cluster_psql -v records="$records" -f bench/hopper/setup.sql
bench_header "Hopper: $records records, 8 claimers, one record a transaction"

rate() { # SCRIPT
  RATE=$(pgbench -n -M prepared -c 8 -j 2 -T "$seconds" -U crm -f "bench/hopper/$1.sql" 2>"$WORK/pgbench.err" | sed -n 's/^tps = \([0-9]*\).*/\1/p')
  [[ -n $RATE ]] && ! grep -q ERROR "$WORK/pgbench.err" || die "pgbench: $(<"$WORK/pgbench.err")"
}

declare -A of
# In turn, so that a slower moment of the machine is everybody's.
for ((n = 0; n < ${BENCH_PAIRS:-3}; n++)); do
  for what in bare claim limited pgmq; do
    rate "$what"
    of[$what]+=" $RATE"
  done
done
middle() { # shellcheck disable=SC2086 # a list of numbers
  median ${of[$1]}
}
bare=$(middle bare)
result "bare queue, records a second" "$bare"
result "pgmq's read and delete, records a second" "$(middle pgmq)"
result "claims a second" "$(middle claim)"
result "claims under a limit per rep and day, a second" "$(middle limited)"
result "claims / bare queue" "$(divide "$(middle claim)" "$bare")" 0.5 least
result "claims under a limit / bare queue" "$(divide "$(middle limited)" "$bare")"
result "claims / pgmq's read and delete" "$(divide "$(middle claim)" "$(middle pgmq)")"
[[ $(cluster_value "select count(*) = count(distinct record_key) from dist.assignment where reason = 'claim'") == t ]] || die "A record was claimed twice."
# By its owner each is where the audit says: claimed, or in the hopper.
[[ $(cluster_value "select (select count(*) from crm.lead where owner is null) = (select count(*) from dist.hopper_record)
    and not exists (select id::text from crm.lead where owner is not null intersect select record_key from dist.hopper_record)") == t ]] ||
  die "What has been claimed lies in the hopper all the same."
results
