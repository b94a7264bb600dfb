# shellcheck shell=bash
# Sourced by fire.sh: what an edit costs, the session that makes it and the scheduler that takes it over, beside 10, 10 000
# and 100 000 other schedules; and how soon after its commit it counts.
# shellcheck source=bench/fire/sized.sh
. "$ROOT/bench/fire/sized.sh"

part_edit() {
  sized_cluster
  edit_cost 'a plan changed' changes
  edit_cost 'a schedule made, and deleted again' makes
  armed
}

changes() { # NUMBER SIZE
  local n
  for ((n = 0; n < $1; n++)); do
    echo "update dist.schedule set start_at = start_at + interval '1 day' where name = 'idle $((1 + n * 7919 % $2))'; select pg_sleep(0.01);"
  done
}

makes() { # NUMBER SIZE
  local n
  for ((n = 0; n < $1; n++)); do
    echo "begin; insert into dist.schedule (name, start_at, cron) values ('made', date '2100-01-01', '0 6 * * *');"
    echo "insert into dist.step (schedule, target) values ('made', 'move 1'); commit; select pg_sleep(0.01);"
    echo "delete from dist.schedule where name = 'made'; select pg_sleep(0.01);"
  done
}

# Rounds go through the sizes in turn, so that what else the machine does meets all of them.
edit_cost() { # WHAT GENERATOR
  local size round number=60 session scheduler cost
  declare -A sessions=() schedulers=() sums=()
  say "the cost of an edit: $1"
  for ((round = 1; round <= FIRE_ROUNDS; round++)); do
    for size in "${FIRE_SIZES[@]}"; do
      cluster_size "$size"
      "$2" "$number" "$size" >"$WORK/edits.sql"
      "$2" 5 "$size" >"$WORK/warm.sql"
      IFS='|' read -r session scheduler < <(cluster_psql -A -t -v warm="$WORK/warm.sql" -v file="$WORK/edits.sql" -v edits="$number" \
        -v scheduler="$(workers scheduler)" -v role=crm -f bench/fire/edit.sql)
      sessions[$size]+=" $session" schedulers[$size]+=" $scheduler"
      sums[$size]+=" $(awk -v a="$session" -v b="$scheduler" 'BEGIN {print a + b}')"
    done
  done
  for size in "${FIRE_SIZES[@]}"; do
    # shellcheck disable=SC2086 # lists of numbers
    cost="$(median ${sessions[$size]}) + $(median ${schedulers[$size]})"
    result "$1, beside $size others: CPU of session + scheduler, ms" "$cost"
  done
  # shellcheck disable=SC2086
  result "$1: beside ${FIRE_SIZES[-1]} / beside ${FIRE_SIZES[0]}" "$(divide "$(median ${sums[${FIRE_SIZES[-1]}]})" "$(median ${sums[${FIRE_SIZES[0]}]})")" 1.5
}

# An edit makes a schedule due whose instant has passed when the edit commits: from the moment at which its session has
# COMMIT's answer to the start of the run, which is a little more than until the scheduler has taken it over. The owner's
# runner is there, as it is ten seconds after a run.
armed() {
  local size n number=100
  echo "set synchronous_commit = on;" >"$WORK/armed.sql"
  for n in $(seq "$number"); do
    echo "begin; update dist.schedule set start_at = (clock_timestamp() + interval '50 ms') at time zone 'UTC' where name = 'armed' returning start_at at time zone 'UTC' as due \\gset"
    echo "select pg_sleep(0.06); commit; select clock_timestamp() as committed \\gset"
    echo "select pg_sleep(0.1); insert into edited values (:'due', :'committed');"
  done >>"$WORK/armed.sql"
  for size in "${FIRE_SIZES[@]}"; do
    cluster_size "$size"
    say "$number edits that make a schedule due at once, beside $size others"
    cluster_psql <<'SQL'
create table edited (due_at timestamptz, committed timestamptz);
grant insert on edited to crm;
set role crm;
begin;
insert into dist.schedule (name, start_at) values ('armed', (clock_timestamp() + interval '1 s') at time zone 'UTC');
insert into dist.step (schedule, target) values ('armed', 'move 1');
commit;
SQL
    # With it its owner's runner is there.
    await "select count(*) = 1 from dist.run where status = 'succeeded'" 10
    cluster_psql -U crm -f "$WORK/armed.sql" >/dev/null
    await "select count(*) = $number + 1 from dist.run where status = 'succeeded'" 60
    spread "edit committed to run started, beside $size others" 'r.started_at - e.committed' "dist.run r join edited e using (due_at)" '' 10
    cluster_psql -c "delete from dist.schedule where name = 'armed'" -c "truncate dist.run, dist.assignment" -c "drop table edited"
  done
}
