#!/usr/bin/env bash
# What `make install` runs: a release build of pg_dist into the PostgreSQL of PG_CONFIG, or else of the pg_config on
# the PATH. The only script that writes into a PostgreSQL that is not ours.
# shellcheck source=scripts/env.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/env.sh"

require_rust
PG_CONFIG=${PG_CONFIG:-$(command -v pg_config || true)}
[[ -n $PG_CONFIG ]] || die "There is no pg_config on the PATH, so no PostgreSQL to install into." \
  "Say which one: make install PG_CONFIG=/path/to/pg_config"
export PG_CONFIG
"$ROOT/scripts/toolchain.sh"
use_tools

flags=()
if [[ ! -w $("$PG_CONFIG" --pkglibdir) || ! -w $("$PG_CONFIG" --sharedir)/extension ]]; then
  command -v sudo >/dev/null || die "$("$PG_CONFIG" --pkglibdir) is not writable for $(id -un)." "Run make install as root."
  flags=(--sudo)
fi
say "installing pg_dist (release) into $("$PG_CONFIG" --version) at $("$PG_CONFIG" --bindir)"
cargo pgrx install --release "${flags[@]}" --pg-config "$PG_CONFIG" "${CARGO_FEATURES[@]}"
say "next: shared_preload_libraries = 'pg_dist' in postgresql.conf, a restart, and: create extension pg_dist"
