# shellcheck shell=bash
# Sourced by the worker's tests: a database with something to schedule, and words for what is to happen.
#
#   prepare                         the extension, a table of leads, transfers; in the database in use
#   owner ROLE                      a role that may own schedules
#   schedule NAME TRANSFER SECONDS [ROLE]   a schedule that is due once, in so many seconds
#   eventually WHAT SQL [SECONDS]   waits until the query answers true
#   holds WHAT SQL                  it must answer true now
#   pid_of KIND                     process of the worker in the database in use
#   log_mark, log_since PATTERN     lines of the log since the mark
#   check NAME FUNCTION             runs a test in a shell of its own and says PASS or FAIL
#   finish                          exit status
#
# Nothing sleeps in place of knowing: every wait is for a condition and has an end.
# shellcheck source=scripts/cluster.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../../scripts/cluster.sh"

FAILED=0
SUITE=$(basename "$0" .sh)

check() { # NAME FUNCTION
  local status=0
  set +e
  (
    set -e
    "$2"
  )
  status=$?
  set -e
  if [[ $status == 0 ]]; then
    printf 'PASS  worker/%s: %s\n' "$SUITE" "$1"
  else
    printf 'FAIL  worker/%s: %s\n' "$SUITE" "$1"
    FAILED=1
  fi
}

finish() { exit "$FAILED"; }

holds() { # WHAT SQL
  local answer
  answer=$(cluster_value "$2")
  [[ $answer == t ]] || { printf '      not so: %s\n      %s\n      answered: %s\n' "$1" "$2" "$answer" && return 1; }
}

eventually() { # WHAT SQL [SECONDS]
  local end=$((SECONDS + ${3:-20}))
  until [[ $(cluster_value "$2" 2>/dev/null) == t ]]; do
    ((SECONDS < end)) || { printf '      not so within %s s: %s\n      %s\n' "${3:-20}" "$1" "$2" && return 1; }
    sleep 0.05
  done
}

prepare() {
  cluster_psql <<'SQL'
set client_min_messages = warning;
create extension pg_dist;
create table public.lead (id bigint primary key, rep text);
insert into public.lead values (1, null);
grant all on public.lead to public;
-- A predicate that takes its time, but only where somebody wants it to: how long is a row that a test can change.
create table public.pace (seconds double precision not null);
insert into public.pace values (600);
grant select on public.pace to public;
create function public.slow() returns boolean language plpgsql volatile as
  $$ begin perform pg_sleep(seconds) from public.pace; return true; end $$;
-- A predicate that sees what an earlier run left in its session.
create table public.seen (leak text);
grant all on public.seen to public;
create function public.leak() returns boolean language plpgsql volatile as
  $$ begin
    insert into public.seen values (concat(current_setting('test.leak', true),
      (select 'a lock' from pg_locks where locktype = 'advisory' and objid = 4242 and pid = pg_backend_pid())));
    perform set_config('test.leak', 'a setting', false), pg_advisory_lock(4242);
    return false;
  end $$;
create function public.broken() returns boolean language plpgsql volatile as
  $$ begin raise exception 'broken on purpose' using errcode = '22023', hint = 'mend it'; end $$;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'public.lead', 'id', 'rep');
insert into dist.rep (rep, name) values ('ann', 'Ann');
insert into dist.transfer (name, object, source, predicate, to_rep, on_owned)
values ('quick', 'lead', 'any', null, 'ann', 'reassign'),
       ('slow', 'lead', 'unowned', 'public.slow()', 'ann', null),
       ('leak', 'lead', 'any', 'public.leak()', 'ann', 'reassign'),
       ('broken', 'lead', 'any', 'public.broken()', 'ann', 'reassign');
SQL
}

owner() { # ROLE
  cluster_psql -c "create role $1 login" -c "grant dist_manager, dist_reader to $1"
}

schedule() { # NAME TRANSFER SECONDS [ROLE]
  cluster_psql -v name="$1" -v transfer="$2" -v seconds="$3" -v role="${4:-postgres}" <<'SQL'
begin;
insert into dist.schedule (name, start_at, owner)
values (:'name', (clock_timestamp() + make_interval(secs => :seconds)) at time zone 'UTC', :'role');
insert into dist.step (schedule, position, target) values (:'name', 1, :'transfer');
commit;
SQL
}

pid_of() { # KIND
  cluster_value "select w.pid from dist._workers() w
                  where w.kind = '$1' and (w.database_oid is null
                     or w.database_oid = (select oid from pg_database where datname = current_database()))
                  order by w.pid limit 1"
}

# True while the run of a schedule is in the middle of public.slow().
sleeping() {
  echo "exists (select from pg_stat_activity where backend_type = 'pg_dist runner' and wait_event = 'PgSleep')"
}

log_mark() { LOG_MARK=$(wc -l <"$CLUSTER_LOG"); }
log_since() { # PATTERN
  tail -n "+$((LOG_MARK + 1))" "$CLUSTER_LOG" | grep -c -- "$1" || true
}

ran() { # SCHEDULE [STATUS]
  echo "exists (select from dist.run where schedule = '$1' and status = '${2:-succeeded}')"
}
