#!/usr/bin/env bash
# How punctually schedules fire: one that is due every second, and 1 000 that are due at one instant; beside it the same
# work fired by Debian's pg_cron. See README.md.
# shellcheck source=bench/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=bench/fire/pg_cron.sh
. "$ROOT/bench/fire/pg_cron.sh"

seconds=${BENCH_SECONDS:-60}
many=${BENCH_SCHEDULES:-1000}
edits=${BENCH_EDITS:-50}

# p50, p99 and worst in milliseconds of an interval over runs.
milliseconds() { # INTERVAL FROM-CLAUSE
  cluster_value "select string_agg(round(extract(epoch from p) * 1000, 1)::text, ' / ' order by n)
     from (select unnest(percentile_disc(array[0.5, 0.99, 1.0]) within group (order by $1)) as p, generate_series(1, 3) as n from $2) x"
}

every_second() {
  say "a schedule that is due every second, for $seconds s"
  cluster_psql -U crm -v runs="$((seconds + 1))" <<'SQL'
begin;
insert into dist.schedule (name, cron, time_zone, max_runs) values ('each second', '* * * * * *', 'UTC', :runs);
insert into dist.step (schedule, position, target) values ('each second', 1, 'turn');
commit;
SQL
  cluster_wait "select ended = 'done' from dist.schedule_state x join dist.schedule s on s.id = x.schedule_id where s.name = 'each second'" \
    "$((seconds + 30))"
  local runs="(select * from dist.run where schedule = 'each second' and status = 'succeeded' order by due_at offset 1) r"
  [[ $(cluster_value "select count(distinct due_at) from $runs") == "$seconds" ]] ||
    die "Not every second has its run: $(cluster_value "select status, count(*), min(message) from dist.run group by 1")"
  result "due every second: started after the instant, p50 / p99 / worst, ms" "$(milliseconds 'started_at - due_at' "$runs")"
  result "due every second: finished after the instant, p50 / p99 / worst, ms" "$(milliseconds 'finished_at - due_at' "$runs")"
}

at_one_instant() { # NUMBER OWNERS
  say "$1 schedules that are due at one instant, of $2 owner(s)"
  local due
  cluster_psql -c "delete from dist.schedule" -c "truncate dist.run"
  due=$(cluster_value "select date_trunc('second', clock_timestamp() + interval '6 s')")
  cluster_psql -v number="$1" -v owners="$2" -v due="$due" <<'SQL'
begin;
insert into dist.schedule (name, start_at, owner)
select 'job ' || n, :'due'::timestamptz at time zone 'UTC', (array['crm', 'crm2', 'crm3', 'crm4'])[1 + n % :owners]
  from generate_series(1, :number) n;
insert into dist.step (schedule, position, target)
select 'job ' || n, 1, 'move ' || n from generate_series(1, :number) n;
commit;
SQL
  [[ $(cluster_value "select clock_timestamp() < '$due'") == t ]] || die "The schedules were not there in time."
  cluster_wait "select count(*) = $1 from dist.run" 120
  [[ $(cluster_value "select count(*) filter (where status = 'succeeded' and assigned = 1 and due_at = '$due') from dist.run") == "$1" ]] ||
    die "Not every schedule has its run: $(cluster_value "select status, count(*), min(message) from dist.run group by 1")"
  result "$1 schedules at one instant, $2 owner(s): the last one done after, s" \
    "$(cluster_value "select round(extract(epoch from max(finished_at) - '$due'), 2) from dist.run")"
}

# A one-time schedule that is committed a moment before its instant.
edits() {
  say "$edits schedules, each written 50 ms before its instant"
  local n
  cluster_psql -c "delete from dist.schedule" -c "truncate dist.run"
  for ((n = 1; n <= edits; n++)); do
    printf '%s\n' 'begin;' "insert into dist.schedule (name, start_at) values ('edit $n', (clock_timestamp() + interval '50 ms') at time zone 'UTC');" \
      "insert into dist.step (schedule, position, target) values ('edit $n', 1, 'turn');" 'commit;' 'select pg_sleep(0.15);'
  done >"$WORK/edits.sql"
  cluster_psql -U crm -f "$WORK/edits.sql" >/dev/null
  cluster_wait "select count(*) = $edits from dist.run where status = 'succeeded'"
  result "written 50 ms ahead: started after the instant, p50 / p99 / worst, ms" \
    "$(milliseconds 'started_at - due_at' dist.run)"
}

cluster_start fire
cluster_psql -v number="$many" -f bench/fire/setup.sql >/dev/null
bench_header "fire: lateness of schedules whose runs move one record each"
every_second
edits
at_one_instant "$many" 1
at_one_instant "$many" 4
with_pg_cron "$many"
results
