# shellcheck shell=bash
# Sourced by fire.sh: what its parts have in common.
#
#   fire_cluster                 the cluster that most parts share: started and set up by the first of them
#   fire_header                  date, machine, server and its settings
#   fire_clear                   no schedules, no history
#   await SQL SECONDS            until the query answers true; seldom asked, for on two cores asking is work too
#   spread WHAT INTERVAL FROM [P50 P99]  rows of the table: p50, p99 and worst of an interval, in ms, with their goals
#   load_due NUMBER OWNERS TRANSFERS     writes schedules that are due once, all at the instant DUE, soon
#   runs_are NUMBER              fails unless that many runs were due at DUE, each once, and each moved one record
#   enabled on|off               pg_dist.enabled
#   flushes                      how often the log has been brought to disk so far
#   workers KINDS                process ids of pg_dist's own processes in the database in use (launcher|scheduler|runner)
#   cpu_ms PID...                CPU time they have had; that of a process that is gone is 0
#   wakeups PID...               how often they have gone to sleep
#   memory_mb PID...             memory of their own (RssAnon)

FIRE_STARTED=
FIRE_HEADED=
LOAD_MS=4

fire_cluster() {
  [[ -z $FIRE_STARTED ]] || { cluster_use fire && fire_clear && return; }
  # The server's own flushing in the background, of what nobody waits for, would be counted with the fires'.
  cluster_start fire "wal_writer_delay = 10s"
  cluster_psql -v number="$FIRE_MANY" -f bench/fire/setup.sql >/dev/null
  fire_header
  FIRE_STARTED=1
}

# Said once, whichever part is the first.
fire_header() {
  [[ -z $FIRE_HEADED ]] || return 0
  bench_header "fire: schedules whose runs move one record each"
  FIRE_HEADED=1
}

fire_clear() { cluster_psql -c "delete from dist.schedule" -c "truncate dist.run, dist.assignment, dist.unassigned"; }

await() { # SQL SECONDS
  local end=$((SECONDS + $2))
  until [[ $(cluster_value "$1") == t ]]; do
    ((SECONDS < end)) ||
      die "Not true within $2 s: $1" "Runs: $(cluster_value "select status, count(*), min(message) from dist.run group by 1")"
    sleep 0.3
  done
}

sleep_until() { # INSTANT
  sleep "$(cluster_value "select greatest(0, extract(epoch from '$1'::timestamptz - clock_timestamp()))")"
}

spread() { # WHAT INTERVAL FROM-CLAUSE [GOAL OF P50, GOAL OF P99]
  local p50 p99 worst
  read -r p50 p99 worst < <(cluster_value "select string_agg(round(extract(epoch from p) * 1000, 1)::text, ' ' order by n)
     from (select unnest(percentile_disc(array[0.5, 0.99, 1.0]) within group (order by $2)) as p, generate_series(1, 3) as n from $3) x")
  result "$1, p50, ms" "$p50" "${4:-}"
  result "$1, p99, ms" "$p99" "${5:-}"
  result "$1, worst, ms" "$worst"
}

# A schedule has to be written before its instant: how long that takes is learnt from the loads before.
load_due() { # NUMBER OWNERS TRANSFERS
  local began try
  for try in 1 2 3; do
    fire_clear
    DUE=$(cluster_value "select date_trunc('second', clock_timestamp() + interval '1.5 s' + $1 * interval '$LOAD_MS ms')")
    began=$(date +%s%N)
    if cluster_psql -v number="$1" -v owners="$2" -v transfers="$3" -v many="$FIRE_MANY" -v due="$DUE" -f bench/fire/load.sql &&
      [[ $(cluster_value "select clock_timestamp() < '$DUE'") == t ]]; then
      LOAD_MS=$(awk -v ns="$(($(date +%s%N) - began))" -v n="$1" 'BEGIN {ms = ns / 1e6 / n * 1.4; print (ms < 0.5 ? 0.5 : (ms > 6 ? 6 : ms))}')
      return
    fi
    say "$1 schedules were not written within $LOAD_MS ms each (try $try)"
    LOAD_MS=$(awk -v was="$LOAD_MS" 'BEGIN {print was * 2 + 2}')
  done
  die "$1 schedules cannot be written in time."
}

runs_are() { # NUMBER
  [[ $(cluster_value "select count(*) = $1 and count(distinct schedule_id) = $1 and bool_and(status = 'succeeded' and assigned = 1 and due_at = '$DUE')
                        from dist.run") == t ]] ||
    die "Not every schedule has its one run: $(cluster_value "select status, count(*), min(message) from dist.run group by 1")"
}

enabled() { # on|off
  cluster_psql -c "alter system set pg_dist.enabled = $1" -c "select pg_reload_conf()" >/dev/null
  cluster_wait "select current_setting('pg_dist.enabled')::boolean = '$1'::boolean"
}

flushes() {
  local of="(select wal_sync from pg_stat_wal)"
  ((PG_MAJOR < 18)) || of="(select sum(fsyncs)::bigint from pg_stat_io where object = 'wal')"
  # What a process has counted it hands over when it has nothing to do.
  sleep 1.2
  cluster_value "select $of"
}

workers() { # KINDS
  cluster_value "select pid from pg_stat_activity where backend_type ~ '^pg_dist ($1)' and (datid is null or datname = current_database()) order by pid"
}

cpu_ms() { # PID...
  local pid ns sum=0
  for pid; do
    # In nanoseconds; the ticks of stat are too coarse for a process that hardly ever runs.
    read -r ns _ <"/proc/$pid/schedstat" || ns=0
    sum=$((sum + ns))
  done 2>/dev/null
  awk -v ns="$sum" 'BEGIN {printf "%.3f\n", ns / 1e6}'
}

wakeups() { # PID...
  local pid files=()
  for pid; do files+=("/proc/$pid/status"); done
  awk '/^voluntary_ctxt_switches/ {sum += $2} END {print sum + 0}' "${files[@]}"
}

memory_mb() { # PID...
  local pid files=()
  for pid; do files+=("/proc/$pid/status"); done
  awk '/^RssAnon/ {sum += $2} END {printf "%.1f\n", sum / 1024}' "${files[@]}"
}

minus() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.3f\n", a - b}'; }
