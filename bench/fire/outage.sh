# shellcheck shell=bash
# Sourced by fire.sh: an hour down with 1 000 schedules of every minute, for each of the three ways to make up for it: the
# promised runs and no others, and how long after the server's start they are done. The hour is made by setting back the
# state of the schedules, as superuser, just before the server stops.

part_outage() {
  fire_cluster
  outage one 1
  outage skip 0
  outage all 5
}

outage() { # MISFIRE, RUNS PROMISED
  local due last started done_at wrong
  say "an hour down, $FIRE_MANY schedules of every minute, misfire = $1"
  enabled off
  # So that no regular instant comes in between.
  cluster_wait "select extract(second from clock_timestamp()) < 35" 60
  cluster_psql -v number="$FIRE_MANY" -v misfire="$1" -f bench/fire/outage.sql
  due=$(cluster_value "select min(next_run_at) from dist.schedule_state")
  cluster_wait "select extract(second from clock_timestamp()) < 45" 60
  cluster_psql -c "alter system reset pg_dist.enabled"
  cluster_restart
  started=$(cluster_value "select pg_postmaster_start_time()")
  await "select not exists (select from dist.schedule_state where next_run_at < clock_timestamp())" 120
  # Where nothing runs, there is nobody to say when it was done.
  done_at=$(cluster_value "select coalesce((select max(finished_at) from dist.run where status = 'succeeded' and due_at <= '$started'), clock_timestamp())")
  # The minutes from then to the start; whatever was due later is regular.
  last=$(cluster_value "select date_trunc('minute', '$started'::timestamptz)")
  wrong=$(cluster_value "
    select count(*) from dist.schedule s
     where (select count(*) from dist.run r where r.schedule_id = s.id and r.status = 'succeeded' and r.due_at <= '$started') <> $2
        or exists (select from dist.run r where r.schedule_id = s.id and r.status not in ('succeeded', 'skipped'))
        or (select array_agg(r.due_at order by r.due_at desc) from dist.run r
             where r.schedule_id = s.id and r.status = 'succeeded' and r.due_at <= '$started')
           is distinct from (select array_agg('$last'::timestamptz - n * interval '1 minute' order by n) from generate_series(0, $2 - 1) n)
        or not exists (select from dist.run r where r.schedule_id = s.id and r.status = 'skipped' and r.cause = 'misfire'
                          and r.due_at = '$due' and r.due_to = '$last'::timestamptz - $2 * interval '1 minute')")
  result "an hour down, $FIRE_MANY schedules, misfire = $1: without exactly $2 run(s), of the latest instants, and a row for the others" "$wrong" 0
  result "an hour down, $FIRE_MANY schedules, misfire = $1: all done after the server's start, s" \
    "$(cluster_value "select round(extract(epoch from '$done_at'::timestamptz - '$started'), 2)")" 2
}
