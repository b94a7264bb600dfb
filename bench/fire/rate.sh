# shellcheck shell=bash
# Sourced by fire.sh: how many fires a second, each durable. A backlog becomes due while nothing may fire; then it may.
# Beside it, in the same cluster, what pgbench commits a second with one-row inserts, at the best number of clients.

part_rate() {
  fire_cluster
  local best
  pgbench_best
  best=$PGBENCH_BEST
  backlog 1 move "$best"
  backlog 4 move "$best"
  backlog 1 shared
}

backlog() { # OWNERS TRANSFERS [WHAT PGBENCH DOES]
  local since rate pids pools='16 pools' what
  [[ $2 == move ]] || pools='one shared pool'
  what="a backlog of $FIRE_BACKLOG, $1 owner(s), $pools"
  say "$what"
  enabled off
  load_due "$FIRE_BACKLOG" "$1" "$2"
  sleep_until "$DUE"
  since=$(cluster_value "select clock_timestamp()")
  enabled on
  await "select count(*) = $FIRE_BACKLOG from dist.run" 180
  mapfile -t pids < <(workers runner)
  result "$what: CPU of the runners per fire, ms" "$(divide "$(cpu_ms "${pids[@]}")" "$FIRE_BACKLOG")"
  runs_are "$FIRE_BACKLOG"
  rate=$(cluster_value "select round($FIRE_BACKLOG / extract(epoch from max(finished_at) - '$since')) from dist.run")
  result "$what: fires a second" "$rate" "${3:+4000}" least
  [[ -z ${3:-} ]] || result "the same / pgbench's one-row inserts a second" "$(divide "$rate" "$3")" 0.25 least
}

pgbench_best() {
  local clients rate took=()
  say "pgbench, one-row inserts"
  echo 'insert into floor (n) values (1);' >"$WORK/insert.sql"
  PGBENCH_BEST=0
  for clients in 1 8 32 64; do
    rate=$(pgbench -n -c "$clients" -j "$((clients < 2 ? 1 : 2))" -T 3 -f "$WORK/insert.sql" 2>&1 | sed -n 's/^tps = \([0-9]*\).*/\1/p')
    [[ -n $rate ]] || die "pgbench has not measured anything."
    took+=("$clients: $rate")
    ((rate <= PGBENCH_BEST)) || PGBENCH_BEST=$rate
  done
  result "pgbench, one-row inserts a second (clients: rate; ${took[*]})" "$PGBENCH_BEST"
}
