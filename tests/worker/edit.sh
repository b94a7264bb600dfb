#!/usr/bin/env bash
# What is due and has not run yet, when its plan is edited: recorded as skipped, never lost without a trace (G8, G9, G11).
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# As after an outage: instants pass and nobody runs them.
cluster_start edit "pg_dist.enabled = off"
prepare

overdue() { # SCHEDULE
  cluster_psql -v name="$1" <<'SQL'
begin;
insert into dist.schedule (name, cron) values (:'name', '* * * * * *');
insert into dist.step (schedule, position, target) values (:'name', 1, 'quick');
commit;
SQL
  eventually "it is overdue" "select clock_timestamp() > next_run_at + interval '1 second' from dist.schedule_status where name = '$1'"
  cluster_psql -c "create table was_$1 as select next_run_at from dist.schedule_status where name = '$1'"
}

skipped_from_its_first_instant() { # SCHEDULE WHY
  holds "one row: from the first instant that was due to the edit, and why" \
    "select count(*) = 1 and bool_and(status = 'skipped' and due_at = next_run_at and due_to between due_at + interval '1 second' and clock_timestamp()
                                      and cause = '$2')
       from dist.run, was_$1 where schedule = '$1'"
}

plan_changed() {
  overdue p1
  cluster_psql -c "update dist.schedule set cron = '0 * * * * *' where name = 'p1'"
  skipped_from_its_first_instant p1 edited
  holds "due again by its new plan" "select extract(second from next_run_at) = 0 and next_run_at > now() from dist.schedule_status where name = 'p1'"
}
check "a new plan: what was due by the old one is recorded as skipped" plan_changed

plan_changed_while_paused() {
  overdue p2
  cluster_psql -c "select dist.pause('p2')" -c "update dist.schedule set cron = '0 * * * * *' where name = 'p2'" >/dev/null
  skipped_from_its_first_instant p2 paused
}
check "a new plan for a paused schedule: what passed is recorded as skipped (G11)" plan_changed_while_paused

resumed() {
  overdue p7
  cluster_psql -c "select dist.pause('p7')" -c "select dist.resume('p7')" >/dev/null
  skipped_from_its_first_instant p7 paused
  holds "due again after what passed" \
    "select s.next_run_at > r.due_to from dist.schedule_status s, dist.run r where s.name = 'p7' and r.schedule = 'p7'"
}
check "resumed: what passed while it was paused is recorded as skipped and not caught up (G11)" resumed

step_taken_away() {
  overdue p3
  cluster_psql -c "delete from dist.step where schedule = 'p3'"
  skipped_from_its_first_instant p3 edited
  holds "not due any more" "select status = 'Unbound' and next_run_at is null from dist.schedule_status where name = 'p3'"
}
check "its last step taken away: what was due is recorded as skipped" step_taken_away

cancelled() {
  overdue p5
  cluster_psql -c "select dist.cancel('p5')" >/dev/null
  skipped_from_its_first_instant p5 cancelled
  holds "not due any more" "select status = 'Cancelled' and next_run_at is null from dist.schedule_status where name = 'p5'"
}
check "cancelled: what was due is recorded as skipped (G11)" cancelled

bound_too_late() {
  cluster_psql -c "insert into dist.schedule (name, start_at) values ('p6', clock_timestamp() at time zone 'UTC' + interval '0.2 s')"
  eventually "its time has passed" "select clock_timestamp() at time zone 'UTC' > start_at from dist.schedule where name = 'p6'"
  cluster_psql -c "insert into dist.step (schedule, target) values ('p6', 'quick')"
  holds "one row that says why" \
    "select count(*) = 1 and bool_and(r.status = 'skipped' and r.due_at = s.start_at at time zone 'UTC' and r.cause = 'unbound')
       from dist.run r join dist.schedule s on s.name = r.schedule where s.name = 'p6'"
  holds "ended" "select status = 'Ended' from dist.schedule_status where name = 'p6'"
}
check "a one-time schedule that gets its step too late says so (F9)" bound_too_late

nothing_due() {
  cluster_psql -c "insert into dist.schedule (name, cron) values ('p4', '0 0 1 1 *')" \
    -c "insert into dist.step (schedule, position, target) values ('p4', 1, 'quick')" \
    -c "update dist.schedule set cron = '0 0 2 1 *' where name = 'p4'"
  holds "no row" "select not exists (select from dist.run where schedule = 'p4')"
}
check "a new plan while nothing is due leaves no row" nothing_due

finish
