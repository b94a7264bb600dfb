#!/usr/bin/env bash
# Settings of roles, of the database and of the server that a run does not expect: it does right all the same, or fails once
# and says of what. Nobody is caught in an error that comes again and again.
CLUSTER_FSYNC=off
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

cluster_start settings "pg_dist.runner_linger = 0" "pg_dist.max_runners = 3" "session_preload_libraries = 'plpgsql'"
prepare

# One role each. What a role can set for itself, and what only a superuser sets for others.
SETTINGS=(
  "statement_timeout=1ms" "lock_timeout=1ms" "idle_in_transaction_session_timeout=1ms"
  "default_transaction_read_only=on" "default_transaction_isolation=serializable" "default_transaction_deferrable=on"
  "search_path=nowhere" "search_path=public,pg_catalog" "row_security=off" "role=nobody" "session_replication_role=replica"
  "check_function_bodies=off" "plpgsql.extra_errors=all" "plpgsql.extra_warnings=all" "plpgsql.variable_conflict=use_column"
  "plpgsql.check_asserts=off" "datestyle=German" "timezone=Asia/Kathmandu" "intervalstyle=sql_standard" "extra_float_digits=-15"
  "standard_conforming_strings=off" "transform_null_equals=on" "array_nulls=off" "bytea_output=escape"
  "client_encoding=SQL_ASCII" "quote_all_identifiers=on" "plan_cache_mode=force_generic_plan" "enable_indexscan=off"
  "work_mem=64kB" "synchronous_commit=off" "default_tablespace=nowhere" "default_table_access_method=nowhere"
  "client_min_messages=debug5" "application_name=psql" "session_preload_libraries=nowhere"
)

each_role_runs() {
  local n sql setting value
  sql="create role nobody;"
  for n in "${!SETTINGS[@]}"; do
    setting=${SETTINGS[n]%%=*} value=${SETTINGS[n]#*=}
    sql+="create role r$n login; grant dist_manager to r$n; grant nobody to r$n;
      insert into public.lead values (1000 + $n, null);
      insert into dist.transfer (name, object, source, predicate, to_rep) values ('q$n', 'lead', 'any', 'r.id = 1000 + $n', 'ann');"
    # Some of these values do not exist, which is for a new session to find out.
    sql+="do \$\$ begin execute 'alter role r$n set $setting = ' || quote_literal('$value'); exception when others then raise notice '$setting: %', sqlerrm; end \$\$;"
    sql+="insert into dist.schedule (name, start_at, owner) values ('s$n', (clock_timestamp() + interval '1 s') at time zone 'UTC', 'r$n');
      insert into dist.step (schedule, target) values ('s$n', 'q$n');"
  done
  cluster_psql -c "$sql" 2>&1 | sed -n 's/^NOTICE: */      /p'
  eventually "all of them have a run" "select count(distinct schedule) = ${#SETTINGS[@]} from dist.run" 60
  cluster_value "select format('      s%s: %s', n, message) from generate_series(0, ${#SETTINGS[@]} - 1) n join dist.run on schedule = 's' || n where status <> 'succeeded'"
  holds "each ran once, well, and moved its lead" "select count(*) = ${#SETTINGS[@]} and bool_and(status = 'succeeded' and assigned = 1)
      and (select bool_and(rep = 'ann') from public.lead where id >= 1000) from dist.run where schedule ~ '^s[0-9]'"
}
check "each role's own settings" each_role_runs

# All that can be set for a database, at once: the worker's own processes have to live with them too.
a_database_with_all_of_them() {
  local setting sql=''
  for setting in "${SETTINGS[@]}"; do
    # The test's own session cannot be without these.
    case $setting in role=* | client_* | datestyle=* | *=nowhere) continue ;; esac
    sql+="alter database postgres set ${setting%%=*} = '${setting#*=}';"
  done
  cluster_psql -c "$sql"
  log_mark
  # Started by a session that has none of them; what is due next finds processes that do.
  export PGOPTIONS="-c statement_timeout=0 -c lock_timeout=0 -c default_transaction_read_only=off -c search_path=public -c check_function_bodies=on -c session_replication_role=origin -c idle_in_transaction_session_timeout=0"
  cluster_psql -c "select pg_terminate_backend(pid) from dist._workers() where kind <> 'launcher'" >/dev/null
  cluster_psql -c "insert into public.lead values (2000, null)"
  schedule database quick 1
  eventually "it ran" "select $(ran database)"
  holds "once, and well" "select (select count(*) = 1 from dist.run where schedule = 'database') and (select rep = 'ann' from public.lead where id = 2000)"
  [[ $(log_since 'WARNING:  pg_dist') == 0 ]] || { grep 'WARNING:  pg_dist' "$CLUSTER_LOG" && return 1; }
  cluster_psql -c "alter database postgres reset all"
}
check "the same for the whole database" a_database_with_all_of_them

switched_off_and_on() {
  local n
  cluster_psql -c "begin" -c "insert into dist.schedule (name, cron, misfire) values ('all', '* * * * * *', 'all')" \
    -c "insert into dist.step (schedule, target) values ('all', 'quick')" -c "commit"
  for n in 1 2 3; do
    # Off for more than an instant, and for less.
    eventually "it has run" "select count(*) >= $((2 * n - 1)) from dist.run where schedule = 'all' and status = 'succeeded'"
    cluster_psql -c "alter system set pg_dist.enabled = off" -c "select pg_reload_conf()" >/dev/null
    ((n != 2)) || eventually "an instant has passed" "select next_run_at < clock_timestamp() - interval '0.2 s' from dist.schedule_status where name = 'all'"
    cluster_psql -c "alter system set pg_dist.enabled = on" -c "select pg_reload_conf()" >/dev/null
  done
  eventually "it goes on" "select count(*) >= 7 from dist.run where schedule = 'all' and status = 'succeeded'"
  cluster_psql -c "select dist.pause('all')" >/dev/null
  eventually "nothing runs" "select not exists (select from dist.running)"
  holds "each instant has one run" "select count(*) = count(distinct due_at) and count(*) = 1 + extract(epoch from max(due_at) - min(due_at))
      and bool_and(status = 'succeeded') from dist.run where schedule = 'all'"
}
check "pg_dist.enabled off and on while it runs: no instant is lost or doubled" switched_off_and_on

finish
