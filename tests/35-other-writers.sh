#!/usr/bin/env bash
# Runs, retrievals and undos from five sessions while another tool owns, frees, touches, moves and deletes the same
# records from three, for some seconds; then the audit is compared with what a trigger saw.
CLUSTER_FSYNC=off
# shellcheck source=scripts/cluster.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../scripts/cluster.sh"
cluster_start writers
if [[ ! -x $PGBIN/pgbench ]]; then echo "SKIP: this PostgreSQL comes without pgbench" && exit 77; fi
cluster_psql -f "$ROOT/tests/holds.sql"
cluster_psql -o /dev/null -f "$ROOT/tests/other-writers/tables.sql"

cat >"$WORK/give.sql" <<'SQL'
select dist.execute('give leads');
select dist.execute('give accounts');
SQL
cat >"$WORK/back.sql" <<'SQL'
select dist.execute('take leads');
-- Somebody else may have undone it already.
do $$ begin
    perform dist.undo((select max(id) from dist.run where transfer = 'give accounts' and trigger = 'execute'));
exception when object_not_in_prerequisite_state then null;
end $$;
SQL
cat >"$WORK/tool.sql" <<'SQL'
\set id random(1, 1000)
\set new random(1001, 1000000000)
update crm.lead set owner = 'tool' where id = :id and owner is null;
update crm.account set owner = 'tool' where id = :id + 1 and owner is null;
update crm.lead set owner = null where id = :id + 2 and owner = 'tool';
update crm.account set owner = null where id = :id + 3 and owner = 'tool';
update crm.lead set region = case region when 'north' then 'south' else 'north' end where id = :id + 4;
update crm.account set region = region where id = :id + 5;
delete from crm.lead where id = :id + 6;
insert into crm.lead values (:new, 'north') on conflict do nothing;
SQL
bench() { pgbench -n -M simple -T 6 "$@" >>"$WORK/pgbench.log" 2>&1; }
pids=()
# Paced, so that on a quick machine too the tool gets records between two runs.
bench -U ops -c 4 -R 40 -f "$WORK/give.sql" & pids+=($!)
bench -U ops -c 1 -f "$WORK/back.sql" & pids+=($!)
bench -U tool -c 3 -R 200 -f "$WORK/tool.sql" & pids+=($!)
failed=0
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
# A client that met an error has left.
if [[ $failed != 0 ]] || grep -q 'aborted' "$WORK/pgbench.log"; then cat "$WORK/pgbench.log" && exit 1; fi
cluster_psql -A -t -f "$ROOT/tests/other-writers/facts.sql"
