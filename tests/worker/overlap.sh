#!/usr/bin/env bash
# Instants that pass during a schedule's own run, and runs that fail, by the clock on the wall: never two runs at once (G9), each
# instant run or recorded with why not.
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

cluster_start overlap
prepare
cluster_psql -c "insert into dist.transfer (name, object, source, predicate, to_rep, on_owned) values ('slowly', 'lead', 'any', 'public.slow()', 'ann', 'reassign')"

every_second() { # NAME OVERLAP
  cluster_psql -c "insert into dist.schedule (name, cron, overlap) values ('$1', '* * * * * *', '$2')" -c "insert into dist.step (schedule, target) values ('$1', 'slowly')"
}

# Two runs that took 2.3 s each, then the rest at once; ended by hand, so that the ledger stands still.
three_runs() { # NAME OVERLAP
  cluster_psql -c "update public.pace set seconds = 2.3"
  every_second "$1" "$2"
  eventually "two slow runs" "select count(*) >= 2 from dist.run where schedule = '$1' and status = 'succeeded'" 30
  cluster_psql -c "update public.pace set seconds = 0"
  eventually "a quick one" "select count(*) >= 4 from dist.run where schedule = '$1' and status = 'succeeded'" 30
  cluster_psql -c "select dist.cancel('$1')" >/dev/null
  eventually "it has stopped" "select not dist._is_running(id) from dist.schedule where name = '$1'"
}

each_instant_once() { # NAME
  holds "each second is a run's or in one skipped range" "
    select bool_and(n = 1) from (
      select count(*) as n from (select min(due_at) as a, max(due_at) as z from dist.run where schedule = '$1' and status = 'succeeded') e,
             generate_series(a, z, interval '1 second') g(at)
        join dist.run r on r.schedule = '$1' and g.at between r.due_at and coalesce(r.due_to, r.due_at)
       group by g.at) s"
  holds "none without a row" "
    select count(*) = extract(epoch from max(z) - min(a)) + 1 from (select min(due_at) as a, max(due_at) as z from dist.run where schedule = '$1' and status = 'succeeded') e,
           generate_series(a, z, interval '1 second') g(at)
     where exists (select from dist.run r where r.schedule = '$1' and g.at between r.due_at and coalesce(r.due_to, r.due_at))"
  holds "no two runs at once" "
    select not exists (select from dist.run a join dist.run b on a.id < b.id and a.schedule = '$1' and b.schedule = '$1'
                          and a.status = 'succeeded' and b.status = 'succeeded' and a.finished_at > b.started_at and b.finished_at > a.started_at)"
}

skipped() {
  three_runs o1 skip
  each_instant_once o1
  holds "what passed is recorded as overlapped" "select count(*) >= 2 and bool_and(cause = 'overlap') from dist.run where schedule = 'o1' and status = 'skipped'"
  holds "and no run was late by a run" "select bool_and(started_at < due_at + interval '1 second') from dist.run where schedule = 'o1' and status = 'succeeded'"
}
check "overlap = skip: what passes during a run is skipped and recorded" skipped

queued() {
  three_runs o2 queue_one
  each_instant_once o2
  holds "the latest of what passed was run right after" "
    select count(*) >= 1 from dist.run r join dist.run p on p.schedule = 'o2' and p.status = 'succeeded'
       and r.due_at between p.started_at and p.finished_at and r.started_at - p.finished_at between interval '0' and interval '1 second'
     where r.schedule = 'o2' and r.status = 'succeeded'"
}
check "overlap = queue_one: the latest of what passes during a run is run after it" queued

retried() {
  cluster_psql -c "insert into dist.schedule (name, start_at, attempts, retry_after)
      values ('r1', (clock_timestamp() + interval '0.3 s') at time zone 'UTC', 3, '0.4 s')" -c "insert into dist.step (schedule, target) values ('r1', 'broken')"
  eventually "three attempts" "select count(*) = 3 and bool_and(status = 'failed') from dist.run where schedule = 'r1'"
  holds "with waits in between, the second longer than the first" "
    select b - a > interval '0.29 s' and c - b > interval '0.59 s'
      from (select max(started_at) filter (where attempt = 1) a, max(started_at) filter (where attempt = 2) b,
                   max(started_at) filter (where attempt = 3) c from dist.run where schedule = 'r1') t"
  holds "and then it has failed" "select status = 'Failed' and note like '%broken on purpose%' from dist.schedule_status where name = 'r1'"
}
check "a failed run is tried again after a wait" retried

finish
