# shellcheck shell=bash
# Sourced by fire.sh: the same work fired by Debian's pg_cron, in a cluster of its own. Where pg_cron is not installed its
# package is fetched (not installed) and its files are laid into the private tree; where that cannot be, a line says so.
#
# Debian's version counts in minutes and starts at most 32 jobs at a time, each in a new connection.

# Lays pg_cron's files into the private tree; says why not where it cannot be.
find_pg_cron() {
  local lib share folder
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

# Waits for the start of a minute that leaves time to write the jobs.
cron_jobs() { # NUMBER
  cluster_psql -c "select cron.unschedule(jobid) from cron.job" -c "truncate cron.job_run_details, dist.run" >/dev/null
  cluster_wait "select extract(second from clock_timestamp()) between 1 and 40" 60
  cluster_psql -c "select count(cron.schedule('job ' || n, '* * * * *', format('select dist.execute(%L)', 'move ' || n))) from generate_series(1, $1) n" >/dev/null
  cluster_wait "select count(*) >= $1 and bool_and(status not in ('starting', 'running', 'sending', 'connecting')) from cron.job_run_details" 200
}

with_pg_cron() { # NUMBER
  local why jobs number=$1
  if ! why=$(find_pg_cron); then
    say "SKIPPED: pg_cron: $why"
    result "pg_cron" "skipped"
    return 0
  fi
  cluster_stop
  cluster_start cron "shared_preload_libraries = 'pg_dist,pg_cron'" "cron.database_name = 'postgres'" "cron.host = '$WORK/cron'" \
    "max_connections = 200"
  cluster_psql -v number="$number" -f bench/fire/setup.sql >/dev/null
  cluster_psql -c "create extension pg_cron" -c "grant usage on schema cron to crm"
  say "pg_cron $(cluster_value "select extversion from pg_extension where extname = 'pg_cron'"): the same transfers by dist.execute, at a minute"
  for number in 1 100 "$1"; do
    cron_jobs "$number"
    jobs="(select *, date_trunc('minute', min(start_time) over ()) as due_at
             from (select * from cron.job_run_details order by runid limit $number) first) r"
    [[ $(cluster_value "select count(*) from $jobs where status = 'succeeded'") == "$number" ]] ||
      say "pg_cron: not every job ran: $(cluster_value "select status, count(*), min(return_message) from $jobs group by 1")"
    result "pg_cron, $number job(s) at a minute: started after it, p50 / p99 / worst, ms" \
      "$(milliseconds 'start_time - due_at' "$jobs")"
    result "pg_cron, $number job(s) at a minute: the last one done after, s" \
      "$(cluster_value "select round(extract(epoch from max(end_time) - min(due_at)), 2) from $jobs")"
  done
}
