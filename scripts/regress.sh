# shellcheck shell=bash
# Sourced by the tests that compare output: runs PostgreSQL's pg_regress or pg_isolation_regress over a folder.
#
#   regress PROGRAM INPUTS KIND EXPECTED [OPTION...]
#
# runs INPUTS/*.KIND (KIND is the name of the folder PROGRAM reads, sql or specs) in order of name against
# EXPECTED/*.out. Exits with 77, after a visible line, where there is nothing to run or no such program.
# UPDATE=1 takes the output as what is expected: read it before you commit it. FILES="first fire" runs only these.
# These tests crash nothing.
CLUSTER_FSYNC=${CLUSTER_FSYNC:-off}
# shellcheck source=scripts/cluster.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/cluster.sh"

regress() {
  local program=$1 inputs=$2 kind=$3 expected=$4 suffix=${3%s} file files=() status=0
  shift 4
  for file in "$inputs"/*."$suffix"; do [[ ! -e $file ]] || files+=("$(basename "$file" ".$suffix")"); done
  [[ ${#files[@]} != 0 ]] || { echo "SKIP: there is no $inputs/*.$suffix" && exit 77; }
  [[ -z ${FILES:-} ]] || read -ra files <<<"$FILES"

  cluster_start regress
  program=$("$PGBIN/pg_config" --pkglibdir)/pgxs/src/test/$program
  [[ -x $program ]] || { echo "SKIP: this PostgreSQL comes without ${program##*/}" && exit 77; }

  # Copied: the server's user need not be able to read the clone, and results are left where they are run.
  mkdir -p "$WORK/inputs/$kind" "$WORK/inputs/expected"
  cp "$inputs"/*."$suffix" "$WORK/inputs/$kind/"
  [[ ! -d $expected ]] || cp -R "$expected/." "$WORK/inputs/expected/"
  # The programs stop at a file that is not there; one that is empty makes a difference to take over.
  for file in "${files[@]}"; do : >>"$WORK/inputs/expected/$file.out"; done
  chmod -R go+rX "$WORK/inputs"
  as_server mkdir "$WORK/outputs"

  # They set a zone and a date style of their own for their clients, which differ between major versions.
  as_server "$program" --inputdir "$WORK/inputs" --outputdir "$WORK/outputs" --bindir "$PGBIN" --host "$PGHOST" \
    --port "$PGPORT" --user "$PGUSER" --dbname regress --launcher 'env PGTZ=UTC PGDATESTYLE=ISO' "$@" "${files[@]}" ||
    status=$?

  if [[ -n ${UPDATE:-} ]]; then
    mkdir -p "$expected"
    for file in "${files[@]}"; do
      # Only what differs: a result may be equal to an alternative (NAME_1.out), and then stays as it is.
      if grep -qF "results/$file.out" "$WORK/outputs/regression.diffs" 2>/dev/null; then
        cp --no-preserve=mode,ownership "$WORK/outputs/results/$file.out" "$expected/$file.out"
        say "took over $expected/$file.out"
      fi
    done
    return 0
  fi
  [[ $status == 0 ]] || cat "$WORK/outputs/regression.diffs" || true
  return "$status"
}
