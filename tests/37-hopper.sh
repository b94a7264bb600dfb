#!/usr/bin/env bash
# Eight sessions claim from two hoppers while others fill them, put records back, take them out by transfers and undo claims,
# and while sessions are killed: no record is claimed twice, no limit and no cap is passed, and the audit says where each is (L6).
CLUSTER_FSYNC=off
# shellcheck source=scripts/cluster.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../scripts/cluster.sh"
cluster_start hopper
if [[ ! -x $PGBIN/pgbench ]]; then echo "SKIP: this PostgreSQL comes without pgbench" && exit 77; fi
cluster_psql -o /dev/null -f "$ROOT/tests/hopper/tables.sql"

cat >"$WORK/claim.sql" <<'SQL'
\set rep random(1, 6)
\set n random(1, 3)
select dist.claim('tank', 'rep ' || :rep, :n);
select dist.claim('best', 'rep ' || :rep, :n);
SQL
echo "select dist.execute('fill tank'), dist.execute('fill best'), dist.execute('take');" >"$WORK/fill.sql"
cat >"$WORK/back.sql" <<'SQL'
do $$
declare
    lead record;
begin
    select l.id, l.kind into lead from hop.lead l where l.owner is not null order by random() limit 1;
    if found then
        perform dist.release_record('lead', lead.id::text, 'sample', lead.kind);
    end if;
exception when object_not_in_prerequisite_state then null; -- somebody else was faster
end $$;
do $$ begin
    perform dist.undo((select r.id from dist.run r
                        where r.trigger = 'claim' and not exists (select from dist.run u where u.undoes = r.id)
                        order by random() limit 1));
exception when object_not_in_prerequisite_state or null_value_not_allowed then null;
end $$;
SQL
echo "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'ops' and query like '%dist.claim%' order by random() limit 1;" >"$WORK/kill.sql"

# Who is killed leaves; the next round has all of them again.
for _ in 1 2 3; do
  pids=()
  pgbench -n -M simple -T 1 -c 8 -U ops -f "$WORK/claim.sql" >>"$WORK/claims.log" 2>&1 & pids+=($!)
  pgbench -n -M simple -T 1 -c 1 -U ops -R 20 -f "$WORK/fill.sql" >>"$WORK/others.log" 2>&1 & pids+=($!)
  pgbench -n -M simple -T 1 -c 2 -U ops -R 60 -f "$WORK/back.sql" >>"$WORK/others.log" 2>&1 & pids+=($!)
  pgbench -n -M simple -T 1 -c 1 -R 4 -f "$WORK/kill.sql" >>"$WORK/others.log" 2>&1 & pids+=($!)
  for pid in "${pids[@]}"; do wait "$pid" || true; done
done
if grep -h 'ERROR' "$WORK/claims.log" "$WORK/others.log"; then exit 1; fi
grep -q 'terminating connection' "$WORK/claims.log" || { echo "nobody was killed" && exit 1; }
cluster_psql -f "$ROOT/tests/hopper/facts.sql"
