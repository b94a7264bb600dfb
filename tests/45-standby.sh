#!/usr/bin/env bash
# A hot standby answers whatever only reads: preview, explain, next runs and the views (C4, G19); it runs nothing itself.
CLUSTER_FSYNC=off
# shellcheck source=scripts/cluster.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../scripts/cluster.sh"

cluster_start primary
cluster_psql <<'SQL'
create extension pg_dist;
create role ops login in role dist_manager;
create schema crm authorization ops;
create table crm.lead (id integer primary key, owner text);
alter table crm.lead owner to ops;
insert into crm.lead select generate_series(1, 3);
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'crm.lead', 'id', 'owner');
set session authorization ops;
insert into dist.rep (rep) values ('ada'), ('ben');
insert into dist.team (team) values ('all');
insert into dist.team_member (team, rep) values ('all', 'ada'), ('all', 'ben');
insert into dist.distribution_rule (name, strategy, team) values ('turns', 'round_robin', 'all');
insert into dist.transfer (name, object, to_distribution_rule) values ('give', 'lead', 'turns');
insert into dist.schedule (name, start_at, frequency) values ('nightly', '2999-01-01 06:00', 'daily');
insert into dist.step (schedule, position, target) values ('nightly', 1, 'give');
SQL
cluster_standby standby
export PGUSER=ops

expect() { # WHAT QUERY EXPECTED
  local answer
  answer=$(cluster_value "$2")
  if [[ $answer == "$3" ]]; then printf '  ok  %s\n' "$1"; else printf 'FAIL  %s: %s\n' "$1" "$answer" && exit 1; fi
}
expect "it is a standby" "select pg_is_in_recovery()" t
expect "preview" "select string_agg(new_owner, ' ') from dist.preview('give')" "ada ben ada"
expect "explain" "select detail is not null from dist.explain('lead', '1', 'give') where outcome = 'winner'" t
expect "next runs" "select dist.next_runs('nightly', 1) at time zone 'UTC'" "2999-01-01 06:00:00"
expect "upcoming" "select name, status from dist.upcoming" "nightly|Recurring"
expect "health" "select count(*) > 0 from dist.health where kind = 'runner'" f
if answer=$(cluster_value "select dist.execute('give')" 2>&1); then
  echo "FAIL  execute on a standby: $answer" && exit 1
fi
printf '  ok  execute is refused: %s\n' "${answer%%$'\n'*}"
