#!/usr/bin/env bash
# The worker, through real servers: each file of tests/worker starts a cluster of its own and proves what its name says.
# WORKER="fire survive" runs only those files.
# shellcheck source=scripts/env.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../scripts/env.sh"

failed=0
for script in tests/worker/*.sh; do
  name=$(basename "$script" .sh)
  [[ $name != lib ]] || continue
  [[ -z ${WORKER:-} || " $WORKER " == *" $name "* ]] || continue
  bash "$script" || failed=1
done
exit "$failed"
