#!/usr/bin/env bash
# Behaviour as SQL: the files of tests/sql, in order of name and in one database, against tests/expected.
# The first of them creates the extension. See scripts/regress.sh for FILES and UPDATE.
# shellcheck source=scripts/regress.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../scripts/regress.sh"

regress regress/pg_regress tests/sql sql tests/expected
