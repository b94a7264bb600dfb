#!/usr/bin/env bash
# Schedules that cannot run, or that take their process or the whole server down: each is quarantined alone, with its rows
# and one line in the log, and all others keep firing. What merely stood beside a crash is not taken for its cause.
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

cluster_start poison "restart_after_crash = on" "pg_dist.runner_linger = 500ms"
prepare
owner ann
owner bob
owner gone
cluster_psql <<'SQL'
create table public.beside (id integer primary key, size integer, rep text);
insert into public.beside values (1, 1, null);
grant all on public.beside to public;
insert into dist.object (name, relation, key_column, owner_column) values ('beside', 'public.beside', 'id', 'rep');
create table public.dies (line text);
-- Kills its own process, as an error in the memory of some C function would.
create function public.die() returns boolean language plpgsql volatile as $$
  begin execute format('copy public.dies from program %L', 'kill -9 ' || pg_backend_pid()); return true; end $$;
create function public.leave() returns boolean language plpgsql volatile as $$
  begin perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(60); return true; end $$;
create function public.dropped() returns boolean language plpgsql volatile as $$ begin return true; end $$;
insert into dist.transfer (name, object, source, predicate, to_rep, on_owned)
values ('dies', 'lead', 'any', 'public.die()', 'ann', 'reassign'),
       ('leaves', 'lead', 'any', 'public.leave()', 'ann', 'reassign'),
       ('dropped', 'lead', 'any', 'public.dropped()', 'ann', 'reassign'),
       ('altered', 'beside', 'any', 'r.size > 0', 'ann', 'reassign'),
       ('waits', 'beside', 'any', 'public.slow()', 'ann', 'reassign');
-- Each second; another owner's has a runner of its own.
create function public.each_second(name text, transfer text, owner name default 'postgres') returns void language plpgsql as $$
  begin
    insert into dist.schedule (name, cron, owner) values (name, '* * * * * *', owner);
    insert into dist.step (schedule, target) values (name, transfer);
  end $$;
SQL
each_second() { cluster_psql -o /dev/null -c "select public.each_second('$1', '$2', '${3:-postgres}')"; }
stop() { cluster_psql -c "update dist.schedule set enabled = false where name in ($1)"; }
standing() { # SCHEDULE COLUMN
  echo "(select st.$2 from dist.schedule_state st join dist.schedule s on s.id = st.schedule_id where s.name = '$1')"
}
quarantined() { echo "$(standing "$1" ended) = 'quarantined'"; }
# It ran at an instant that has only just come.
goes_on() { # SCHEDULE
  local since
  since=$(cluster_value "select clock_timestamp()")
  eventually "$1 goes on" "select exists (select from dist.run where schedule = '$1' and status = 'succeeded' and due_at > '$since')" 30
}

plainly_broken() {
  log_mark
  each_second good quick
  each_second "good of ann" quick ann
  each_second dropped dropped
  each_second altered altered
  each_second gone quick gone
  goes_on "good of ann"
  cluster_psql -c "drop function public.dropped()" -c "alter table public.beside rename size to bulk" -c "drop owned by gone" -c "drop role gone"
  local name
  for name in dropped altered gone; do
    eventually "$name is in quarantine" "select $(quarantined $name)" 40
    holds "its last run says why" "select (select sqlstate in ('42883', '42703', '42704') from dist.run where schedule = '$name' and status = 'failed' order by id desc limit 1)"
    [[ $(log_since "dist.schedule '$name' is in quarantine") == 1 ]] || { echo "      not one line about $name" && return 1; }
  done
  goes_on good
  goes_on "good of ann"
  holds "no other is" "select count(*) = 3 from dist.schedule_state where ended = 'quarantined'"
}
check "a dropped role, a dropped function, a table altered under a predicate" plainly_broken

mended() {
  cluster_psql -o /dev/null -c "alter table public.beside rename bulk to size" -c "select dist.resume('altered')"
  goes_on altered
  holds "what passed meanwhile has a row" "select exists (select from dist.run where schedule = 'altered' and status = 'skipped' and cause = 'quarantined')"
  stop "'altered'"
}
check "mended and resumed, it goes on, and what passed is recorded" mended

# Its owner's others wait for their runner, but not for long.
leaves() {
  log_mark
  each_second leaves leaves ann
  eventually "it is in quarantine" "select $(quarantined leaves)" 40
  holds "after three tries, each with its row" "select count(*) = 3 and bool_and(cause = 'interrupted' and due_at <= started_at and message like 'the process that ran it was ended%') from dist.run where schedule = 'leaves' and status = 'interrupted'"
  [[ $(log_since "dist.schedule 'leaves' is in quarantine") == 1 ]] || { echo "      not one line about it" && return 1; }
  goes_on "good of ann"
  holds "no other was cut off" "select not exists (select from dist.run where status = 'interrupted' and schedule <> 'leaves')"
}
check "a step that ends its own process" leaves

crashes() {
  log_mark
  # In the middle of a run whenever the other one crashes, but not its cause.
  each_second innocent waits bob
  eventually "it is running" "select $(sleeping)"
  each_second dies dies
  eventually "the other is in quarantine" "select $(quarantined dies)" 60
  holds "after three tries, each with its row" "select count(*) = 3 and bool_and(cause = 'interrupted' and message like 'the process that ran it died%') from dist.run where schedule = 'dies' and status = 'interrupted'"
  [[ $(log_since "dist.schedule 'dies' is in quarantine") == 1 ]] || { echo "      not one line about it" && return 1; }
  holds "what was beside it is not blamed" "select $(standing innocent crashes) = 0 and not exists (select from dist.run where schedule = 'innocent')"
  goes_on good
  goes_on "good of ann"
  holds "nothing else was blamed" "select not exists (select from dist.run where status = 'interrupted' and schedule not in ('leaves', 'dies'))"
}
check "a step that crashes the server: only it is quarantined, not what ran beside it" crashes

automation_crashes() {
  log_mark
  cluster_psql <<'SQL'
create table public.apart (id integer primary key, rep text);
create function public.die_too() returns boolean language sql volatile as 'select public.die()';
insert into dist.object (name, relation, key_column, owner_column) values ('apart', 'public.apart', 'id', 'rep');
insert into dist.automation (name, object, predicate, to_rep, mode) values ('deadly', 'apart', 'public.die_too()', 'ann', 'queued');
insert into public.apart values (1, null);
SQL
  eventually "it is in quarantine" "select crashes = 3 and due_at is null from dist.task where kind = 'automation' and name = 'deadly'" 60
  [[ $(log_since "automation 'deadly' is in quarantine") == 1 ]] || { echo "      not one line about it" && return 1; }
  holds "dist.health says so" "select bool_or(detail like 'in quarantine%the process that ran it died%3 times in a row') from dist.health where kind = 'automation' and name = 'deadly'"
  goes_on good
  holds "nothing else was blamed" "select (select sum(crashes) from dist.schedule_state where ended is distinct from 'quarantined') = 0 and not exists (select from dist.run where status = 'interrupted' and schedule not in ('leaves', 'dies'))"
  # A further call does not wake it; making it active anew does.
  cluster_psql -c "create or replace function public.die_too() returns boolean language sql volatile as 'select true'" -c "insert into public.apart values (2, null)"
  goes_on good
  holds "it stays there" "select count(*) = 2 from public.apart where rep is null"
  cluster_psql -c "update dist.automation set active = false where name = 'deadly'" -c "update dist.automation set active = true where name = 'deadly'"
  eventually "all that had waited is routed" "select count(*) = 2 from public.apart where rep = 'ann'"
}
check "an automation that crashes the server is set aside until it is made active anew" automation_crashes

# From here on only these run.
stop "'good', 'good of ann'"

told_to_go() {
  eventually "it is running" "select $(sleeping)"
  cluster_restart immediate
  eventually "it is running again" "select $(sleeping)" 30
  cluster_restart fast
  eventually "and again" "select $(sleeping)" 30
  cluster_crash postmaster
  cluster_up
  eventually "and again" "select $(sleeping)" 30
  holds "nobody is blamed" "select $(standing innocent crashes) = 0 and not exists (select from dist.run where schedule = 'innocent')"
}
check "a run that a shutdown ends, or the end of the postmaster, is not blamed" told_to_go

power_cut() {
  # The runner first, lest it notices that the postmaster is gone, and goes by itself.
  local runner
  runner=$(cluster_value "select w.pid from dist._workers() w where w.kind = 'runner' and w.role_oid = 'bob'::regrole")
  [[ $runner =~ ^[0-9]+$ ]]
  kill -STOP "$(head -n 1 "$PGDATA/postmaster.pid")"
  kill -KILL "$runner"
  cluster_crash
  cluster_up
  eventually "it is running again" "select $(sleeping)" 30
  holds "the interruption is on record" "select $(standing innocent crashes) = 1 and (select count(*) = 1 and bool_and(cause = 'interrupted' and message like 'the server went down%') from dist.run where schedule = 'innocent' and status = 'interrupted')"
}
check "a run that a power cut ends is recorded, and tried again" power_cut

# It is a suspect now, and still running: another one waits, the innocent do not.
one_at_a_time() {
  each_second other quick ann
  eventually "another one has run" "select $(ran other)"
  cluster_psql -c "update dist.schedule_state st set crashes = 2 from dist.schedule s where s.id = st.schedule_id and s.name = 'other'"
  local since
  since=$(cluster_value "select clock_timestamp()")
  cluster_psql -c "update dist.schedule set enabled = true where name in ('good', 'good of ann')"
  goes_on good
  goes_on "good of ann"
  holds "the other suspect has waited" "select not exists (select from dist.run where schedule = 'other' and started_at > '$since')"
  cluster_psql -o /dev/null -c "update public.pace set seconds = 0" \
    -c "select pg_cancel_backend(pid) from pg_stat_activity where backend_type = 'pg_dist runner' and wait_event = 'PgSleep'"
  eventually "now it has run" "select exists (select from dist.run where schedule = 'other' and started_at > '$since')"
  eventually "both are cleared" "select $(standing other crashes) + $(standing innocent crashes) = 0"
}
check "a suspect waits for another suspect, and nobody else waits" one_at_a_time

at_instants() {
  holds "all are" "select bool_and(due_at = date_trunc('second', due_at)) and count(*) > 20 from dist.run where trigger = 'schedule'"
  holds "also the tries after an interruption" "select count(*) filter (where status = 'interrupted') = 7 from dist.run"
}
check "every run was for an instant of its plan, however late" at_instants

finish
