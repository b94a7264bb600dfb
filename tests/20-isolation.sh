#!/usr/bin/env bash
# Several sessions at once: the files of tests/specs, whose steps PostgreSQL's isolation tester takes in the orders
# they name, against tests/specs/expected. The extension is there already. See scripts/regress.sh for FILES and UPDATE.
# shellcheck source=scripts/regress.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../scripts/regress.sh"

regress isolation/pg_isolation_regress tests/specs specs tests/specs/expected --load-extension pg_dist
