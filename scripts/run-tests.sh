#!/usr/bin/env bash
# What `make test` runs: format, lints, the tests of the pure modules, the build, then every tests/*.sh in order.
# TESTS="regress unit" runs only the steps whose name contains one of the words. A step that exits with 77 is skipped.
# shellcheck disable=SC2317 # the steps are called by their names
# shellcheck source=scripts/env.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/env.sh"

step_fmt() {
  # Asked by running it: rustup has stand-ins for what is not installed.
  cargo fmt --version >/dev/null 2>&1 || { echo "rustfmt is not installed (rustup component add rustfmt)" && return 77; }
  cargo fmt --check
}
step_clippy() {
  cargo clippy --version >/dev/null 2>&1 || { echo "clippy is not installed (rustup component add clippy)" && return 77; }
  cargo clippy --all-targets "${CARGO_FEATURES[@]}" -- -D warnings
}
step_unit() { cargo test --lib "${CARGO_FEATURES[@]}"; }
step_build() { "$ROOT/scripts/tree.sh" debug; }

wanted() { # NAME
  local word
  [[ -n ${TESTS:-} ]] || return 0
  for word in $TESTS; do [[ $1 != *"$word"* ]] || return 0; done
  return 1
}

RUNNING=
SUMMARY=()
FAILED=0

# Every step has a process group of its own, so that an end from outside reaches whatever it is waiting for.
interrupted() {
  trap '' INT TERM HUP
  if [[ -n $RUNNING ]]; then
    kill -TERM -- "-$RUNNING" 2>/dev/null || true
    wait "$RUNNING" || true
  fi
  exit "$1"
}
trap 'interrupted 130' INT
trap 'interrupted 143' TERM
trap 'interrupted 129' HUP

run_step() { # NAME COMMAND...
  local name=$1 began=$SECONDS status=0 verdict
  shift
  say "$name"
  set -m
  "$@" </dev/null &
  RUNNING=$!
  set +m
  wait "$RUNNING" || status=$?
  RUNNING=
  case $status in
    0) verdict=PASS ;;
    77) verdict=SKIP ;;
    *) verdict=FAIL FAILED=1 ;;
  esac
  SUMMARY+=("$(printf '%s  %-32s %4d s' "$verdict" "$name" $((SECONDS - began)))")
  printf '==> %s\n' "${SUMMARY[-1]}"
  return "$status"
}

finish() {
  printf '\n'
  printf '%s\n' "${SUMMARY[@]}"
  [[ ${#SUMMARY[@]} != 0 ]] || die "No test's name contains: $TESTS"
  if [[ $FAILED == 0 ]]; then say "all passed"; else say "some failed"; fi
  exit "$FAILED"
}

require_rust
! wanted fmt || run_step fmt step_fmt || true
# The tools may take minutes, and a failure to get them is not one of a test.
run_step toolchain "$ROOT/scripts/toolchain.sh" || finish
use_tools
! wanted clippy || run_step clippy step_clippy || true
! wanted unit || run_step unit step_unit || true

scripts=()
for script in tests/*.sh; do
  name=$(basename "$script" .sh)
  [[ ! -e $script ]] || ! wanted "$name" || scripts+=("$script")
done
if [[ ${#scripts[@]} != 0 ]] || wanted build; then
  run_step build step_build || finish
fi
for script in "${scripts[@]}"; do run_step "$(basename "$script" .sh)" bash "$script" || true; done
finish
