# The front doors. Each makes the environment first; nothing but python3 >= 3.11 is assumed.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: again help env web types openapi up test chaos soak simulation mutants check audit bench docs lock clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

env: .venv/.ready ## Make .venv with the command `paperfleet`

.venv/.ready: requirements/lock.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "paperfleet needs Python 3.11 or newer: set PYTHON=/path/to/python3.11"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv || { echo "python3 has no venv module: install it (Debian: apt install python3-venv)"; exit 1; }
	@echo "Installing the locked packages into .venv ..."
	@$(BIN)/python deploy/install.py
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

web: env ## Build the dashboard, if its sources have changed
	@$(BIN)/python -m deploy.dashboard build

types: env ## Write the types of the API that the dashboard is checked against (for an editor)
	@$(BIN)/python -m deploy.dashboard types

openapi: env ## Rewrite docs/openapi.json, the copy of the API's document
	@$(BIN)/python -m api.contract

up: env web ## Run the whole product here: simulator, fleet, API (options: make up ARGS="--workers 4")
	@$(BIN)/paperfleet up $(ARGS)

test: env web ## Run every test, small forms of chaos among them
	@$(BIN)/python -m pytest -n 2 --cache-clear $(ARGS) || $(MAKE) --no-print-directory again

# Two files at a time, each with a fleet of its own: what fails beside a neighbour runs once more, alone.
again:
	@$(BIN)/python -m tests.again

chaos: env ## Break the fleet in every way and print one table (options: make chaos ARGS="--seed 7 'workers murdered'")
	@$(BIN)/python -m tests.chaos $(ARGS)

soak: env ## Run it for long under faults, looked at every second (options: make soak ARGS="--soak 3600")
	@$(BIN)/python -m tests.chaos --soak 600 $(ARGS)

simulation: env ## Runs of the evaluation driven by seeds, 10,000 in memory and 300 on PostgreSQL
	@$(BIN)/python -m tests.simulation $(ARGS)

mutants: env ## Spoil the source on purpose: tests must notice (options: make mutants ARGS="--generated 240")
	@$(BIN)/python -m tests.mutants $(ARGS)

check: env ## Lint, types, imports, static analysis, secrets, packages
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/bandit -q -r -ll -c pyproject.toml services workers api deploy paperfleet
	@$(BIN)/python -m tests.tidy.secret_scan
	@$(BIN)/python -m pip --disable-pip-version-check check > /dev/null || $(BIN)/python -m pip check
	@$(BIN)/python -m deploy.dashboard check
	@$(BIN)/python -m tests.tidy.audit --daily

audit: env ## Ask for known vulnerabilities of the locked packages (make check asks once a day)
	@$(BIN)/python -m tests.tidy.audit

bench: env ## Run the benchmarks and print one table
	@$(BIN)/python -m bench $(ARGS)

docs: env ## Build the documentation site into site/, every warning an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet --site-dir site

# A release that was stolen is mostly found out within days: what is younger is not locked.
COOLDOWN ?= 7 days
LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --exclude-newer "$(COOLDOWN)"

lock: ## Rewrite the hashed lock files, of packages a week old at least (needs uv 0.9.17; options: make lock COOLDOWN="0 days")
	$(LOCK) --all-extras pyproject.toml -o requirements/lock.txt
	$(LOCK) --constraints requirements/lock.txt --extra otel pyproject.toml -o requirements/runtime.txt
	$(LOCK) --constraints requirements/lock.txt --extra docs pyproject.toml -o requirements/docs.txt
	echo hatchling | $(LOCK) --constraints requirements/lock.txt - -o requirements/build.txt

clean: ## Remove the environment and caches (not your data)
	rm -rf .venv .chaos site web/node_modules api/dashboard .mypy_cache .ruff_cache .pytest_cache *.egg-info
