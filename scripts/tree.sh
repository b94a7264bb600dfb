#!/usr/bin/env bash
# Makes a private copy of PostgreSQL under target/ and installs pg_dist into it: tree.sh debug|release.
# Nothing is written outside target/. cargo decides what has to be built; the copy is made once per PostgreSQL.
# shellcheck source=scripts/env.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/env.sh"

profile=${1:-debug}
[[ $profile == debug || $profile == release ]] || die "usage: scripts/tree.sh debug|release"
"$ROOT/scripts/toolchain.sh"
use_tools
tree=$(tree_dir "$profile")

# The longest folder that all the arguments lie in.
common_folder() {
  local folder=$1 path
  for path; do
    while [[ $path/ != "$folder"/* ]]; do folder=${folder%/*}; done
  done
  printf '%s\n' "$folder"
}

copy_folder() { # FROM BELOW [PATTERN TO LEAVE OUT...]
  local from=$1 to=$tree$2
  shift 2
  mkdir -p "$to"
  tar -C "$from" "${@/#/--exclude=}" -cf - . | tar -C "$to" --no-same-owner -xf -
}

# PostgreSQL finds its files by their place relative to the running program. A copy with the same layout therefore is
# whole, its pg_config answers with the copy's paths, and an install into it touches nothing else. Copies rather
# than links: a program resolves links before it looks where it is, and an install would write through them.
copy_postgres() {
  local bin lib share include shared prefix program
  bin=$("$PG_CONFIG" --bindir) lib=$("$PG_CONFIG" --pkglibdir) share=$("$PG_CONFIG" --sharedir)
  include=$("$PG_CONFIG" --includedir-server) shared=$("$PG_CONFIG" --libdir)
  prefix=$(common_folder "$bin" "$lib" "$share")
  say "copying $("$PG_CONFIG" --version) to ${tree#"$ROOT/"}"
  rm -rf "$tree"
  mkdir -p "$tree${bin#"$prefix"}"
  # By name: where the distribution puts them into /usr/bin, they are not alone there.
  for program in postgres initdb pg_ctl pg_config psql pgbench createdb dropdb pg_isready pg_dump pg_dumpall pg_restore \
    pg_basebackup pg_controldata pg_resetwal pg_rewind pg_upgrade pg_waldump pg_amcheck pg_checksums; do
    [[ ! -e $bin/$program ]] || cp -L "$bin/$program" "$tree${bin#"$prefix"}/"
  done
  # pg_dist may be installed in the original, in another version.
  copy_folder "$lib" "${lib#"$prefix"}" './bitcode' './pg_dist*'
  copy_folder "$share" "${share#"$prefix"}" './man' './doc' './extension/pg_dist*'
  # libpq, where it is PostgreSQL's own and not the system's.
  if [[ $shared != "$lib" && $shared == "$prefix"/* ]] && [[ ! $shared =~ ^/(usr/)?lib(64|/[^/]*-linux-gnu)?/?$ ]]; then
    mkdir -p "$tree${shared#"$prefix"}"
    cp -a "$shared"/lib*.so* "$tree${shared#"$prefix"}/"
  fi
  if [[ $include == "$prefix"/* && ! -e $tree${include#"$prefix"} ]]; then
    mkdir -p "$(dirname "$tree${include#"$prefix"}")"
    ln -s "$include" "$tree${include#"$prefix"}"
  fi
  chmod -R u+w,go+rX "$tree"
  printf '%s\n' "${bin#"$prefix"}" >"$tree/.bindir"
  [[ $("$tree${bin#"$prefix"}/pg_config" --sharedir) == "$tree"/* ]] ||
    die "This PostgreSQL cannot be copied: its programs look for their files at a fixed place ($share)." \
      "Use another one with PG_CONFIG=/path/to/pg_config."
  stamp >"$tree/.made-of"
}

# What the copy was made of, and where: a newer minor version, another PostgreSQL or a clone that was itself copied or
# moved makes a new one, so that nothing is ever installed into the tree of another clone.
stamp() {
  printf '%s\n' "$tree" "$PG_CONFIG" "$("$PG_CONFIG" --version)"
  stat -c '%s %Y' "$("$PG_CONFIG" --bindir)/postgres"
}

mkdir -p "$TARGET/tree"
exec 9>"$tree.lock"
! command -v flock >/dev/null || flock 9
[[ $(cat "$tree/.made-of" 2>/dev/null) == "$(stamp)" ]] || copy_postgres

pg_config=$(tree_bin "$profile")/pg_config
flags=()
[[ $profile == debug ]] || flags=(--release)
say "building pg_dist ($profile) for PostgreSQL $PG_MAJOR (some minutes the first time)"
cargo pgrx install "${flags[@]}" --pg-config "$pg_config" "${CARGO_FEATURES[@]}"

# An upgrade script that has been renamed or dropped must not stay behind.
for file in "$("$pg_config" --sharedir)"/extension/pg_dist--*--*.sql; do
  [[ ! -e $file || -e sql/${file##*/} ]] || rm "$file"
done
say "pg_dist ($profile) is installed in ${tree#"$ROOT/"}"
