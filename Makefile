# Partwork. `make` alone lists what can be made.
PYTHON ?= python3
BIN := .venv/bin
SITE ?= .
DEMO_READERS := content/demonstration.csv

.DEFAULT_GOAL := help
.PHONY: help run once test walks check bench-related bench-feeds bench-mail bench-delivery bench-web soak fix lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

.venv/run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Partwork needs Python 3.11 or newer; this is %d.%d. Try: make PYTHON=python3.11" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || echo "Setting up .venv (once; about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev: requirements-dev.txt .venv/run
	@echo "Adding the tools of tests and checks"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

run: .venv/run ## publish what is due, then stay: scheduler and web on http://127.0.0.1:8000
	@$(BIN)/partwork --site $(SITE) subscriber import --quiet $(DEMO_READERS)
	@$(BIN)/partwork --site $(SITE) run

once: .venv/run ## publish what is due, print what happened, leave
	@$(BIN)/partwork --site $(SITE) subscriber import --quiet $(DEMO_READERS)
	@$(BIN)/partwork --site $(SITE) run --once

test: .venv/dev ## run the tests
	@$(BIN)/python -m pytest --numprocesses auto

walks: .venv/dev ## newsboat, nginx, Chromium and others against a running site (installs them: tests/walks/install-tools); kills
	@tests/walks/install-tools
	@$(BIN)/python -m pytest -m tools tests/walks tests/crash

check: .venv/dev ## lint, types, and the one direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/partwork check --strict

.venv/bench: requirements-bench.txt .venv/run
	@echo "Adding the peers of the benchmarks"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch $@

bench-related: .venv/bench ## related links beside what others find, and what they cost (needs Debian's apt-get)
	@$(BIN)/python -m bench.related

bench-feeds: .venv/bench ## what feeds cost, beside Django and Hugo (some minutes)
	@$(BIN)/python -m bench.feeds

bench-delivery: .venv/bench .venv/dev ## what sending costs, beside smtp-source, Postfix, django-newsletter and nodemailer (installs Postfix)
	@bench/install-peers
	@$(BIN)/python -m bench.delivery

soak: .venv/dev ## 60,000 people and 200 kills: who is forgotten, who is served twice (some minutes)
	@$(BIN)/python -m tests.crash.soak

bench-web: .venv/dev ## pages, feeds and forms a second, from a server with one core
	@$(BIN)/python -m bench.web

bench-mail: .venv/bench .venv/dev ## what a mail costs: inlining, addressing, signing, beside others
	@$(BIN)/python -m bench.mail

fix: .venv/dev ## let ruff mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: .venv/dev ## renew the lock files from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --group pyproject.toml:build -o requirements.txt pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --group pyproject.toml:build --group pyproject.toml:dev \
		-o requirements-dev.txt pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --group pyproject.toml:bench -c requirements.txt -o requirements-bench.txt pyproject.toml

clean: ## remove what was published and stored here (asks first); keeps .venv
	@printf "This removes feeds/* and var/ of this checkout, with its database and outbox. Type yes: "; \
		read answer; [ "$$answer" = yes ] && rm -rf var && find feeds -mindepth 1 ! -name README.md -delete
