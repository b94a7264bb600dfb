# shellcheck shell=bash
# Sourced by run.sh: sessions that keep the database busy. Each is one call again and again, and connects again when
# it has lost its server, to the one that is under load then. What they complain of is in the server's log, which run.sh reads.

CLIENTS=(
  "web add_records 0.1"
  "another_tool meddle 0.04"
  "ann by_hand 0.3"
  "bob edit 0.25"
)
CLIENT_PIDS=()

# Goes on as long as $WORK/load exists; the pause is only for the server to come back.
client() { # ROLE FUNCTION SECONDS
  while [[ -e $WORK/load ]]; do
    PGHOST=$(<"$WORK/primary") && export PGHOST
    PGAPPNAME="soak $2" PGUSER=$1 psql -X -q -A -t -f - >/dev/null 2>&1 <<<"select crm.$2() \\watch $3" || true
    sleep 0.1
  done
}

clients_start() {
  local line
  touch "$WORK/load"
  for line in "${CLIENTS[@]}"; do
    # shellcheck disable=SC2086
    client $line </dev/null 9>&- &
    CLIENT_PIDS+=($!)
  done
}

clients_stop() {
  local pid end=$((SECONDS + 30))
  rm -f "$WORK/load"
  # Again and again, for one may just be connecting.
  for pid in "${CLIENT_PIDS[@]}"; do
    while process_alive "$pid" && ((SECONDS < end)); do
      psql -X -q -A -t -c "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'soak %'" \
        >/dev/null 2>&1 || true
      sleep 0.05
    done
  done
  CLIENT_PIDS=()
}
