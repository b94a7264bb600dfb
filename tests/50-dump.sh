#!/usr/bin/env bash
# pg_dump and a restore keep intent, state and history, and go on exactly where the original was (X2, X3, Z6); DROP
# EXTENSION takes everything along, asks no CASCADE, and CREATE EXTENSION starts afresh.
# shellcheck disable=SC2317 # the checks are called by their names
CLUSTER_FSYNC=off
# shellcheck source=scripts/cluster.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../scripts/cluster.sh"

FAILED=0
check() { # WHAT COMMAND...
  local what=$1 status=0
  shift
  (set -e && "$@") || status=$?
  if [[ $status == 0 ]]; then printf '  ok  %s\n' "$what"; else printf 'FAIL  %s\n' "$what" && FAILED=1; fi
}
facts() { cluster_psql -d "$1" -f "$ROOT/tests/dump/facts.sql"; }
# The original is asked in the end, so that all start from the same state.
# What was restored is a copy, and fires nothing until an administrator says that it is at home here.
paused_then_accepted() { # DATABASE
  local PGDATABASE=$1
  refused 55000 "select dist.tick('2999-01-01 05:00Z')"
  cluster_psql -o /dev/null -c 'select dist.resume_all()'
}
go_on() { cluster_psql -d "$1" -f "$ROOT/tests/dump/go-on.sql"; }
same() { diff -u --label original --label restored "$1" "$2"; }
refused() { # SQLSTATE SQL
  local answer
  answer=$(cluster_psql -v VERBOSITY=sqlstate -c "$2" 2>&1) && { echo "not refused: $2" && return 1; }
  [[ $answer == *"$1"* ]] || { echo "refused with $answer, not $1: $2" && return 1; }
}

cluster_start dump 'pg_dist.enabled = off'
createdb original
export PGDATABASE=original
cluster_psql -f "$ROOT/tests/dump/source.sql" >/dev/null
facts original >"$WORK/facts"
check "there is something of everything to dump" cluster_psql -o /dev/null -c "do \$\$ declare t regclass; n bigint; begin
  for t in select oid from pg_class where relnamespace = 'dist'::regnamespace and relkind in ('r', 'p') and relname <> 'intent_stamp' loop
    execute format('select count(*) from %s', t) into n;
    if n = 0 then raise exception '% is empty', t; end if;
  end loop;
  if (select count(*) from pg_inherits where inhparent = 'dist.assignment'::regclass) < 4 then raise exception 'few partitions'; end if;
  if (select count(distinct status) from dist.run) < 2 then raise exception 'no failed run'; end if;
end \$\$"

pg_dump --format=plain --file="$WORK/plain.sql" original
pg_dump --format=custom --file="$WORK/custom.dump" original
pg_dumpall --roles-only --file="$WORK/roles.sql"

restore_plain() {
  createdb plain
  cluster_psql -d plain -o /dev/null -f "$WORK/plain.sql"
}
check "a plain dump is restored into another database" restore_plain
facts plain >"$WORK/facts.plain"
check "plain: the same rows, sequences, partitions and next runs" same "$WORK/facts" "$WORK/facts.plain"
# A dump of what was restored is the dump that it was restored from.
restore_again() {
  pg_dump --format=plain --file="$WORK/again.sql" plain
  diff <(grep -v '^\\\(un\)\?restrict' "$WORK/plain.sql") <(grep -v '^\\\(un\)\?restrict' "$WORK/again.sql")
}
check "plain: dumped once more it is the same dump" restore_again

# Another cluster, where only the roles are known.
cluster_start fresh 'pg_dist.enabled = off'
export PGDATABASE=postgres
restore_custom() {
  # The role that this cluster has itself been made with is in there too.
  grep -v "ROLE $PGUSER\b" "$WORK/roles.sql" | cluster_psql -o /dev/null
  createdb custom
  pg_restore --single-transaction --dbname=custom "$WORK/custom.dump"
}
check "a custom dump is restored into another cluster, in one transaction" restore_custom
facts custom >"$WORK/facts.custom"
check "custom: the same rows, sequences, partitions and next runs" same "$WORK/facts" "$WORK/facts.custom"

# pg_restore --jobs does not know which of an extension's tables refer to which: those go first, by one job.
restore_by_jobs() {
  local part
  createdb jobs
  for part in --section=pre-data '--section=data --schema=dist' '--section=data --exclude-schema=dist --jobs=2' '--section=post-data --jobs=2'; do
    # shellcheck disable=SC2086 # options
    pg_restore --exit-on-error --dbname=jobs $part "$WORK/custom.dump"
  done
}
check "a custom dump is restored by several jobs" restore_by_jobs
facts jobs >"$WORK/facts.jobs"
check "jobs: the same rows, sequences, partitions and next runs" same "$WORK/facts" "$WORK/facts.jobs"
restore_shape() {
  createdb shape
  pg_restore --exit-on-error --schema-only --dbname=shape "$WORK/custom.dump"
}
check "a schema-only restore brings the partitions, empty" restore_shape
check "custom: in another cluster it is a copy, paused until it is accepted" paused_then_accepted custom
go_on custom >"$WORK/next.custom"

cluster_use dump
go_on original >"$WORK/next"
check "plain: in another database it is a copy, paused until it is accepted" paused_then_accepted plain
go_on plain >"$WORK/next.plain"
check "plain: as an ordinary role it goes on as the original does" same "$WORK/next" "$WORK/next.plain"
check "custom: as an ordinary role it goes on as the original does" same "$WORK/next" "$WORK/next.custom"
check "the original has gone on: there were moves to compare" grep -q 'by weight' "$WORK/next"

cluster_psql -d original -o /dev/null -c 'create view public.what_ran as select id, status from dist.run'
export PGDATABASE=original
check "DROP EXTENSION is refused while a view of the user's needs it" refused 2BP01 'drop extension pg_dist'
dropped() { # DATABASE
  export PGDATABASE=$1
  cluster_psql -o /dev/null <<'SQL'
set client_min_messages = warning;
drop view if exists public.what_ran;
drop extension pg_dist;
do $$ begin
    if to_regnamespace('dist') is not null or exists (select from pg_class where relname like 'assignment%') then
        raise exception 'something is left of it';
    end if;
    if (select count(*) from crm.lead) <> 400 or (select count(owner) from crm.lead) = 0 then
        raise exception 'the user''s table was touched';
    end if;
end $$;
create extension pg_dist;
do $$ begin
    if exists (select from dist.run) or exists (select from dist.assignment) or exists (select from dist.object) then
        raise exception 'not empty';
    end if;
end $$;
insert into dist.object (name, relation, key_column, owner_column) values ('lead', 'crm.lead', 'id', 'owner');
set session authorization ops;
insert into dist.rep (rep) values ('ada');
insert into dist.transfer (name, object, source, to_rep, on_owned) values ('all', 'lead', 'any', 'ada', 'reassign');
select dist.execute('all');
SQL
}
check "DROP EXTENSION without CASCADE, CREATE EXTENSION again, and a run" dropped original
check "the same where it had been restored" dropped plain
exit "$FAILED"
