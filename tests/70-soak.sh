#!/usr/bin/env bash
# A sample of `make soak`: every kind of kill once, promotions of a standby too, at random instants under load (X2).
set -euo pipefail
# What is killed here are processes, and what they have written is the system's by then.
export CLUSTER_FSYNC=${CLUSTER_FSYNC-off}
SOAK_STATE="" SOAK_KILLS=${SOAK_KILLS:-15} SOAK_SEED=${SOAK_SEED:-1} exec "$(dirname -- "${BASH_SOURCE[0]}")/soak/run.sh"
