#!/usr/bin/env bash
# A copy of a database, restored from a dump or made by CREATE DATABASE ... TEMPLATE, has all its schedules and fires none
# until dist.resume_all; the original goes on. A server restart, and so a physical clone, is no copy.
CLUSTER_FSYNC=off
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

cluster_start copy
createdb original
export PGDATABASE=original
prepare
cluster_psql -c "insert into dist.schedule (name, cron) values ('each', '* * * * * *')" \
  -c "insert into dist.step (schedule, target) values ('each', 'quick')"
eventually "the original fires" "select $(ran each)"

in_database() { # DATABASE COMMAND...
  local PGDATABASE=$1
  shift
  "$@"
}
instants() { cluster_value "select count(*) from dist.run where schedule = 'each' and status = 'succeeded'"; }

# The original fires twice more while the copy has a scheduler and fires nothing.
paused() { # DATABASE
  local had now end=$((SECONDS + 20))
  # Launcher and schedulers look by themselves now and then, and when the configuration is read again.
  cluster_psql -o /dev/null -c "select pg_reload_conf()"
  in_database "$1" eventually "it has a scheduler" "select exists (select from dist._workers() w join pg_database d on d.oid = w.database_oid where d.datname = current_database() and w.kind = 'scheduler')"
  until [[ $(log_since "no schedule fires in database '$1': it is a copy") != 0 ]]; do
    ((SECONDS < end)) || break
    sleep 0.05
  done
  [[ $(log_since "no schedule fires in database '$1': it is a copy") == 1 ]] || { echo "      not one line about it" && return 1; }
  in_database "$1" holds "dist.health says so (C5)" "select status = 'error' and detail ~ 'resume_all.*it is a copy' from dist.health where kind = 'check' and name = 'copy'"
  had=$(in_database "$1" instants)
  now=$(instants)
  eventually "the original goes on" "select count(*) >= $now + 2 from dist.run where schedule = 'each' and status = 'succeeded'"
  in_database "$1" holds "the copy does not" "select count(*) = $had from dist.run where schedule = 'each' and status = 'succeeded'"
  in_database "$1" cluster_psql -o /dev/null -c "do \$\$ begin perform dist.tick(); raise 'fired'; exception when object_not_in_prerequisite_state then null; end \$\$"
}
accepted() { # DATABASE
  in_database "$1" cluster_psql -o /dev/null -c "select dist.resume_all()"
  in_database "$1" holds "dist.health is content" "select not exists (select from dist.health where name = 'copy')"
  in_database "$1" eventually "the copy fires" "select exists (select from dist.run r, dist.home h where r.schedule = 'each' and r.status = 'succeeded' and r.due_at > h.since)"
  in_database "$1" holds "what passed is recorded, and not caught up" "select (select count(*) = 1 from dist.run where schedule = 'each' and status = 'skipped' and cause = 'paused') and not exists (select from dist.run r, dist.home h where r.status = 'succeeded' and r.started_at > h.since and r.due_at < h.since)"
}

restored() {
  log_mark
  createdb restored
  pg_dump original | in_database restored cluster_psql -o /dev/null
  paused restored
  accepted restored
}
check "a restored dump is paused until dist.resume_all" restored

template() {
  log_mark
  # A database that somebody is connected to cannot be copied, and its scheduler is.
  cluster_psql -d postgres -o /dev/null -c "alter database original allow_connections false" \
    -c "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'original'"
  PGDATABASE=postgres eventually "nobody is connected" "select not exists (select from pg_stat_activity where datname = 'original')"
  createdb --maintenance-db postgres --template original copy
  cluster_psql -d postgres -o /dev/null -c "alter database original allow_connections true" -c "alter database copy allow_connections true"
  paused copy
  accepted copy
}
check "a copy made from a template is paused until dist.resume_all" template

same_place() {
  local now
  log_mark
  # As a version with older time zone data would have left it.
  cluster_psql -c "insert into dist.schedule (name, start_at, time_zone, frequency) values ('far', '2031-07-01 06:00', 'Europe/Berlin', 'yearly')" \
    -c "insert into dist.step (schedule, target) values ('far', 'quick')" \
    -c "update dist.schedule_state st set next_run_at = next_run_at + interval '1 hour', due_at = due_at + interval '1 hour' from dist.schedule s where s.id = st.schedule_id and s.name = 'far'" \
    -c "update dist.home set tz_version = '1970z'"
  cluster_restart
  now=$(instants)
  eventually "its next runs go by the zones of today" "select h.tz_version = dist._tz_version() and st.next_run_at = '2031-07-01 04:00Z' from dist.home h, dist.schedule_state st join dist.schedule s on s.id = st.schedule_id where s.name = 'far'"
  [[ $(log_since "time zone data .* in place of 1970z: 1 next runs are at another instant") == 1 ]] || { echo "      not one line about it" && return 1; }
  eventually "it goes on" "select count(*) >= $now + 2 from dist.run where schedule = 'each' and status = 'succeeded'"
}
check "after a restart it is the same database, and newer time zone data is adopted" same_place

finish
