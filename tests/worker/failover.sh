#!/usr/bin/env bash
# A server that dies, and its standby that takes over: what was due and what was in the middle of a run is run there, once, by each
# schedule's misfire policy; whatever the old server wrote of its own processes means nothing to the new one (X2).
CLUSTER_FSYNC=off
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

cluster_start primary
prepare
owner bob
cluster_psql -c "create table public.note (id bigint primary key, rep text)" -c "insert into public.note values (1, null)" \
  -c "grant all on public.note to public" -c "insert into dist.object (name, relation, key_column, owner_column) values ('note', 'public.note', 'id', 'rep')" \
  -c "insert into dist.transfer (name, object, source, to_rep, on_owned) values ('note', 'note', 'any', 'ann', 'reassign')" \
  -c "select dist.execute('note')" >/dev/null
cluster_standby standby

every_second() { # NAME MISFIRE
  cluster_psql -c "begin" -c "insert into dist.schedule (name, cron, misfire, owner) values ('$1', '* * * * * *', '$2', 'bob')" \
    -c "insert into dist.step (schedule, target) values ('$1', 'note')" -c "commit"
}

takes_over() {
  local promoted
  (
    cluster_use primary
    every_second every all
    every_second latest one
    every_second punctual skip
    schedule once note 1.2 bob
    eventually "they run" "select count(distinct schedule) = 3 from dist.run where trigger = 'schedule'"
    schedule middle slow 0.1
      eventually "one is in the middle of its run" "select $(sleeping)"
    # What the standby has so far is all that it will ever know.
    cluster_value "select pg_current_wal_flush_lsn()" >"$WORK/lsn"
  )
  eventually "the standby has all that" "select pg_last_wal_replay_lsn() >= '$(<"$WORK/lsn")'"
  holds "and no process" "select not exists (select from dist._workers()) and not exists (select from pg_stat_activity where backend_type ~ '^pg_dist')"
  (cluster_use primary && cluster_crash)
  # Some instants pass while there is no server.
  eventually "two seconds have passed" "select min(next_run_at) < clock_timestamp() - interval '2 s' from dist.schedule_status where name in ('every', 'latest', 'punctual')"
  holds "nobody else is shown as running" "select not exists (select from dist.running) and not exists (select from dist.schedule_status where status = 'Processing')"
  cluster_value "select pg_promote(true, 30)" >/dev/null
  promoted=$(cluster_value "select extract(epoch from clock_timestamp())")
  eventually "the run that was in the middle is in progress again" "select $(sleeping)"
  cluster_psql -c "update public.pace set seconds = 0" -c "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'pg_dist runner' and wait_event = 'PgSleep'" >/dev/null
  eventually "and then done" "select $(ran middle)"
  eventually "the one-time schedule has run" "select $(ran once)"
  eventually "the others go on" "select bool_and(n >= 2) from (select count(*) as n from dist.run where schedule in ('every', 'latest', 'punctual')
    and status = 'succeeded' and extract(epoch from due_at) > $promoted group by schedule having true) r"
  echo "      first run $(cluster_value "select round(1000 * (extract(epoch from min(started_at)) - $promoted)) from dist.run where extract(epoch from started_at) > $promoted and status = 'succeeded'") ms after the promotion"
  holds "the first one within two seconds" "select min(extract(epoch from started_at)) - $promoted < 2 from dist.run where extract(epoch from started_at) > $promoted and status = 'succeeded'"
  cluster_psql -c "select dist.pause(name) from dist.schedule where name in ('every', 'latest', 'punctual')" >/dev/null
  eventually "nothing runs" "select not exists (select from dist.running)"
  holds "each ran once that runs once" "select count(*) = 2 from dist.run where schedule in ('middle', 'once') and status = 'succeeded'"
  holds "every second of each has a run, or lies in one skipped range" "
    select count(*) = 3 and bool_and(complete) from (
      select s.name, (select bool_and(1 = (select count(*) from dist.run r where r.schedule = s.name and r.status in ('succeeded', 'skipped')
                                              and at between r.due_at and coalesce(r.due_to, r.due_at)))
                        from generate_series((select min(due_at) from dist.run r where r.schedule = s.name),
                                             (select max(due_at) from dist.run r where r.schedule = s.name and r.status = 'succeeded'), interval '1 second') at) as complete
        from dist.schedule s where s.name in ('every', 'latest', 'punctual')) e"
  holds "all were made up for, or only the latest" "select not exists (select from dist.run where schedule = 'every' and status = 'skipped')
    and (select count(*) = 1 from dist.run where schedule = 'latest' and cause = 'misfire')"
}
check "the standby takes over within two seconds: no instant lost or doubled, no run left in the middle" takes_over

finish
