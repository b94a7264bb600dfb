#!/usr/bin/env bash
# A sample of what `make oracle` compares: recurrences against independent oracles (G3, G4, G5, Z2, Z3, X14).
exec bash "$(dirname -- "${BASH_SOURCE[0]}")/oracle/run.sh" sample
