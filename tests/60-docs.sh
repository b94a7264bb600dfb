#!/usr/bin/env bash
# The SQL of README.md and docs/*.md runs as it stands there: the blocks marked ```sql of each file, in order, in one
# database of a cluster that knows nothing yet. A block right after the comment <!-- not run --> is left out.
# DOCS="README.md" runs only these.
CLUSTER_FSYNC=off
# shellcheck source=scripts/cluster.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../scripts/cluster.sh"

# The SQL in the lines where it stands, so that psql names the line of the file that it stumbles over.
blocks() { # FILE
  awk '
    in_block && /^[ \t]*```[ \t]*$/ { in_block = 0; print ""; next }
    in_block { print run ? $0 : ""; next }
    /^[ \t]*```sql[ \t]*$/ { in_block = 1; run = before !~ /^[ \t]*<!-- not run -->[ \t]*$/; print ""; before = ""; next }
    /[^ \t]/ { before = $0 }
    { print "" }
    END { if (in_block) { print "a block is not closed" > "/dev/stderr"; exit 1 } }
  ' "$1"
}

files=(README.md docs/*.md)
[[ -z ${DOCS:-} ]] || read -ra files <<<"$DOCS"
failed=0
n=0
ran=0
for file in "${files[@]}"; do
  failure=
  count=$(grep -c '^[[:space:]]*```sql[[:space:]]*$' "$file") || continue
  # Roles belong to a cluster: each file has one of its own.
  cluster_start "docs$((n += 1))"
  mkdir -p "$WORK/$(dirname "$file")"
  : >"$WORK/messages"
  # In a folder of the same shape, so that the messages name the file as the reader does.
  if blocks "$ROOT/$file" >"$WORK/$file" && (cd "$WORK" && cluster_psql -f "$file" >"$WORK/output" 2>"$WORK/messages") &&
    failure=$(cluster_value "select string_agg(message, '; ') from dist.failure") && [[ -z $failure ]]; then
    printf '  ok  %s: %s blocks\n' "$file" "$count"
    ran=$((ran + count))
  else
    printf 'FAIL  %s\n' "$file"
    cat "$WORK/messages"
    [[ -z ${failure:-} ]] || echo "a run failed: $failure"
    failed=1
  fi
  cluster_stop immediate
done
[[ $failed != 0 || $ran != 0 ]] || { echo "FAIL  no SQL was found" && failed=1; }
exit "$failed"
