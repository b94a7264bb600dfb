# shellcheck shell=bash
# Sourced by every script: the paths, the words to the reader, and which tools and which PostgreSQL are used.
# It only looks; what is missing is brought by toolchain.sh.
#
# Settings read from the environment:
#   PG_CONFIG           use this PostgreSQL (15 to 18), whatever else is there
#   PG_MAJOR            use this major version where PG_CONFIG is not set
#   PG_DIST_TOOLCHAIN   auto (default), debian or pypi: where a missing PostgreSQL and libclang come from
#   CARGO_TARGET_DIR    in place of target/
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
cd -- "$ROOT"

TARGET=${CARGO_TARGET_DIR:-target}
[[ $TARGET == /* ]] || TARGET=$ROOT/$TARGET
export CARGO_TARGET_DIR=$TARGET
TOOLCHAIN=$TARGET/toolchain
SOURCE_OF_TOOLS=${PG_DIST_TOOLCHAIN:-auto}
PGRX_VERSION=$(sed -n 's/^pgrx *=.*"=\([0-9.]*\)".*/\1/p' Cargo.toml)
RUST_VERSION=$(sed -n 's/^rust-version *= *"\([0-9.]*\)".*/\1/p' Cargo.toml)

say() { printf '==> %s\n' "$*"; }
die() {
  printf 'error: %s\n' "$1" >&2
  shift
  [[ $# == 0 ]] || printf '       %s\n' "$@" >&2
  exit 1
}

# A shell that is not a login shell often lacks the folder that rustup fills.
if ! command -v cargo >/dev/null && [[ -x ${CARGO_HOME:-${HOME:-}/.cargo}/bin/cargo ]]; then
  PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
fi
# A cargo-pgrx built for this clone goes before one of another version; it may still have to be built.
case :$PATH: in *:"$TOOLCHAIN/cargo/bin":*) ;; *) PATH=$TOOLCHAIN/cargo/bin:$PATH ;; esac
export PATH

# Flags from outside would replace what cargo-pgrx passes for the library, and build every crate twice.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
# cargo-pgrx adds a linker flag for the library so that the linker keeps the section it reads the SQL from. As a
# rustflag it would give every crate two builds, one for the library and one for tests and clippy. On x86-64 Linux
# rustc brings its own linker, which keeps the section anyway; elsewhere the second build is the price.
if [[ $(uname -sm) == 'Linux x86_64' ]]; then
  export CARGO_PGRX_DISABLE_GC_SECTIONS_WORKAROUND=1
fi

require_rust() {
  local have
  { command -v cargo && command -v rustc; } >/dev/null ||
    die "Rust is not installed (cargo and rustc are not on the PATH)." \
      "Install it with: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --default-toolchain $RUST_VERSION"
  # rustup's rustc is there, and fails, where no toolchain has been chosen.
  have=$(rustc --version 2>/dev/null | cut -d' ' -f2) || have=unknown
  [[ $have != unknown && $(printf '%s\n' "$RUST_VERSION" "$have" | sort -V | head -n 1) == "$RUST_VERSION" ]] ||
    die "pg_dist needs Rust $RUST_VERSION or newer; what is here is version $have." \
      "Install it with: rustup toolchain install $RUST_VERSION && rustup default $RUST_VERSION"
}

have_cargo_pgrx() {
  command -v cargo-pgrx >/dev/null && [[ $(cargo-pgrx pgrx --version 2>/dev/null) == *" $PGRX_VERSION" ]]
}

# --- PostgreSQL ---------------------------------------------------------------------------------------------------

pg_major_of() { "$1" --version 2>/dev/null | sed -n 's/^PostgreSQL \([0-9]*\).*/\1/p'; }

# What keeps the PostgreSQL of a pg_config from being used; nothing where it is complete.
pg_lacks() {
  local config=$1 bindir major
  bindir=$("$config" --bindir 2>/dev/null) || { echo "it cannot be run" && return; }
  major=$(pg_major_of "$config")
  [[ $major == 1[5-8] ]] || { echo "it is version ${major:-unknown}, not 15 to 18" && return; }
  [[ -z ${PG_MAJOR:-} || $major == "$PG_MAJOR" ]] || { echo "it is version $major and PG_MAJOR is $PG_MAJOR" && return; }
  [[ -r $("$config" --includedir-server)/postgres.h ]] ||
    { echo "its server headers are missing (Debian: postgresql-server-dev-$major)" && return; }
  [[ -x $bindir/postgres && -x $bindir/pg_config ]] ||
    { echo "the server is missing from $bindir (Debian: postgresql-$major)" && return; }
}

pg_candidates() {
  local major majors=${PG_MAJOR:-15 16 17 18}
  if [[ $SOURCE_OF_TOOLS != pypi ]]; then
    for major in $majors; do
      echo "/usr/lib/postgresql/$major/bin/pg_config"
      [[ $major != 15 ]] || command -v pg_config || true
    done
    for major in $majors; do echo "$TOOLCHAIN/debian/usr/lib/postgresql/$major/bin/pg_config"; done
  fi
  if [[ $SOURCE_OF_TOOLS != debian ]]; then
    for major in $majors; do echo "$TOOLCHAIN/pypi-$major/bin/pg_config"; done
  fi
}

# Sets PG_CONFIG, PG_MAJOR and PG_FEATURE; fails where there is no complete PostgreSQL.
find_postgres() {
  local candidate lacks chosen=
  if [[ -n ${PG_CONFIG:-} ]]; then
    lacks=$(pg_lacks "$PG_CONFIG")
    [[ -z $lacks ]] || die "PG_CONFIG=$PG_CONFIG cannot be used: $lacks."
    chosen=$PG_CONFIG
  else
    while read -r candidate; do
      if [[ -x $candidate && -z $(pg_lacks "$candidate") ]]; then
        chosen=$candidate
        break
      fi
    done < <(pg_candidates)
  fi
  [[ -n $chosen ]] || return 1
  PG_CONFIG=$("$chosen" --bindir)/pg_config
  PG_MAJOR=$(pg_major_of "$PG_CONFIG")
  PG_FEATURE=pg$PG_MAJOR
  export PG_CONFIG PG_MAJOR PG_FEATURE
}

# --- libclang, for pgrx's bindings -------------------------------------------------------------------------------

# clang-sys finds a system-wide libclang by itself; its own headers (stddef.h and kin) are a package apart.
have_system_libclang() {
  [[ $SOURCE_OF_TOOLS != pypi ]] || return 1
  compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null || compgen -G '/usr/lib*/libclang*.so*' >/dev/null || return 1
  compgen -G '/usr/lib/llvm-*/lib/clang/*/include/stddef.h' >/dev/null ||
    compgen -G '/usr/lib*/clang/*/include/stddef.h' >/dev/null
}

# Leaves LIBCLANG_PATH alone where the user has set it; fails where there is no libclang.
find_libclang() {
  [[ -z ${LIBCLANG_PATH:-} ]] || return 0
  ! have_system_libclang || return 0
  [[ -r $TOOLCHAIN/libclang/libclang.so ]] || return 1
  export LIBCLANG_PATH=$TOOLCHAIN/libclang
  # The wheel has the library without clang's headers: the compiler's own stand in. Its vector intrinsics are
  # written in builtins that clang lacks, so PostgreSQL's headers are read as for a machine without them.
  BINDGEN_EXTRA_CLANG_ARGS="-isystem $(cc -print-file-name=include) -U__SSE2__"
  export BINDGEN_EXTRA_CLANG_ARGS
}

# --- what the other scripts call ---------------------------------------------------------------------------------

# All tools found and exported, or the way to get them.
use_tools() {
  require_rust
  { find_postgres && find_libclang && have_cargo_pgrx; } ||
    die "Some of the tools are missing." "Bring them with: make toolchain"
  # pgrx reads which PostgreSQL to build against from its home; the user's own ~/.pgrx stays as it is.
  export PGRX_HOME=$TARGET/pgrx-home/$PG_FEATURE
  local config
  config=$(printf '[configs]\n%s = "%s"' "$PG_FEATURE" "$PG_CONFIG")
  mkdir -p "$PGRX_HOME"
  # Written only when it differs: pgrx rebuilds its bindings when the file is newer.
  [[ $(cat "$PGRX_HOME/config.toml" 2>/dev/null) == "$config" ]] || printf '%s\n' "$config" >"$PGRX_HOME/config.toml"
  # pgrx wants to format its bindings, and without rustfmt it does not build. They need not be pretty.
  command -v rustfmt >/dev/null || export RUSTFMT=true
  # The same for every cargo call, so that build, clippy and tests share what they compile.
  # shellcheck disable=SC2034 # used by the scripts that source this one
  CARGO_FEATURES=(--no-default-features --features "$PG_FEATURE")
}

# The private PostgreSQL that pg_dist is installed into, for the profile debug or release.
tree_dir() { printf '%s\n' "$TARGET/tree/pg$PG_MAJOR-$1"; }
# The bin folder within it: the path below the prefix is that of the PostgreSQL it was copied from.
tree_bin() {
  local tree
  tree=$(tree_dir "$1")
  [[ -r $tree/.bindir ]] && printf '%s%s\n' "$tree" "$(<"$tree/.bindir")"
}
