#!/usr/bin/env bash
# The undo of a large run takes about as long as the run (X5). The audit rows it compares are so fresh that the planner
# knows nothing of them: a plan that is quadratic in their number would show here as minutes.
CLUSTER_FSYNC=off
# shellcheck source=scripts/cluster.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../scripts/cluster.sh"

# Analyzed by nobody behind our back: what is measured is the plan without statistics.
cluster_start undo "autovacuum = off"
cluster_psql <<'SQL'
create extension pg_dist;
create role ops login in role dist_admin;
create table public.lead (id bigint primary key, rep text);
insert into public.lead select i, null from generate_series(1, 30000) i;
grant select, update on public.lead to ops;
set role ops;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'public.lead', 'id', 'rep');
insert into dist.rep (rep) values ('ann'), ('bob'), ('cid');
insert into dist.team (team) values ('odd'), ('even');
insert into dist.team_member (team, rep, weight) values ('odd', 'ann', 1), ('odd', 'bob', 3), ('even', 'bob', 1), ('even', 'cid', 2);
insert into dist.distribution_rule (name, strategy, team) values ('odd', 'weighted', 'odd'), ('even', 'weighted', 'even');
insert into dist.ruleset (name, object, default_to_distribution_rule) values ('leads', 'lead', 'odd');
insert into dist.assignment_rule (ruleset, position, predicate, to_distribution_rule) values ('leads', 1, 'r.id % 2 = 0', 'even');
insert into dist.transfer (name, object, to_ruleset) values ('all', 'lead', 'leads');
SQL

export PGUSER=ops
cluster_psql -o /dev/null -c "select dist.execute('all')"
# An end for a plan that would take minutes.
PGOPTIONS='-c statement_timeout=60s' cluster_psql -o /dev/null -c "select dist.undo(1)"
cluster_psql -c "select trigger, assigned, finished_at - started_at as took from dist.run order by id"

same() { # WHAT SQL
  [[ $(cluster_value "$2") == t ]] || { echo "not so: $1" && exit 1; }
}
same "nobody owns anything again" "select bool_and(rep is null) from public.lead"
same "every turn has been given back" "select bool_and(turns = 0) from dist.pool"
same "nobody is owed anything" "select bool_and(deficit = 0) from dist.fairness"
same "the undo took less than ten times as long as the run" "
  select max(finished_at - started_at) filter (where trigger = 'undo')
         < 10 * max(finished_at - started_at) filter (where trigger = 'execute') from dist.run"
