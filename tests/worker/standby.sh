#!/usr/bin/env bash
# On a standby nothing runs; when it is promoted, it does.
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

cluster_start primary
prepare
cluster_standby standby "pg_dist.enabled = on"

idle_until_promoted() {
  local began
  (
    cluster_use primary
    schedule both quick 1
    eventually "it ran on the primary" "select $(ran both)"
  )
  eventually "the standby has the outcome" "select $(ran both)"
  holds "and no worker" "select not exists (select from dist._workers())"
  holds "which dist.health takes for what it is (C5)" \
    "select count(*) = 1 and bool_and(status = 'ok' and detail ~ 'standby') from dist.health where kind in ('launcher', 'scheduler')"
  began=$(date +%s%N)
  cluster_psql -c "select pg_promote()" >/dev/null
  eventually "the scheduler is there" "select exists (select from dist._workers() where kind = 'scheduler')" 10
  echo "      scheduler $((($(date +%s%N) - began) / 1000000)) ms after the promotion was asked for"
  schedule promoted quick 0.5
  eventually "it ran" "select $(ran promoted)"
}
check "a standby idles, and works when it is promoted" idle_until_promoted

finish
