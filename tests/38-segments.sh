#!/usr/bin/env bash
# A refresh, an edit and a distribution of the same records from three sessions at once, beside a tool that writes several of
# them in each of its transactions; backends are killed again and again, and the server once. Nothing is lost, nothing is half
# done, and no deadlock reaches the tool (F1, F5, F7, X2, X5).
# shellcheck source=scripts/cluster.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../scripts/cluster.sh"
cluster_start segments
if [[ ! -x $PGBIN/pgbench ]]; then echo "SKIP: this PostgreSQL comes without pgbench" && exit 77; fi
cluster_psql -f "$ROOT/tests/holds.sql"
cluster_psql -o /dev/null -f "$ROOT/tests/segments/tables.sql"

# Whether a segment has many members is known without unpacking them, packed (a byte for each, or a few) or as rows: these keys
# cannot be unpacked.
many=$(
  cluster_psql -A -t -q <<'SQL'
begin;
insert into dist.segment_roll
select s, 'integer', '\x80', decode(repeat('00', n), 'hex'), '{1}', '{2031-01-01}' from (values ('packed', 50000), ('packed less', 49999)) v(s, n);
insert into dist.segment_row
select s, k, '2031-01-01', 1 from (values ('rows', 50000), ('rows less', 49999)) v(s, n), generate_series(1, n) k;
select string_agg(s || ' ' || dist._has_many(s), ', ' order by s) from unnest(array['packed', 'packed less', 'rows', 'rows less', 'none']) s;
rollback;
SQL
)
[[ $many == 'none false, packed true, packed less false, rows true, rows less false' ]] || die "Which segments have many members: $many"

for what in refresh edit give; do
  echo "select status from dist.run_now('$what');" >"$WORK/$what.sql"
done
# Two records in one transaction, in any order, and some time between them: what a deadlock takes.
cat >"$WORK/tool.sql" <<'SQL'
\set a random(1, 2000)
\set b random(1, 2000)
begin;
update crm.account set region = 1 - region, touched = touched + 1 where id = :a;
\sleep 2 ms
update crm.account set touched = touched + 1, owner = null where id = :b;
commit;
SQL
# A session that is killed is started again, until the time is up.
until_done() { # SQL
  while [[ ! -e $WORK/stop ]]; do
    cluster_psql -U ops -o /dev/null -f "$WORK/$1.sql" >>"$WORK/$1.log" 2>&1 || true
  done
}
# Of the three sessions, whichever is in the midst of something.
kills() {
  local n
  for n in 1 2 3 4 5 6; do
    cluster_wait "select exists (select from pg_stat_activity where usename = 'ops' and state = 'active' and query ~ 'run_now')" 30
    cluster_value "select count(pg_terminate_backend(pid)) from
      (select pid from pg_stat_activity where usename = 'ops' and state = 'active' and query ~ 'run_now' order by random() limit 1) p" >>"$WORK/kills"
    # Whoever was killed is gone, and another run has ended well since.
    cluster_wait "select count(*) > $n from dist.run where status = 'succeeded'" 30
  done
  # However slow the machine is: each has done its work a few times.
  cluster_wait "select bool_and(n > 2) from (select (select count(*) from dist.run r where r.schedule = s and r.status = 'succeeded') as n
                                               from unnest(array['refresh', 'edit', 'give']) s) each" 60
}
round() { # so many transactions of each of two tools
  local pids=() pid
  rm -f "$WORK/stop"
  for what in refresh edit give; do
    until_done "$what" & pids+=($!)
  done
  pgbench -n -M simple -U tool -c 2 -R 300 -T 3 -f "$WORK/tool.sql" >>"$WORK/tool.log" 2>&1 & local tool=$!
  "$@"
  local failed=0
  wait "$tool" || failed=1
  : >"$WORK/stop"
  for pid in "${pids[@]}"; do wait "$pid"; done
  return "$failed"
}
round kills || { cat "$WORK/tool.log" && die "The tool met an error."; }
if grep -Eq 'aborted|deadlock' "$WORK/tool.log"; then cat "$WORK/tool.log" && die "The tool met an error."; fi
cluster_psql -A -t -f "$ROOT/tests/segments/facts.sql"

# The server goes down in the midst of all of it.
crash() {
  cluster_wait "select exists (select from pg_stat_activity where usename = 'ops' and query ~ 'run_now' and state = 'active')" 30
  cluster_crash
  : >"$WORK/stop"
}
round crash || true
cluster_up
cluster_psql -A -t -f "$ROOT/tests/segments/facts.sql"
