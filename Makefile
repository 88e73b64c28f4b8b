# Every target first installs what it needs and is missing (see .ci/setup), so that a fresh clone on
# Debian 12 needs nothing but python3, make and git.

BIN := .venv/bin
export UV_CACHE_DIR ?= $(CURDIR)/.cache/uv-packages
# The tests start hundreds of Python processes: each would compile the whole program anew.
unexport PYTHONDONTWRITEBYTECODE
# One more than there are cores: many tests wait for processes that they start.
JOBS ?= $(shell echo $$(($$(nproc) + 1)))
ARGS ?=

TESTS_NEED := cc php redis-server postgres mariadbd chromium
BENCH_NEEDS := nginx wrk h2load haproxy caddy

# Pure packages: import-linter keeps them off the clock and the network, and so every branch of theirs
# can be tested, and is.
PURE := proxy/config/*,proxy/decision/*,proxy/http1/*,proxy/ramp/*,proxy/routing/*,shadow/compare/*,shadow/redact/*,shadow/noise.py,shadow/pace.py,shadow/signature.py,shadow/thrift.py,shadow/verdicts.py
IMPURE := proxy/config/watcher.py
COVERED := 85

PYTEST := $(BIN)/pytest -n $(JOBS) --dist loadfile
COMPILE := $(BIN)/python .ci/compile
# `make test` has what ships: compiled modules. `make check` interprets them, as coverage needs it.
COMPILED := -p tests.support.compiled
INTERPRETED := BANYAN_INTERPRETED=1

.PHONY: help demo test check bench fast fuzz soak setup clean
.DEFAULT_GOAL := help

help: ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 16

demo: ## legacy PHP, a modern service, Banyan before them, traffic: the whole story
	@.ci/setup php
	@$(COMPILE) || :
	@$(BIN)/banyan demo $(ARGS)

test: ## all tests, with compiled modules
	@.ci/setup $(TESTS_NEED)
	@$(COMPILE)
	$(PYTEST) $(COMPILED) $(ARGS)

check: ## lint, format, types, import rules, all tests interpreted, with coverage
	@.ci/setup $(TESTS_NEED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(INTERPRETED) $(PYTEST) --cov --cov-report= $(ARGS)
	$(BIN)/coverage report --fail-under=$(COVERED)
	$(BIN)/coverage report --include='$(PURE)' --omit='$(IMPURE)' --fail-under=100

bench: ## requests a second beside nginx, HAProxy, Caddy and a naive proxy
	@.ci/setup $(BENCH_NEEDS)
	@$(COMPILE) || :
	$(BIN)/python -m bench $(ARGS)

fast: ## compile the hot modules of the data plane and of comparing, as the image does; all works without
	@.ci/setup cc
	@$(COMPILE)

fuzz: ## the property tests, with many more examples than `make test` gives them
	@.ci/setup
	$(PYTEST) -m hypothesis --hypothesis-profile=fuzz $(ARGS)

soak: ## minutes of mixed load while backends come and go: nothing leaks, no byte is wrong
	@.ci/setup $(BENCH_NEEDS)
	@$(COMPILE) || :
	$(BIN)/python -m bench soak $(ARGS)

setup: ## only install what the targets above need
	@.ci/setup $(sort $(TESTS_NEED) $(BENCH_NEEDS))

clean: ## remove what the targets above made (not var/, which may hold a ledger)
	rm -rf .venv .cache .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache dist proxy/__native__
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
