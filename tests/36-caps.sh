#!/usr/bin/env bash
# Eight sessions give records of two objects to the same reps under caps of every kind, about instants of one night in any
# order, and undo each other's runs; then no cap was passed at any moment, by what the audit says (X9, X5).
# CAPS_SECONDS of it, 4 by default; a minute in make soak.
CLUSTER_FSYNC=off
# shellcheck source=scripts/cluster.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../scripts/cluster.sh"
cluster_start caps
if [[ ! -x $PGBIN/pgbench ]]; then echo "SKIP: this PostgreSQL comes without pgbench" && exit 77; fi
cluster_psql -f "$ROOT/tests/holds.sql"
cluster_psql -o /dev/null -f "$ROOT/tests/caps/tables.sql"

cat >"$WORK/leads.sql" <<'SQL'
\set minute random(0, 359)
select dist.execute('leads', timestamptz '2031-03-29 20:00+00' + :minute * interval '1 minute');
SQL
sed 's/leads/deals/' "$WORK/leads.sql" >"$WORK/deals.sql"
cat >"$WORK/undo.sql" <<'SQL'
-- Somebody else may have undone it already.
do $$ begin
    perform dist.undo((select r.id from dist.run r
                        where r.trigger = 'execute' and r.assigned > 0 and not exists (select from dist.run u where u.undoes = r.id)
                        order by random() limit 1));
exception when object_not_in_prerequisite_state or null_value_not_allowed then null;
end $$;
SQL
bench() { pgbench -n -M simple -T "${CAPS_SECONDS:-4}" -U ops "$@" >>"$WORK/pgbench.log" 2>&1; }
pids=()
bench -c 3 -f "$WORK/leads.sql" & pids+=($!)
bench -c 3 -f "$WORK/deals.sql" & pids+=($!)
bench -c 2 -R 30 -f "$WORK/undo.sql" & pids+=($!)
failed=0
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
# A client that met an error has left.
if [[ $failed != 0 ]] || grep -q 'aborted' "$WORK/pgbench.log"; then cat "$WORK/pgbench.log" && exit 1; fi
cluster_psql -A -t -f "$ROOT/tests/caps/facts.sql"
