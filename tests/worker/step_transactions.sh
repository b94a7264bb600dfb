#!/usr/bin/env bash
# One transaction per step, by the worker: what others see between two steps, and crashes in a step and between two. Nothing
# that was committed is done twice, and nothing is lost (X2).
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

CLUSTER_FSYNC=on
cluster_start step_transactions "restart_after_crash = on"
prepare
owner tom
cluster_psql <<'SQL'
create table public.did (step integer, run bigint, xid xid8 default pg_current_xact_id());
-- Which step takes its time.
create table public.gate (step integer);
grant all on public.did, public.gate to public;
create function public.does(step integer) returns void language plpgsql as $$
begin
    insert into public.did values (step, dist.run_id());
    perform pg_sleep(600) from public.gate g where g.step = does.step;
end $$;
SQL

starts() { # NAME SECONDS
  cluster_psql -v name="$1" -v seconds="$2" <<'SQL'
begin;
truncate public.did;
insert into dist.schedule (name, start_at, owner, transactions)
values (:'name', (clock_timestamp() + make_interval(secs => :seconds)) at time zone 'UTC', 'tom', 'step');
insert into dist.step (schedule, position, action, target, args)
select :'name', n, 'function', 'public.does', jsonb_build_array(n) from generate_series(1, 3) n;
commit;
SQL
}

in_step() { # SCHEDULE STEP
  eventually "step $2 is running" \
    "select exists (select from dist.running where schedule = '$1' and transfer ~ 'does' and run_id is not null)
        and (select count(*) = $2 - 1 from public.did) and exists (select from pg_stat_activity where wait_event = 'PgSleep')"
}
all_once() { # SCHEDULE
  eventually "all three were committed" "select count(*) = 3 from dist.run where schedule = '$1' and status = 'succeeded'" 60
  holds "each once, in order, each in a transaction and a run of its own" \
    "select array_agg(step order by run) = '{1,2,3}' and count(distinct xid) = 3 and count(distinct run) = 3 from public.did"
  holds "and the schedule is done" "select st.ended = 'done' and st.runs = 1 from dist.schedule_state st join dist.schedule s on s.id = st.schedule_id where s.name = '$1'"
}

seen_by_others() {
  cluster_psql -c "insert into public.gate values (2)"
  starts seen 0.5
  in_step seen 2
  holds "the first step is there for everybody, and has its row" \
    "select (select array_agg(step) = '{1}' from public.did) and (select array_agg(step) = '{1}' from dist.run where schedule = 'seen' and status = 'succeeded')"
  cluster_psql -c "delete from public.gate" -c "select dist.cancel_run('seen')" >/dev/null
  eventually "the second was stopped" "select exists (select from dist.run where schedule = 'seen' and status = 'cancelled' and step = 2)"
  holds "what was committed stays, and the instant is over" "select array_agg(step) = '{1}' from public.did"
}
check "each step commits by itself" seen_by_others

runner_killed() {
  cluster_psql -c "insert into public.gate values (2)"
  starts killed 0.5
  in_step killed 2
  local pid
  pid=$(pid_of runner)
  cluster_psql -c "delete from public.gate"
  as_server kill -9 "$pid"
  eventually "the server is up again" "select true" 30
  all_once killed
  holds "the crash is told" "select count(*) = 1 from dist.run where schedule = 'killed' and status = 'interrupted'"
}
check "a runner killed in a step: the instant goes on with that step" runner_killed

server_crashed() {
  cluster_psql -c "insert into public.gate values (3)"
  starts crashed 0.5
  in_step crashed 3
  cluster_psql -c "delete from public.gate"
  cluster_crash
  cluster_up
  all_once crashed
}
check "a crash of the server in the last step: the two before it are not done again" server_crashed

finish
