# README's two commands are `make demo` and `make test`; each sets up everything that it needs.
PY := .venv/bin/python
WORKERS ?= 2
COVERAGE ?= 90
ARGS ?=
UV ?= uv
LOCK := $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-strip-extras

.PHONY: install install-run demo test lint bench nightly lock
.NOTPARALLEL:

install: ## everything for building and testing, into .venv
	@scripts/install.sh dev

install-run: ## only what the service needs to run
	@scripts/install.sh run

demo: install-run ## the running site with invented people
	.venv/bin/diandan demo $(ARGS)

test: install lint ## what .ci/run runs
	@scripts/system-packages.sh
	$(PY) -m pytest -n $(WORKERS) --dist worksteal --cov --cov-report=term:skip-covered --cov-fail-under=$(COVERAGE) $(ARGS)

lint: install
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: install-run ## figures of this machine
	.venv/bin/diandan bench all --json $(ARGS)

nightly: install ## the long versions too: one process, no time limit for the whole
	@scripts/system-packages.sh
	$(PY) -m pytest -m "slow or not slow" --timeout 3600 $(ARGS)

lock: ## remake the pinned, hash-locked requirements (needs uv)
	$(LOCK) pyproject.toml requirements/build.in -o requirements/run.txt
	$(LOCK) --extra dev pyproject.toml requirements/build.in -o requirements/dev.txt
