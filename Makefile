# The commands of this project. Each is a script that can be read and run by itself; nothing is decided here.
# Settings: PG_CONFIG, PG_MAJOR, PG_DIST_TOOLCHAIN (see scripts/env.sh), TESTS (see scripts/run-tests.sh).

.DEFAULT_GOAL := help
.PHONY: help demo test bench soak oracle fmt toolchain tree tree-release install clean

help: ## list these targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 22

demo: tree ## see pg_dist at work in a throwaway cluster
	demo/run.sh

test: ## format, lints and every test (TESTS="regress unit": only those)
	scripts/run-tests.sh

bench: tree-release ## measure (BENCH=route, fire or plan: only that)
	PG_DIST_PROFILE=release bench/run.sh $(BENCH)

soak: tree-release ## run for long under load, with crashes and promotions
	PG_DIST_PROFILE=release CAPS_SECONDS=60 tests/36-caps.sh
	PG_DIST_PROFILE=release tests/soak/run.sh

oracle: tree-release ## compare recurrences with independent oracles at length (SEED=N repeats one)
	PG_DIST_PROFILE=release tests/oracle/run.sh large $(SEED)

fmt: ## format the Rust code
	cargo fmt

toolchain: ## bring what is missing to build and test (nothing is installed into a PostgreSQL)
	scripts/toolchain.sh

tree: ## build pg_dist (debug) into a private PostgreSQL under target/
	scripts/tree.sh debug

tree-release: ## the same, optimised
	scripts/tree.sh release

install: ## release build into the PostgreSQL of PG_CONFIG, or the one on the PATH
	scripts/install.sh

clean: ## remove what was built, but not the tools
	t="$${CARGO_TARGET_DIR:-target}"; rm -rf "$$t/tree" "$$t/debug" "$$t/release" "$$t/tmp"
