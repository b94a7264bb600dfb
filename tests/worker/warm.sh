#!/usr/bin/env bash
# A runner makes ready what is due at an instant before it comes: nobody notices but by the clock.
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

cluster_start warm "pg_dist.runner_linger = '100ms'"
prepare
cluster_psql -c "insert into dist.rep (rep, name) values ('ben', 'Ben')" \
  -c "insert into dist.transfer (name, object, to_rep, source, on_owned) values ('warm', 'lead', 'ann', 'any', 'reassign')"

# Waits until a runner has read intent for a schedule that is due soon (nobody else asks who is a rep), then does what is to be
# done before the instant, and answers whether it was done in time.
before_its_instant() { # SCHEDULE SQL
  cluster_psql -q -A -t <<SQL | tail -n 1
create temp table at as select next_run_at as due from dist.schedule_state join dist.schedule on id = schedule_id where name = '$1';
do \$\$
declare
    read bigint := (select pg_stat_get_numscans('dist.rep'::regclass) + pg_stat_get_numscans('dist.rep_pkey'::regclass));
begin
    loop
        perform pg_stat_clear_snapshot();
        exit when pg_stat_get_numscans('dist.rep'::regclass) + pg_stat_get_numscans('dist.rep_pkey'::regclass) > read
               or clock_timestamp() > (select due from at);
        perform pg_sleep(0.002);
    end loop;
end \$\$;
$2;
select clock_timestamp() < due - interval '10 ms' from at;
SQL
}

no_runner() { eventually "the runner has left" "select not exists (select from dist._workers() where kind = 'runner')"; }

goes_by_new_intent() { # G7
  local n
  for n in 1 2 3 4 5; do
    no_runner
    cluster_psql -c "update dist.transfer set to_rep = 'ann' where name = 'warm'"
    schedule "edited $n" warm 2
    [[ $(before_its_instant "edited $n" "update dist.transfer set to_rep = 'ben' where name = 'warm'") != t ]] || break
    [[ $n != 5 ]] || { echo "      nothing was read before the instant, or not soon enough" && return 1; }
  done
  holds "it had not run" "select count(*) = $n - 1 from dist.run where schedule like 'edited %'"
  eventually "it ran" "select $(ran "edited $n")"
  holds "by what it says now" "select rep = 'ben' from public.lead"
  holds "and not early" "select started_at >= due_at from dist.run where schedule = 'edited $n'"
}
check "what is edited after it was made ready runs as it is then (G7)" goes_by_new_intent

is_silent() { # Z6
  local n
  cluster_psql -c "create table public.torn (id bigint primary key, rep text, gone boolean)" -c "grant all on public.torn to public" \
    -c "insert into dist.object (name, relation, key_column, owner_column) values ('torn', 'public.torn', 'id', 'rep')" \
    -c "insert into dist.transfer (name, object, to_rep, predicate) values ('torn', 'torn', 'ann', 'r.gone')" \
    -c "alter table public.torn drop column gone"
  for n in 1 2 3 4 5; do
    no_runner
    schedule "torn $n" torn 2
    # What would be in the log, or anywhere, ends this session.
    [[ $(before_its_instant "torn $n" "select 1 / (not exists (select from dist.run where schedule = 'torn $n')
                                                   and pg_read_file('$CLUSTER_LOG') !~ 'gone|torn')::integer") != t ]] || break
    [[ $n != 5 ]] || { echo "      nothing was read before the instant, or not soon enough" && return 1; }
  done
  eventually "its run says what is wrong" "select $(ran "torn $n" failed)"
  holds "at its instant" "select started_at >= due_at from dist.run where schedule = 'torn $n'"
  holds "once" "select count(*) = 1 from dist.run where schedule = 'torn $n'"
}
check "what is broken is told by its run, and not before (Z6)" is_silent

waits_for_nobody() {
  no_runner
  cluster_psql -c "create table public.apart (id bigint primary key, rep text)" -c "insert into public.apart values (1)" -c "grant all on public.apart to public" \
    -c "insert into dist.object (name, relation, key_column, owner_column) values ('apart', 'public.apart', 'id', 'rep')" \
    -c "insert into dist.transfer (name, object, to_rep, source, on_owned) values ('apart', 'apart', 'ann', 'any', 'reassign')"
  # Both at one instant, and the free one is the first: a runner that waited for the lock would be late for it.
  cluster_psql -c "begin" \
    -c "insert into dist.schedule (name, start_at) select name, (clock_timestamp() + interval '2 s') at time zone 'UTC' from unnest(array['a free', 'locked']) name" \
    -c "update dist.schedule set start_at = (select max(start_at) from dist.schedule where name in ('a free', 'locked')) where name = 'a free'" \
    -c "insert into dist.step (schedule, position, target) values ('a free', 1, 'apart'), ('locked', 1, 'warm')" -c "commit"
  (
    echo "begin; lock table public.lead in access exclusive mode;"
    eventually "the free one ran" "select $(ran "a free")" >&2
    echo "commit;"
  ) | cluster_psql >/dev/null &
  eventually "a runner is there" "select exists (select from dist._workers() where kind = 'runner')"
  wait
  holds "in time" "select started_at < due_at + interval '1 s' from dist.run where schedule = 'a free'"
  eventually "the other ran once the lock was released" "select $(ran locked)"
}
check "a table that is locked is not waited for before the instant" waits_for_nobody

are_there_in_time() {
  local many
  no_runner
  many=$(nproc)
  ((many < 4)) || many=4
  cluster_psql -c "begin" \
    -c "insert into dist.schedule (name, start_at) select 'many ' || n, (clock_timestamp() + interval '2.5 s') at time zone 'UTC' from generate_series(1, 100) n" \
    -c "insert into dist.step (schedule, position, target) select 'many ' || n, 1, 'warm' from generate_series(1, 100) n" -c "commit"
  eventually "they are all there" "select count(*) >= $many from dist._workers() where kind = 'runner'"
  holds "before the instant" "select count(*) = 100 and min(next_run_at) > clock_timestamp() from dist.schedule_state join dist.schedule on id = schedule_id where name like 'many %'"
  eventually "all have run" "select count(*) = 100 and bool_and(status = 'succeeded' and started_at >= due_at) from dist.run where schedule like 'many %'"
}
check "before an instant at which much is due, the runners for it are there" are_there_in_time

finish
