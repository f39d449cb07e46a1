# Everything a developer types. Python 3.11+ (on Debian with python3-venv) and make are all it needs: uv is fetched into
# .tools/, the lock's packages into .venv/, and Node comes with the build of the page when the machine has no good one.

.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

UV_VERSION := 0.13.9
UV := .tools/uv-$(UV_VERSION)/bin/uv
RUN := .venv/bin/python -m
NPM = $(UV) run --quiet --script scripts/npm.py

# `make run ARGS="--port 8080"`, `make test ARGS="tests/batch -k retry"`
ARGS :=
# two at once: much of a test is waiting. A file stays in one hand, browsers come last.
SIDE_BY_SIDE := --numprocesses 2 --dist loadfile --no-loadscope-reorder

.NOTPARALLEL:
unexport VIRTUAL_ENV

# A uv that is told nothing would fetch a Python of its own, and trust only the authorities it was built with.
export UV_PYTHON_DOWNLOADS := never
ifneq ($(or $(filter Darwin,$(shell uname)),$(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt)),)
export UV_SYSTEM_CERTS := true
endif

# uv, npm and the browser keep caches at home; without one they get one here.
ifeq ($(strip $(HOME)),)
export HOME := $(CURDIR)/.tools/home
endif

PYTHON = $(shell for python in python3.13 python3.12 python3.11 python3 python3.14; do \
	"$$python" -c 'import ensurepip, sys, venv; print(sys.executable); sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && break; done)

.PHONY: help
help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: .venv/pyvenv.cfg ## install everything into .venv, with the page built
	@$(UV) sync --frozen $(REBUILD)

.PHONY: run
run: .venv/pyvenv.cfg ## start the service on http://127.0.0.1:3000 (ARGS="--port 8080")
	@$(UV) sync --frozen --no-dev --inexact $(REBUILD)
	@trap : INT TERM; .venv/bin/nano-banana serve $(ARGS) || case $$? in 130 | 143) ;; *) exit 1 ;; esac

.PHONY: test
test: install ## run every test: SQLite, MariaDB, browser (ARGS="tests/batch -k retry")
	@$(RUN) scripts.system_packages
	@$(RUN) pytest $(SIDE_BY_SIDE) $(ARGS)

.PHONY: check
check: install lint types page test ## all that CI runs: format, lint, types, import contract, page, tests

.PHONY: fmt
fmt: install ## put the code in its form, and mend what can be mended
	@$(RUN) ruff format .
	@$(RUN) ruff check --fix .

.PHONY: lint
lint: install ## check form, lint and the import contract
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@.venv/bin/lint-imports --no-cache

.PHONY: types
types: install ## check the types
	@$(RUN) mypy

.PHONY: page
page: install ## check the page: its types, and that its client is the API's
	@$(RUN) scripts.export_openapi --check
	@$(NPM) run check
	@$(NPM) run api -- --check

.PHONY: api
api: install ## write frontend/openapi.json and the page's client from the application
	@$(RUN) scripts.export_openapi
	@$(NPM) run api

.PHONY: bench
bench: install ## measure whether a slot is ever idle while work waits (ARGS="--help")
	@$(RUN) benchmarks.slots $(ARGS)

.PHONY: screens
screens: install ## take a picture of every page into docs/screens (ARGS="workspace --look desktop-light-zh")
	@$(RUN) scripts.system_packages
	@$(RUN) scripts.screens $(ARGS)

.PHONY: chaos
chaos: install ## every fault on both databases, then kills for as long as you say (ARGS="--kills 1000 --minutes 60")
	@$(RUN) scripts.system_packages
	@FAULTS=all $(RUN) pytest $(SIDE_BY_SIDE) tests/faults
	@$(RUN) tests.faults.chaos $(ARGS)

.PHONY: clean
clean: ## remove all that was installed, built or cached; your data stays
	rm -rf .venv .tools dist build frontend/dist frontend/node_modules test-results \
		.mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv looks only at the sources; a page that was deleted is built again by asking for it.
REBUILD = $(if $(or $(NANO_BANANA_SKIP_FRONTEND),$(wildcard frontend/dist/index.html)),,--reinstall-package nano-banana)

.venv/pyvenv.cfg: | $(UV)
	@$(UV) venv --quiet --allow-existing --python "$(PYTHON)"

$(UV):
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed, on Debian and Ubuntu with: apt install python3-venv"; exit 1; }
	@mkdir -p .tools "$$HOME"
	@echo "fetching uv $(UV_VERSION) into .tools"
	@"$(PYTHON)" -m venv .tools/uv-$(UV_VERSION)
	@.tools/uv-$(UV_VERSION)/bin/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
