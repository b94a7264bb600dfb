#!/usr/bin/env bash
# Too few processes, too many owners, roles that cannot connect: one line in the log each, and nobody else suffers.
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# Room for the launcher, one scheduler and one more.
cluster_start limits "max_worker_processes = 3" "max_logical_replication_workers = 0" "pg_dist.max_runners = 1"
prepare
owner bob
owner carol

no_free_process() {
  log_mark
  # A parallel worker takes the last place, for as long as the test wants.
  cluster_psql -c "select set_config(case when current_setting('server_version_num')::int >= 160000 then 'debug_parallel_query' else 'force_parallel_mode' end, 'on', false)" \
    -c "select pg_sleep(600)" >/dev/null 2>&1 &
  eventually "no place is left" "select exists (select from pg_stat_activity where backend_type = 'parallel worker' and wait_event = 'PgSleep')"
  schedule full quick 0.3
  eventually "its instant is two seconds past" \
    "select next_run_at < clock_timestamp() - interval '2 s' from dist.schedule_state join dist.schedule on id = schedule_id where name = 'full'"
  holds "it has not run, and is still due" "select not $(ran full)"
  holds "dist.health says so, and since when (C5)" \
    "select h.status = 'error' and h.since between s.next_run_at - interval '1 s' and now() from dist.health h, dist.schedule_status s
      where h.name = 'max_worker_processes' and s.name = 'full'"
  [[ $(log_since 'no free process') == 1 ]] || { echo "      $(log_since 'no free process') lines about it" && return 1; }
  cluster_psql -c "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and query ~ '^select pg_sleep'" >/dev/null
  wait
  eventually "it ran when there was room" "select $(ran full)" 5
  eventually "dist.health is content" "select not exists (select from dist.health where name = 'max_worker_processes')"
}
check "no free process: one line, and it runs when there is one" no_free_process

one_runner_many_owners() {
  # One place for three owners; the first runner would linger for ten seconds.
  schedule m1 quick 0.3
  eventually "the first ran" "select $(ran m1)"
  schedule m2 quick 0.3 bob
  schedule m3 quick 0.4 carol
  eventually "so did the others" "select $(ran m2) and $(ran m3)" 5
  holds "as their owners" "select bool_and(run_by = case schedule when 'm2' then 'bob' when 'm3' then 'carol' end) from dist.run where schedule in ('m2', 'm3')"
}
check "a runner with nothing to do makes room for another owner's" one_runner_many_owners

cannot_connect() {
  cluster_psql -c "alter role bob nologin"
  log_mark
  schedule n1 quick 0.3 bob
  schedule n2 quick 0.4 carol
  eventually "carol's ran" "select $(ran n2)"
  if [[ $(cluster_value "select current_setting('server_version_num')::int >= 170000") == t ]]; then
    eventually "bob's ran, for this server needs no LOGIN" "select $(ran n1)"
    return
  fi
  schedule n3 quick 0.2 carol
  eventually "carol's ran again" "select $(ran n3)"
  holds "bob's is still due" "select not $(ran n1)"
  [[ $(log_since 'cannot run: the role is not permitted') == 1 ]] || { echo "      not one line about it" && return 1; }
  cluster_psql -c "alter role bob login" -c "update dist.schedule set enabled = false where name = 'far'" \
    -c "update dist.schedule set description = 'wake' where name = 'n1'"
  eventually "bob's ran" "select $(ran n1)"
}
check "an owner who cannot connect: one line, and the others run" cannot_connect

no_way_in() {
  cluster_psql -c "revoke connect on database postgres from public" -c "grant connect on database postgres to carol"
  log_mark
  schedule w1 quick 0.3 bob
  schedule w2 quick 0.4 carol
  eventually "carol's ran" "select $(ran w2)"
  schedule w3 quick 0.2 carol
  eventually "carol's ran again" "select $(ran w3)"
  holds "bob's is still due" "select not $(ran w1)"
  [[ $(log_since 'cannot run: the role is not permitted to connect') == 1 ]] || { echo "      not one line about it" && return 1; }
  holds "dist.health says why (G6, C5)" "select status = 'error' and detail ~ 'bob is not permitted to connect' from dist.health where kind = 'schedule' and name = 'w1'"
  [[ $(log_since 'permission denied for database') == 0 ]] || { echo "      it was tried all the same" && return 1; }
  cluster_psql -c "grant connect on database postgres to public" -c "update dist.schedule set enabled = true where name = 'w1'"
  schedule w4 quick 0.2 bob
  eventually "bob's ran" "select $(ran w1)"
}
check "an owner who may not connect to the database: one line, and the others run" no_way_in

owner_is_gone() {
  cluster_psql -c "create role dave login" -c "grant dist_manager to dave"
  log_mark
  schedule g1 quick 1 dave
  cluster_psql -c "drop role dave"
  schedule g2 quick 1.2 carol
  eventually "carol's ran" "select $(ran g2)"
  eventually "the other one is in quarantine" "select st.ended = 'quarantined' from dist.schedule_state st join dist.schedule s on s.id = st.schedule_id where s.name = 'g1'"
  holds "its run has failed for that" "select sqlstate = '42704' from dist.run where schedule = 'g1' and status = 'failed'"
  [[ $(log_since "dist.schedule 'g1' is in quarantine.*role 'dave' does not exist") == 1 ]] || { echo "      not one line about it" && return 1; }
}
check "an owner who is gone: one line, and the others run" owner_is_gone

finish
