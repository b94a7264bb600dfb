#!/usr/bin/env bash
# The demo: a made-up CRM in a throwaway cluster, distributed by hand, undone, and distributed again by the worker.
# All that it shows is in demo/*.sql, in order of name. `make demo` builds first; nothing is left behind, see cluster.sh.
# shellcheck source=scripts/cluster.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../scripts/cluster.sh"
# shellcheck source=demo/paint.sh
. "$ROOT/demo/paint.sh"

BEGAN=$SECONDS
LINE_STYLE=ascii
[[ ! ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} =~ (UTF-8|utf8)$ ]] || LINE_STYLE=unicode
export PGCLIENTENCODING=UTF8

show() { # FILE...: in one session
  local file files=()
  for file; do files+=(-f "demo/$file.sql"); done
  cluster_psql -v ECHO=queries -v SHOW_CONTEXT=never -P footer=off -P border=2 -P linestyle="$LINE_STYLE" \
    -P format=wrapped -P columns=110 -P null=- -c '\timing on' "${files[@]}" </dev/null 2>&1 | paint
}

# Prints a schedule's line of dist.upcoming whenever it changes, until the worker has run it.
follow() { # SCHEDULE
  local query line='' seen='' end=$((SECONDS + 30))
  query="select status, next_run_at::timestamptz(0) from dist.upcoming where name = '$1'"
  printf '%s%s;%s\n' "$SQL" "$query" "$PLAIN"
  until [[ $line == Recurring* && $(cluster_value "select count(*) from dist.run where schedule = '$1'") == 1 ]]; do
    ((SECONDS < end)) || die "The worker has not run schedule '$1' within 30 s."
    line=$(cluster_value "$query")
    if [[ $line != "$seen" ]]; then
      printf '%(%H:%M:%S)T   %-10s   next run %s\n' -1 "${line%|*}" "${line#*|}"
      seen=$line
    fi
    sleep 0.1
  done
}

say "starting a throwaway cluster and filling it with a made-up CRM"
cluster_start demo
cluster_psql -f demo/10-crm.sql
show 20-dba
export PGUSER=sales_ops
show 30-people 40-rules 50-preview 60-run 70-undo 80-accounts 90-schedule
follow 'weekly leads'
show 95-audit
printf '\n'
say "that was pg_dist in $((SECONDS - BEGAN)) s; the SQL is in demo/, a tour to paste in README.md"
