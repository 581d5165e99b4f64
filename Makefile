# Verbs of the project. Needs Python 3.11 or newer with venv, git and make; all else is installed
# into $(VENV). DATABASE_URL and REDIS_URL, when set, are used instead of the embedded servers.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The lock files are complete. With --no-deps pip installs them as they are; else it resolves them
# again, and stops when the index has a newer version of a package whose extra another one names.
PIP := $(BIN)/python -m pip --disable-pip-version-check
PIP_INSTALL := $(PIP) install --no-deps --require-hashes
EMBEDDED := $(BIN)/python -m embedded
PORT ?= 8000
# Further words for pytest: make test ARGS="tests/consent -k receipt"
ARGS ?=
# A process for each core; with PARALLEL= it is one.
PARALLEL ?= -n auto --dist worksteal
export PORT

TEMPLATES := git ls-files -z --cached --others --exclude-standard -- 'templates/*.html'

# A production-like environment for checks that read the settings but need no server.
CHECK_ENV := env DEMO=0 DEBUG=0 DJANGO_SETTINGS_MODULE=portal.settings \
  BASE_URL=https://data.example.com EMAIL_HOST=smtp.example.com \
  DATABASE_URL=postgres://check@127.0.0.1:1/check REDIS_URL=redis://127.0.0.1:1/0 \
  SECRET_KEY=checks-only-checks-only-checks-only-0123456789-abcdefghij \
  FIELD_ENCRYPTION_KEYS=Y2hlY2tzLW9ubHktbm90LXNlY3JldC0wMTIzNDU2Nzg= \
  TOKEN_DIGEST_KEY=checks-only-checks-only-checks-only-0123456789

.PHONY: help
help: ## This list
	@echo "make VERB, where VERB is one of"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' \
	  | while IFS='|' read -r verb words; do printf '  %-12s %s\n' "$$verb" "$$words"; done

.PHONY: demo
demo: $(VENV)/demo.stamp ## The whole portal with demo data, until Ctrl-C (PORT=8000 HOST=127.0.0.1)
	@$(EMBEDDED) demo

.PHONY: stop
stop: $(VENV)/demo.stamp ## Stop a demo or test run of this checkout
	@$(EMBEDDED) stop

.PHONY: test
test: $(VENV)/dev.stamp ## Every test, browser tests included (ARGS="tests/consent -k receipt")
	@$(EMBEDDED) test $(PARALLEL) $(ARGS)

.PHONY: test-fast
test-fast: $(VENV)/dev.stamp ## The tests without browser and slow ones, under a minute
	@$(EMBEDDED) test $(PARALLEL) -m "not browser and not slow and not smoke" $(ARGS)

.PHONY: browser
browser: $(VENV)/dev.stamp ## The browser tests alone (needs Chromium)
	@$(EMBEDDED) test $(PARALLEL) -m browser $(ARGS)

.PHONY: check
check: $(VENV)/dev.stamp ## Lint, format, types, templates, migrations, deployment checks, house rules
	@echo "== lint"
	@$(BIN)/ruff check .
	@echo "== format"
	@$(BIN)/ruff format --check .
	@$(TEMPLATES) | xargs -0 -r $(BIN)/djade --target-version 5.2 --check
	@echo "== types"
	@$(CHECK_ENV) $(BIN)/mypy .
	@echo "== migrations"
	@$(CHECK_ENV) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@echo "== deployment"
	@$(MAKE) check-deploy
	@echo "== house rules"
	@$(BIN)/python -m pytest -q tests/house

.PHONY: check-deploy
check-deploy: # With whatever is installed: in CI also where only the packages of production are
	@$(CHECK_ENV) $(BIN)/python manage.py check --deploy --fail-level WARNING

.PHONY: fix
fix: $(VENV)/dev.stamp ## Repair what lint and format can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(TEMPLATES) | xargs -0 -r $(BIN)/djade --target-version 5.2

.PHONY: migrations
migrations: $(VENV)/dev.stamp ## Write the migrations that the models ask for
	@$(EMBEDDED) run -- $(BIN)/python manage.py makemigrations $(ARGS)

.PHONY: manage
manage: $(VENV)/demo.stamp ## A command of manage.py on the demo's data (ARGS="demo_otp staff")
	@$(EMBEDDED) run -- $(BIN)/python manage.py $(ARGS)

.PHONY: docs
docs: $(VENV)/dev.stamp ## Where the documentation is; which rules of the standards have tests
	@echo "Developers of apps: /docs/ of a running portal (make demo)."
	@echo "Operators: docs/operators/. Decisions: docs/adr/. Contributors: CONTRIBUTING.md."
	@echo
	@$(BIN)/python -m tests.conformance.coverage

.PHONY: bench
bench: $(VENV)/dev.stamp ## Ratios to others' servers: usage listing, tokens; audit trail (ARGS="tokens --seconds 2")
	@$(EMBEDDED) run -- $(BIN)/python -m benchmarks $(ARGS)

.PHONY: vendor
vendor: $(VENV)/demo.stamp ## Copy the browser libraries pinned in package.json (needs npm)
	@$(BIN)/python -m portal.vendoring

UV_COMPILE := $(BIN)/uv pip compile pyproject.toml --quiet --generate-hashes --universal \
  --python-version 3.11 --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.PHONY: lock
lock: $(VENV)/dev.stamp ## Write the lock files anew from pyproject.toml (ARGS=--upgrade for newer versions)
	$(UV_COMPILE) $(ARGS) --extra embedded --extra dev -o requirements/dev.lock
	$(UV_COMPILE) --extra embedded -c requirements/dev.lock -o requirements/demo.lock
	$(UV_COMPILE) -c requirements/dev.lock -o requirements/production.lock
	@! grep -nE '://|^-' requirements/*.lock || { echo "A lock file names a host or a local path."; exit 1; }

.PHONY: clean
clean: ## Stop everything; delete data, virtual environment and caches of this checkout
	@if [ -d .local ] && [ -f $(VENV)/demo.stamp ]; then $(EMBEDDED) clean; fi
	rm -rf .local $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis htmlcov .coverage test-results

# --- Virtual environment ------------------------------------------------------------------------

$(VENV)/venv.stamp:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: no $(PYTHON) found."; \
	  echo "On Debian or Ubuntu: apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, $(PYTHON) is `$(PYTHON) --version`."; \
	  echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv module is missing. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Creating the virtual environment $(VENV)"
	@$(PYTHON) -m venv "$(VENV)"
	@touch $@

# The demo needs half of the packages and so starts sooner on a fresh clone.
$(VENV)/demo.stamp: requirements/demo.lock | $(VENV)/venv.stamp
	@echo "Installing the packages of the demo (once, about a minute)"
	@$(PIP_INSTALL) -r requirements/demo.lock
	@$(PIP) check
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock | $(VENV)/venv.stamp
	@echo "Installing the packages for tests and checks (once, a minute or two)"
	@$(PIP_INSTALL) -r requirements/dev.lock
	@$(PIP) check
	@touch $@ $(VENV)/demo.stamp
