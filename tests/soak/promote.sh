# shellcheck shell=bash
# Sourced by run.sh: the server under load has a streaming standby, and some kills end with that one in its place and a
# new standby made from it. Replication is asynchronous, so what the old server committed last may be gone: the ledger is
# in the database itself and asks the promoted server what it knows of, which is all that users see from then on.

NODE=0
# shellcheck disable=SC2034 # read by run.sh
PROMOTIONS=0
SLOWEST_PASS=0

# The clients read from a file where to connect.
publish() {
  PRIMARY=node$NODE
  echo "$WORK/$PRIMARY" >"$WORK/primary.new"
  mv "$WORK/primary.new" "$WORK/primary"
}

# Not one of its files has to be brought to disk before it can start; what is replicated later does not wait either.
make_standby() {
  STANDBY=node$((NODE + 1))
  CLUSTER_FSYNC=off cluster_standby "$STANDBY" "${SERVER[@]}"
  cluster_use "$PRIMARY"
}

# A standby that does not stream yet would be promoted with what it was made with.
standby_streams() {
  cluster_wait "select exists (select from pg_stat_replication where state = 'streaming')" 90 ||
    fail "the standby does not stream"
}

standby_idles() {
  local there
  there=$(PGHOST=$WORK/$STANDBY cluster_value "select string_agg(backend_type, ', ') from pg_stat_activity where backend_type ~ '^pg_dist'")
  [[ -z $there ]] || fail "on the standby there is: $there"
}

# Ends the server under load in some way, before or after the standby has been promoted.
promote() { # ends_first|ends_last COMMAND...
  local order=$1 old=$PRIMARY promoted_at pass end
  shift
  cluster_wait "select true" 60
  standby_streams
  standby_idles
  take_aim
  [[ $order == ends_last ]] || "$@"
  cluster_use "$STANDBY"
  incident
  promoted_at=$(cluster_value "select case when pg_promote(true, 60) then extract(epoch from clock_timestamp()) end")
  [[ -n $promoted_at ]] || fail "the standby was not promoted within a minute"
  NODE=$((NODE + 1))
  publish
  cluster_configure "${SERVER[@]}"
  cluster_value "select pg_reload_conf()" >/dev/null
  count_in_run
  if [[ $order == ends_last ]]; then
    cluster_use "$old"
    "$@"
    cluster_use "$PRIMARY"
  fi
  # Something is due each second. What the old server did lies before the promotion.
  end=$((SECONDS + 10))
  until [[ -n ${pass:-} ]]; do
    ((SECONDS < end)) || fail "nothing has run for ten seconds after the promotion"
    pass=$(cluster_value "select round(1000 * (extract(epoch from min(started_at)) - $promoted_at)) from dist.run
                           where trigger = 'schedule' and status <> 'skipped' and extract(epoch from started_at) > $promoted_at") || true
    sleep 0.05
  done
  ((pass <= 2000)) || fail "the first pass came $pass ms after the promotion"
  ((pass <= SLOWEST_PASS)) || SLOWEST_PASS=$pass
  PROMOTIONS=$((PROMOTIONS + 1))
  cat "$WORK/$old/log" >>"$WORK/former.log"
  cluster_remove "$old"
  make_standby
}

kill_promote_after_power_cut() { promote ends_first cluster_crash; }
kill_promote_after_stop() { promote ends_first cluster_stop fast; }
# Two servers for a moment, each of which believes to be the one: they share nothing, so this is about the new one.
kill_promote_before_power_cut() { promote ends_last cluster_crash; }
