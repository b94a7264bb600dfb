# shellcheck shell=bash
# Sourced by fire.sh: how punctual a single schedule is. One is due every second, and between its instants four others are
# due once each, so that the figures are those of many single fires; and how often each of them has to wait for the disk.

part_due() {
  fire_cluster
  local base before fires=$((5 * FIRE_SECONDS)) runs
  say "a schedule every 200 ms, for $FIRE_SECONDS s"
  base=$(cluster_value "select date_trunc('second', clock_timestamp() + interval '5 s')")
  cluster_psql -U crm -v base="$base" -v seconds="$FIRE_SECONDS" <<'SQL'
begin;
insert into dist.schedule (name, start_at, cron, max_runs)
values ('each second', :'base'::timestamptz at time zone 'UTC', '* * * * * *', :seconds);
insert into dist.schedule (name, start_at)
select 'single ' || n, (:'base'::timestamptz + make_interval(secs => n / 5.0)) at time zone 'UTC'
  from generate_series(1, 5 * :seconds) n where n % 5 <> 0;
insert into dist.step (schedule, position, target) values ('each second', 1, 'move 1');
insert into dist.step (schedule, position, target)
select 'single ' || n, 1, 'move ' || 1 + n % 16 from generate_series(1, 5 * :seconds) n where n % 5 <> 0;
commit;
SQL
  before=$(flushes)
  [[ $(cluster_value "select clock_timestamp() < '$base'") == t ]] || die "The schedules were not there in time."
  sleep_until "$base"
  sleep "$FIRE_SECONDS"
  await "select count(*) = $fires from dist.run where status = 'succeeded' and assigned = 1" 30
  runs="(select * from dist.run order by due_at offset 1) r"
  [[ $(cluster_value "select count(distinct due_at) from dist.run") == "$fires" ]] || die "Not every instant has its run."
  spread "one schedule due: started after its instant" 'started_at - due_at' "$runs" 3 10
  spread "one schedule due: finished after its instant" 'finished_at - due_at' "$runs" 5 25
  result "one schedule due: flushes of the log per fire, the job's own among them" "$(divide "$(($(flushes) - before))" "$fires")" 1.05
}
