# shellcheck shell=bash
# Sourced after cluster.sh: brings the Python modules that the oracles are made of, pinned, into target/oracle. Nothing is
# installed into the system's Python.

oracle_python() { # ends the test as skipped where the modules cannot be had
  local folder=$TARGET/oracle/python pins=$ROOT/tests/oracle/requirements.txt log
  if ! cmp -s "$pins" "$folder/requirements.txt"; then
    log=$(mktemp)
    rm -rf "$folder"
    if ! python3 -m pip install --no-deps --only-binary=:all: --require-hashes --no-compile --disable-pip-version-check \
      --root-user-action ignore --target "$folder" -r "$pins" >"$log" 2>&1; then
      cat "$log" >&2
      rm -f "$log"
      echo "SKIPPED: Python 3 or the modules of tests/oracle/requirements.txt cannot be had here"
      exit 77
    fi
    rm -f "$log"
    cp "$pins" "$folder/requirements.txt"
  fi
  export PYTHONPATH=$folder PYTHONDONTWRITEBYTECODE=1
}
