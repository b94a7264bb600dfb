#!/usr/bin/env bash
# A sample of `make soak`: every kind of kill once, at random instants under load (X2).
set -euo pipefail
SOAK_KILLS=${SOAK_KILLS:-10} SOAK_SEED=${SOAK_SEED:-1} exec "$(dirname -- "${BASH_SOURCE[0]}")/soak/run.sh"
