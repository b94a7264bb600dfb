#!/usr/bin/env bash
# Eight sessions bring records at the same time, with routing in their transactions and by the worker, while another rolls back and a
# run goes on: nothing is lost, nothing is routed twice, and turns are kept exactly at every prefix; what waits is routed when it is
# due, and a record that cannot be routed holds up no other (L1, C3).
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/worker/lib.sh"
CLUSTER_FSYNC=off
cluster_start intake
if [[ ! -x $PGBIN/pgbench ]]; then echo "SKIP: this PostgreSQL comes without pgbench" && exit 77; fi
prepare
cluster_psql <<'SQL'
create role app login;
create table public.incoming (id bigint generated always as identity primary key, kind text not null, rep text, made_at timestamptz default clock_timestamp());
grant insert on public.incoming to app;
insert into dist.object (name, relation, key_column, owner_column) values ('incoming', 'public.incoming', 'id', 'rep');
insert into dist.rep (rep) select 'in ' || n from generate_series(1, 7) n;
insert into dist.team (team) values ('now'), ('later');
insert into dist.team_member (team, rep, weight) select t, 'in ' || n, n from generate_series(1, 7) n, unnest(array['now', 'later']) t;
insert into dist.distribution_rule (name, strategy, team) values ('now', 'weighted', 'now'), ('later', 'round_robin', 'later');
insert into dist.automation (name, object, criteria, to_distribution_rule, mode)
values ('now', 'incoming', '{"field": "kind", "op": "=", "value": "now"}', 'now', 'in_transaction');
insert into dist.automation (name, object, criteria, to_distribution_rule) values ('later', 'incoming', '{"field": "kind", "op": "=", "value": "later"}', 'later');
insert into dist.transfer (name, object, predicate, to_rep) values ('beside', 'incoming', 'r.kind = ''neither''', 'in 1');
SQL

echo "insert into public.incoming (kind) values ('now');" >"$WORK/now.sql"
echo "insert into public.incoming (kind) select 'later' from generate_series(1, 3);" >"$WORK/later.sql"
printf '%s\n' "begin;" "insert into public.incoming (kind) values ('now'), ('later');" "rollback;" >"$WORK/back.sql"
echo "select dist.execute('beside');" >"$WORK/beside.sql"

brings() {
  local pids=() failed=0
  bench() { pgbench -n -M simple "$@" >>"$WORK/pgbench.log" 2>&1; }
  bench -U app -c 4 -t 60 -f "$WORK/now.sql" & pids+=($!)
  bench -U app -c 4 -t 60 -f "$WORK/later.sql" & pids+=($!)
  bench -U app -c 1 -t 30 -f "$WORK/back.sql" & pids+=($!)
  bench -U postgres -c 1 -t 20 -f "$WORK/beside.sql" & pids+=($!)
  for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
  if [[ $failed != 0 ]] || grep -q aborted "$WORK/pgbench.log"; then cat "$WORK/pgbench.log" && return 1; fi
  eventually "nothing waits any more" "select not exists (select from dist.waiting)" 60
  holds "nothing is lost" "select count(*) = 960 and count(*) filter (where kind = 'now') = 240 and bool_and(rep is not null) from public.incoming"
  holds "each was routed once" "select count(*) = 960 and count(distinct record_key) = 960 from dist.assignment where object = 'incoming'"
  holds "none was held" "select count(*) = 0 from dist.run where status = 'failed'"
  holds "turns are kept at every prefix" "
    with turns as (select m.distribution_rule, m.new_owner, row_number() over (partition by m.distribution_rule order by m.run_id, m.seq) as t
                     from dist.assignment m where m.object = 'incoming'),
         shares as (select r.name, m.rep, case r.strategy when 'weighted' then m.weight else 1 end as w from dist.distribution_rule r join dist.team_member m on m.team = r.team)
    select bool_and(abs(x.received - t.t * s.w / (select sum(o.w) from shares o where o.name = s.name)) < 1)
      from turns t join shares s on s.name = t.distribution_rule
     cross join lateral (select count(*) as received from turns o where o.distribution_rule = t.distribution_rule and o.t <= t.t and o.new_owner = s.rep) x"
  holds "the ledger counts each of them for each automation" "
    select bool_and(came_in = 960 and assigned + no_match = 960 and waiting = 0) from dist.intake"
}
check "eight sessions bring records: nothing is lost or routed twice, turns are exact at every prefix (L1)" brings

waits() {
  cluster_psql -c "update dist.automation set active = false where name = 'now'" -c "update dist.automation set wait = '700 milliseconds' where name = 'later'"
  cluster_psql -c "insert into public.incoming (kind) select 'later' from generate_series(1, 500)"
  eventually "they are routed" "select count(*) = 0 from public.incoming where rep is null"
  holds "not early, and less than 250 ms after they were due" "
    select min(r.started_at) >= min(r.due_at) and max(r.started_at - r.due_at) < interval '250 ms' from dist.run r where r.cause_name = 'later' and r.due_at > r.started_at - interval '1 hour'
       and r.id > (select max(run_id) - 2 from dist.assignment)"
  echo "      begun after being due, in ms: $(cluster_value "select round(extract(epoch from started_at - due_at) * 1000, 1) from dist.run where cause_name = 'later' order by id desc limit 1")"
}
check "what waits is routed when it is due (C3)" waits

halves() {
  cluster_psql -c "update dist.automation set wait = '200 milliseconds' where name = 'later'" \
    -c "alter table public.incoming add column bad boolean, add constraint good check (rep is null or not bad)"
  cluster_psql -c "insert into public.incoming (kind, bad) select 'later', n in (100, 300) from generate_series(1, 400) n"
  eventually "all but two are routed" "select count(*) = 2 and bool_and(bad) from public.incoming where rep is null"
  holds "these are held with what they failed of" "select count(*) = 2 and bool_and(attempts >= 1 and sqlstate = '23514' and message ~ 'good') from dist.waiting"
  holds "and dist.health says so (C5)" "select status = 'error' and detail ~ '2 held' from dist.health where kind = 'automation' and name = 'later'"
  cluster_psql -c "alter table public.incoming drop constraint good" -c "update dist.automation set description = 'mended' where name = 'later'"
  eventually "once mended, they are routed" "select count(*) = 0 from public.incoming where rep is null"
}
check "a record that cannot be routed holds up no other, and is tried again (L1)" halves

takes_too_long() {
  cluster_psql -c "update dist.automation set wait = null, predicate = 'public.slow()' where name = 'later'" -c "insert into dist.policy values ('run_timeout', 1)" \
    -c "insert into public.incoming (kind) values ('later')"
  eventually "it is seen" "select exists (select from dist.running where trigger = 'automation' and transfer = 'later' and run_id > 0)"
  eventually "it is stopped, and says so" "select note ~ 'took longer' from dist.task where name = 'later'"
  cluster_psql -c "delete from dist.policy" -c "update dist.automation set predicate = null where name = 'later'"
  eventually "mended, it is routed" "select count(*) = 0 from public.incoming where rep is null"
}
check "a run of an automation that takes too long is stopped" takes_too_long

crashes() {
  cluster_psql -c "update dist.automation set wait = '1 second' where name = 'later'" -c "insert into public.incoming (kind) select 'later' from generate_series(1, 50)"
  cluster_crash
  cluster_up
  eventually "what waited is routed after a crash" "select count(*) = 0 from public.incoming where rep is null"
  holds "each once" "select count(*) = count(distinct record_key) from dist.assignment where object = 'incoming'"
}
check "what waits outlives a crash" crashes

finish
