# shellcheck shell=bash
# Sourced by run.sh: several sittings add up. Each one that ended well is a line of the file SOAK_STATE; one that fails,
# or is interrupted, is none. The kills of a seed are numbered, and a sitting begins after those that the file has.

SITTING_COLUMNS="date revision seed from kills promotions kills_in_run due_instants ran skipped moves lost doubled seconds"

kills_so_far() {
  [[ -n $STATE && -r $STATE ]] || { echo 0 && return; }
  awk -v seed="$SEED" '$3 == seed {n += $5} END {print n + 0}' "$STATE"
}

note_sitting() { # VALUE...
  [[ -n $STATE ]] || return 0
  mkdir -p "$(dirname "$STATE")"
  [[ -s $STATE ]] || printf '# %s\n' "$SITTING_COLUMNS" >"$STATE"
  printf '%s\n' "$*" >>"$STATE"
}

sum_of_sittings() {
  [[ -n $STATE ]] || return 0
  awk '!/^#/ {n++; for (i = 5; i <= NF; i++) sum[i] += $i}
    END {printf "==> soak: %d sittings in %s: %d kills (%d of them promotions, %d while a run was in progress), " \
      "%d due instants: %d ran, %d skipped with a reason, %d lost, %d doubled; %d moves; %d s\n", \
      n, file, sum[5], sum[6], sum[7], sum[8], sum[9], sum[10], sum[12], sum[13], sum[11], sum[14]}' file="$STATE" "$STATE"
}
