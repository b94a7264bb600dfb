# shellcheck shell=bash
# Sourced by fire.sh: the same work fired by Debian's pg_cron, in a cluster of its own. Where pg_cron is not installed its
# package is fetched (not installed) and its files are laid into the private tree; where that cannot be, a line says so.
#
# Debian's version counts in minutes and starts at most 32 jobs at a time, each in a new connection.

part_pg_cron() {
  local why size
  if ! why=$(find_pg_cron); then
    say "SKIPPED: pg_cron: $why"
    result "pg_cron" "skipped"
    return 0
  fi
  cluster_start cron "shared_preload_libraries = 'pg_dist,pg_cron'" "cron.database_name = 'postgres'" "cron.host = '$WORK/cron'" \
    "max_connections = 200"
  cluster_psql -v number="$FIRE_MANY" -f bench/fire/setup.sql >/dev/null
  fire_header
  cluster_psql -c "create extension pg_cron" -c "grant usage on schema cron to crm"
  say "pg_cron $(cluster_value "select extversion from pg_extension where extname = 'pg_cron'"): the same transfers by dist.execute, at a minute"
  cron_fires 100
  cron_fires 1000
  cluster_psql -c "select cron.unschedule(jobid) from cron.job" >/dev/null
  for size in 10 10000; do cron_jobs "$size"; done
}

# Lays pg_cron's files into the private tree; says why not where it cannot be.
find_pg_cron() {
  local lib share folder
  # Prepares WORK and, where the server's user cannot read the tree, the copy that is run.
  cluster_prepare
  lib=$("$PGBIN/pg_config" --pkglibdir) share=$("$PGBIN/pg_config" --sharedir)
  [[ ! -r $lib/pg_cron.so || ! -r $share/extension/pg_cron.control ]] || return 0
  { command -v apt-get && command -v dpkg-deb; } >/dev/null || { echo "there is no pg_cron, and no apt-get" && return 1; }
  folder=$(mktemp -d "$WORK/cron.XXXXXX")
  # As the one who calls: apt's own user may not enter this folder.
  (cd "$folder" && apt-get -q -o APT::Sandbox::User=root download "postgresql-$PG_MAJOR-cron" >log 2>&1) ||
    { echo "postgresql-$PG_MAJOR-cron cannot be fetched: $(tail -n 1 "$folder/log")" && return 1; }
  dpkg-deb -x "$folder"/*.deb "$folder/files"
  [[ -r $folder/files/usr/lib/postgresql/$PG_MAJOR/lib/pg_cron.so ]] || { echo "its package has no pg_cron.so" && return 1; }
  cp "$folder/files/usr/lib/postgresql/$PG_MAJOR/lib/pg_cron.so" "$lib/"
  cp "$folder/files/usr/share/postgresql/$PG_MAJOR/extension"/pg_cron* "$share/extension/"
  chmod a+r "$lib/pg_cron.so" "$share/extension"/pg_cron*
}

cron_fires() { # NUMBER
  local jobs done_after
  cluster_psql -c "select cron.unschedule(jobid) from cron.job" -c "truncate cron.job_run_details, dist.run" >/dev/null
  # Time enough to write the jobs before the minute.
  cluster_wait "select extract(second from clock_timestamp()) between 1 and 55" 60
  cluster_psql -c "select count(cron.schedule('job ' || n, '* * * * *', format('select dist.execute(%L)', 'move ' || n))) from generate_series(1, $1) n" >/dev/null
  await "select count(*) >= $1 and bool_and(status not in ('starting', 'running', 'sending', 'connecting')) from cron.job_run_details" 200
  jobs="(select *, date_trunc('minute', min(start_time) over ()) as due_at
           from (select * from cron.job_run_details order by runid limit $1) first) r"
  [[ $(cluster_value "select count(*) from $jobs where status = 'succeeded'") == "$1" ]] ||
    say "pg_cron: not every job ran: $(cluster_value "select status, count(*), min(return_message) from $jobs group by 1")"
  spread "pg_cron, $1 jobs at a minute: started after it" 'start_time - due_at' "$jobs"
  done_after=$(cluster_value "select round(extract(epoch from max(end_time) - min(due_at)) * 1000) from $jobs")
  result "pg_cron, $1 jobs at a minute: the last one done after, ms" "$done_after"
  [[ -z ${LAST_DONE[$1]:-} ]] || result "the same / pg_dist's $1 due at one instant" "$(divide "$done_after" "${LAST_DONE[$1]}")" 1 least
}

# Jobs that are not due for months, all written in one transaction.
cron_jobs() { # NUMBER
  local launcher before wakes window=60 cost edits=15
  say "pg_cron, $1 idle jobs"
  cluster_psql -c "select count(cron.schedule('idle ' || n, format('%s %s 1 1 *', n % 60, n / 60 % 24), 'select 1'))
                     from generate_series(1 + (select count(*) from cron.job), $1) n" >/dev/null
  launcher=$(cluster_value "select pid from pg_stat_activity where backend_type = 'pg_cron launcher'")
  # Its launcher takes edits over once a second, all of that second together.
  seq "$edits" | sed "s/.*/select cron.schedule('idle ' || 1 + & * 7 % $1, '& 3 1 1 *', 'select 1'); select pg_sleep(1.1);/" >"$WORK/edits.sql"
  head -n 1 "$WORK/edits.sql" >"$WORK/warm.sql"
  cost=$(cluster_psql -A -t -F ' + ' -v warm="$WORK/warm.sql" -v file="$WORK/edits.sql" -v edits="$edits" -v scheduler="$launcher" \
    -v role=postgres -f bench/fire/edit.sql)
  result "pg_cron, a job changed, beside $1 others: CPU of session + launcher in that second, ms" "$cost"
  [[ $1 -ge 10000 ]] || return 0
  # Once a minute it looks at each job, so less than a minute would say nothing.
  before=$(cpu_ms "$launcher") wakes=$(wakeups "$launcher")
  sleep "$window"
  result "pg_cron, $1 idle jobs: CPU of its launcher, % of a core" \
    "$(awk -v ms="$(minus "$(cpu_ms "$launcher")" "$before")" -v s="$window" 'BEGIN {printf "%.4f", ms / s / 10}')"
  result "pg_cron, $1 idle jobs: memory of its launcher (RssAnon), MB" "$(memory_mb "$launcher")"
  result "pg_cron, $1 idle jobs: it wakes up so often in a minute" "$((($(wakeups "$launcher") - wakes) * 60 / window))"
}
