# shellcheck shell=bash
# Sourced by tests, demo, bench and soak: throwaway clusters of the private PostgreSQL with pg_dist preloaded.
#
#   cluster_start NAME [LINE...]     make and start one; the lines end up in postgresql.conf
#   cluster_standby NAME [LINE...]   make and start a streaming standby of the cluster in use
#   cluster_use NAME                 let psql and the functions below mean this one (cluster_start does it too)
#   cluster_psql [ARGUMENT...]       psql that stops at the first error
#   cluster_value SQL                the bare value or rows of a query
#   cluster_wait SQL [SECONDS]       until the query answers true (default 30 s), else it fails
#   cluster_restart [MODE]           MODE as in pg_ctl: fast (default), immediate, smart
#   cluster_stop [MODE]              stop without removing; cluster_up starts it again
#   cluster_crash [postmaster]       kill -9 of the postmaster and all its children, as a power cut would; with the
#                                    argument of the postmaster alone, whose children then see that it is gone
#   cluster_remove NAME              end one and remove its files; the others, and which is in use, stay as they are
#   as_server COMMAND...             run something as the user the server runs as
#   at_exit COMMAND...               run something before the clusters go (do not set an EXIT trap of your own)
#
# In use means: PGHOST, PGPORT, PGUSER, PGDATABASE and PGDATA are exported and the tree's bin is first on the PATH.
# WORK is a folder that the server can read and that goes at the end. CLUSTER_LOG is the log of the cluster in use.
# Settings: PG_DIST_PROFILE debug (default) or release, which tree; CLUSTER_FSYNC=off for tests that crash nothing;
# CLUSTER_KEEP=1 leaves WORK behind (stopped) to look at; the array CLUSTER_ENV, variables for the server's environment.
#
# Nothing listens on the network, and at the end, also after Ctrl-C or TERM, everything is stopped and removed.
# shellcheck source=scripts/env.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/env.sh"

# Settings of the caller's own psql must not lead the tests to another server.
for cluster_var in "${!PG@}"; do
  case $cluster_var in PG_* | PGRX_*) ;; *) unset "$cluster_var" ;; esac
done
unset cluster_var

find_postgres || die "There is no PostgreSQL to run." "Build first: make tree"
CLUSTER_TREE=$(tree_dir "${PG_DIST_PROFILE:-debug}")
[[ -r $CLUSTER_TREE/.bindir ]] ||
  die "pg_dist (${PG_DIST_PROFILE:-debug}) is not built." "Build it with: scripts/tree.sh ${PG_DIST_PROFILE:-debug}"
PGBIN=$(tree_bin "${PG_DIST_PROFILE:-debug}")
CLUSTER_NAMES=()
CLUSTER_LOG=
CLUSTER_ENV=()
WORK=
AT_EXIT=()

# PostgreSQL refuses to run as root.
SERVER_USER=
if [[ $(id -u) == 0 ]]; then
  SERVER_USER=nobody
  ! id postgres >/dev/null 2>&1 || SERVER_USER=postgres
fi

SERVER_LOCALE=C
[[ ! $(locale -a 2>/dev/null) =~ C\.(utf8|UTF-8) ]] || SERVER_LOCALE=C.UTF-8

as_server() {
  local as=()
  [[ -z $SERVER_USER ]] ||
    as=(setpriv --reuid "$SERVER_USER" --regid "$(id -g "$SERVER_USER")" --clear-groups)
  # A backtrace would end up in the DETAIL of every error. The folder may be one this user cannot enter.
  (cd "${WORK:-/}" && exec "${as[@]}" env -u RUST_BACKTRACE HOME="${WORK:-/}" TZ=UTC LC_ALL="$SERVER_LOCALE" \
    "${CLUSTER_ENV[@]}" "$@")
}

at_exit() { AT_EXIT+=("$(printf '%q ' "$@")"); }

# The common folder of this script's clusters; made with the first of them.
cluster_prepare() {
  [[ -z $WORK ]] || return 0
  local base=${TMPDIR:-/tmp}
  # A socket's path may have 107 characters.
  [[ ${#base} -le 50 ]] || base=/tmp
  WORK=$(mktemp -d "$base/pg_dist.XXXXXX")
  [[ -z $SERVER_USER ]] || chown "$SERVER_USER" "$WORK"
  if ! as_server test -w "$WORK"; then
    rmdir "$WORK"
    WORK=$(mktemp -d /tmp/pg_dist.XXXXXX)
    [[ -z $SERVER_USER ]] || chown "$SERVER_USER" "$WORK"
  fi
  if ! as_server test -r "$PGBIN/postgres" -a -x "$PGBIN/postgres" 2>/dev/null; then
    say "user $SERVER_USER cannot read ${CLUSTER_TREE}: running from a copy in $WORK"
    cp -R "$CLUSTER_TREE" "$WORK/tree"
    chmod -R go+rX "$WORK/tree"
    PGBIN=$WORK/tree${PGBIN#"$CLUSTER_TREE"}
    CLUSTER_TREE=$WORK/tree
  fi
  local libraries
  libraries=$("$PGBIN/pg_config" --libdir)
  # PostgreSQL's own libpq; without it a standby of the PyPI build starts but does not stream.
  [[ $libraries != "$CLUSTER_TREE"/* || ! -d $libraries ]] ||
    export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  export PATH=$PGBIN:$PATH
}

cluster_use() {
  export PGHOST=$WORK/$1 PGPORT=5432 PGUSER=postgres PGDATABASE=postgres PGDATA=$WORK/$1/data
  CLUSTER_LOG=$WORK/$1/log
}

cluster_configure() { # LINE...
  {
    printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$PGHOST'" "port = $PGPORT" \
      "timezone = 'UTC'" "log_timezone = 'UTC'" "log_line_prefix = '%m [%p] %q%a '" \
      "shared_preload_libraries = 'pg_dist'" "fsync = ${CLUSTER_FSYNC:-on}"
    [[ $# == 0 ]] || printf '%s\n' "$@"
  } | as_server tee -a "$PGDATA/postgresql.conf" >/dev/null
}

cluster_up() {
  # The log is given to the server and not to pg_ctl's own output, so that no pipe of the caller's stays open.
  if ! as_server "$PGBIN/pg_ctl" start -w -t 60 -D "$PGDATA" -l "$CLUSTER_LOG" </dev/null >/dev/null 2>&1 9>&-; then
    die "The cluster in $PGDATA did not start."
  fi
  rm -f "$WORK/${PGHOST##*/}.crashed"
}

cluster_start() { # NAME [LINE...]
  local name=$1
  shift
  cluster_prepare
  cluster_use "$name"
  as_server mkdir -m 700 "$PGHOST"
  CLUSTER_NAMES+=("$name")
  as_server "$PGBIN/initdb" -D "$PGDATA" -U "$PGUSER" -A trust -E UTF8 --locale "$SERVER_LOCALE" --no-sync \
    --no-instructions >"$PGHOST/initdb.log" 2>&1 || { cat "$PGHOST/initdb.log" >&2 && die "initdb failed (see above)."; }
  cluster_configure "$@"
  cluster_up
}

cluster_standby() { # NAME [LINE...]
  local name=$1 source="host=$PGHOST port=$PGPORT user=$PGUSER"
  shift
  cluster_use "$name"
  as_server mkdir -m 700 "$PGHOST"
  CLUSTER_NAMES+=("$name")
  as_server "$PGBIN/pg_basebackup" -d "$source" -D "$PGDATA" -R -c fast --no-sync
  cluster_configure "$@"
  cluster_up
}

cluster_psql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }

cluster_value() { cluster_psql -A -t -c "$1"; }

cluster_wait() { # SQL [SECONDS]
  local end=$((SECONDS + ${2:-30}))
  until [[ $(cluster_value "$1" 2>/dev/null || true) == t ]]; do
    ((SECONDS < end)) || { echo "not true within ${2:-30} s: $1" >&2 && return 1; }
    sleep 0.1
  done
}

cluster_stop() { as_server "$PGBIN/pg_ctl" stop -w -t 60 -D "$PGDATA" -m "${1:-fast}" >/dev/null; }

cluster_restart() {
  cluster_stop "${1:-fast}"
  cluster_up
}

process_alive() { # a zombie is not
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  [[ ${stat##*) } != Z* ]]
}

cluster_crash() { # [postmaster]
  local postmaster stat parent pid segment end=$((SECONDS + 30)) pids=()
  postmaster=$(head -n 1 "$PGDATA/postmaster.pid")
  segment=$(sed -n '7s/.* \([0-9]*\)$/\1/p' "$PGDATA/postmaster.pid")
  # Stopped first, so that it neither forks nor cleans up while its children are looked for.
  kill -STOP "$postmaster"
  pids=("$postmaster")
  for stat in /proc/[0-9]*/stat; do
    parent=$(sed 's/.*) . \([0-9]*\) .*/\1/' "$stat" 2>/dev/null) || continue
    [[ $parent != "$postmaster" ]] || pids+=("$(basename "$(dirname "$stat")")")
  done
  # Shared memory outlives its server; a start of the same cluster removes it, and so does the cleanup.
  for pid in "${pids[@]}"; do
    grep -so '/dev/shm/PostgreSQL\.[0-9]*' "/proc/$pid/maps" || true
  done | sort -u >"$WORK/${PGHOST##*/}.crashed"
  if [[ ${1:-} == postmaster ]]; then
    kill -KILL "$postmaster"
  else
    kill -KILL "${pids[@]}" 2>/dev/null || true
  fi
  for pid in "${pids[@]}"; do
    while process_alive "$pid"; do
      ((SECONDS < end)) || die "process $pid of the crashed cluster does not end."
      sleep 0.02
    done
  done
  # A new postmaster refuses to start while anybody is attached to the old one's shared memory,
  while [[ -n $segment && $(awk -v id="$segment" '$2 == id {print $7}' /proc/sysvipc/shm 2>/dev/null) == [1-9]* ]]; do
    ((SECONDS < end)) || die "the shared memory of the crashed cluster is not released."
    sleep 0.02
  done
  echo "$segment" >>"$WORK/${PGHOST##*/}.crashed"
  # or while a process of the old one's number is there: a zombie would do, and some containers reap them late.
  [[ ! -e /proc/$postmaster ]] || rm "$PGDATA/postmaster.pid" "$PGHOST/.s.PGSQL.$PGPORT.lock"
}

cluster_show_logs() {
  local name
  for name in "${CLUSTER_NAMES[@]}"; do
    [[ ! -s $WORK/$name/log ]] || { printf -- '--- end of the log of cluster %s\n' "$name" && tail -n 40 "$WORK/$name/log"; }
  done >&2
}

# Whatever is left of a cluster's processes and shared memory.
cluster_end() { # NAME
  local item
  if [[ -e $WORK/$1.crashed ]]; then
    while read -r item; do
      case $item in /dev/shm/*) rm -f "$item" ;; ?*) ipcrm -m "$item" 2>/dev/null ;; esac
    done <"$WORK/$1.crashed"
    rm "$WORK/$1.crashed"
  elif [[ -e $WORK/$1/data/postmaster.pid ]]; then
    as_server "$PGBIN/pg_ctl" stop -w -t 30 -D "$WORK/$1/data" -m immediate >/dev/null 2>&1
  fi
}

cluster_remove() { # NAME
  local name kept=()
  cluster_end "$1" || true
  rm -rf "${WORK:?}/$1"
  for name in "${CLUSTER_NAMES[@]}"; do [[ $name == "$1" ]] || kept+=("$name"); done
  CLUSTER_NAMES=("${kept[@]}")
}

cluster_cleanup() {
  local status=$? command name
  trap - EXIT
  trap '' INT TERM HUP PIPE
  set +e
  for command in "${AT_EXIT[@]}"; do eval "$command"; done
  [[ $status == 0 || $status == 77 || $status -ge 129 ]] || cluster_show_logs
  for name in "${CLUSTER_NAMES[@]}"; do cluster_end "$name"; done
  if [[ -n $WORK ]]; then
    if [[ -n ${CLUSTER_KEEP:-} ]]; then say "kept: $WORK"; else rm -rf "$WORK"; fi
  fi
  exit "$status"
}

trap cluster_cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
