#!/usr/bin/env bash
# What is due at the same instant runs in its order also where it belongs to different owners, each with a runner of its own,
# and by name only where nothing else decides (F4). The order itself is tests/sql/order.sql's.
# shellcheck source=tests/worker/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

cluster_start order
prepare
owner tom
owner uma
cluster_psql <<'SQL'
insert into public.lead select n, case when n % 2 = 0 then 'ann' end from generate_series(2, 50) n;
insert into dist.segment (name, object, predicate, owner) values ('owned', 'lead', 'r.rep is not null', 'uma');
insert into dist.transfer (name, kind, object, segment) values ('take back', 'retrieval', 'lead', 'owned');
SQL

# Tom gives, and his runner is there already; Uma refreshes and takes, and hers has to be started. Their names say otherwise.
across_owners() {
  local round
  for round in 1 2 3; do
    schedule "warm $round" quick 0.5 tom
    eventually "tom's runner is there" "select exists (select from dist.run where schedule = 'warm $round' and status = 'succeeded')"
    cluster_psql -v round="$round" <<'SQL'
begin;
select (clock_timestamp() + interval '1 second') at time zone 'UTC' as at \gset
insert into dist.schedule (name, start_at, owner)
values ('a gives ' || :round, :'at', 'tom'), ('y takes ' || :round, :'at', 'uma'), ('z refreshes ' || :round, :'at', 'uma');
insert into dist.step (schedule, action, target)
values ('a gives ' || :round, 'transfer', 'quick'), ('y takes ' || :round, 'transfer', 'take back'), ('z refreshes ' || :round, 'refresh_segment', 'owned');
commit;
SQL
    eventually "all three ran" "select count(*) = 3 from dist.run where schedule like '% $round' and schedule not like 'warm%' and status = 'succeeded'"
    holds "refresh, retrieval, distribution" \
      "select array_agg(schedule order by id) = array['z refreshes $round', 'y takes $round', 'a gives $round']
         from dist.run where schedule like '% $round' and schedule not like 'warm%'"
  done
  holds "nobody waited for long" "select max(started_at - due_at) < interval '5 seconds' from dist.run where schedule like 'a gives%'"
}
check "F4 what several owners have due at one instant runs in its order" across_owners

# More is due than a runner sees at a time, of two objects, at two instants; help comes, and everything is shared.
across_looks() {
  cluster_psql <<'SQL'
create table public.other (id bigint primary key, rep text);
grant all on public.other to public;
insert into dist.object (name, relation, key_column, owner_column) values ('other', 'public.other', 'id', 'rep');
insert into dist.transfer (name, kind, object, predicate) values ('take other', 'retrieval', 'other', 'false'), ('take lead', 'retrieval', 'lead', 'false');
insert into dist.transfer (name, object, predicate, to_rep) values ('give other', 'other', 'false', 'ann'), ('give lead', 'lead', 'false', 'ann');
begin;
select (clock_timestamp() + interval '2 seconds') at time zone 'UTC' as at \gset
insert into dist.schedule (name, start_at, owner)
select 'many ' || n * 7919 % 1000, :'at'::timestamp + n % 2 * interval '0.2 seconds', 'tom' from generate_series(1, 600) n;
insert into dist.step (schedule, target)
select s.name, (array['give lead', 'take other', 'take lead', 'give other'])[1 + row_number() over () % 4] from dist.schedule s where s.name like 'many %';
commit;
SQL
  eventually "all have run" "select count(*) = 600 from dist.run where schedule like 'many %' and status = 'succeeded'" 60
  holds "each object's in their order" \
    "select bool_and(r.id > r.before) from (
       select r.id, lag(r.id) over (partition by t.object order by r.due_at, t.kind desc, r.schedule collate \"C\") as before
         from dist.run r join dist.transfer t on t.name = r.transfer where r.schedule like 'many %') r where r.before is not null"
}
check "F4 more than is seen at a time runs in its order, object by object" across_looks

# Somebody holds an object of which more is due than a runner sees at a time; what is behind that is about another one.
looks_further() {
  cluster_psql -c begin -c "select from dist.object_state where object = 'lead' for update" -c "select pg_sleep(60)" >/dev/null 2>&1 &
  cluster_psql <<'SQL'
begin;
select (clock_timestamp() + interval '3 seconds') at time zone 'UTC' as at \gset
insert into dist.schedule (name, start_at, owner) select 'held ' || n, :'at', 'tom' from generate_series(1, 400) n;
insert into dist.schedule (name, start_at, owner) values ('free', :'at'::timestamp + interval '0.1 seconds', 'tom');
insert into dist.step (schedule, target) select s.name, case s.name when 'free' then 'give other' else 'give lead' end from dist.schedule s where s.name ~ '^(held|free)';
commit;
SQL
  eventually "what is free has run" "select $(ran free)" 7
  holds "and what is held has not" "select not exists (select from dist.run where schedule like 'held %')"
  cluster_psql -o /dev/null -c "select pg_terminate_backend(pid) from pg_stat_activity where query ~ '^select pg_sleep'"
  wait
  eventually "so has the rest" "select count(*) = 400 from dist.run where schedule like 'held %' and status = 'succeeded'" 60
}
check "what somebody holds keeps nothing else waiting, however much there is of it" looks_further

finish
