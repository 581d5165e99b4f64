# The project's commands. They need Python 3.11 or newer with venv, git and make; everything else is
# installed into $(VENV). If DATABASE_URL and REDIS_URL are set, those servers are used, not the embedded ones.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The lock files are complete. With --no-deps pip installs them as they are. Without it, pip resolves them
# again and stops if the index has a newer version of a package that another one requires with an extra.
PIP := $(BIN)/python -m pip --disable-pip-version-check
PIP_INSTALL := $(PIP) install --no-deps --require-hashes
EMBEDDED := $(BIN)/python -m embedded
PORT ?= 8000
# More arguments for pytest: make test ARGS="tests/consent -k receipt"
ARGS ?=
# One process per core; with PARALLEL= a single process.
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
help: ## Show this list
	@echo "Usage: make COMMAND, where COMMAND is one of"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' \
	  | while IFS='|' read -r verb words; do printf '  %-12s %s\n' "$$verb" "$$words"; done

.PHONY: demo
demo: $(VENV)/demo.stamp ## Run the whole portal with demo data until Ctrl-C (PORT=8000 HOST=127.0.0.1)
	@$(EMBEDDED) demo

.PHONY: stop
stop: $(VENV)/demo.stamp ## Stop a demo or test run of this checkout
	@$(EMBEDDED) stop

.PHONY: test
test: $(VENV)/dev.stamp ## Run every test, including browser tests (ARGS="tests/consent -k receipt")
	@$(EMBEDDED) test $(PARALLEL) $(ARGS)

.PHONY: test-fast
test-fast: $(VENV)/dev.stamp ## Run all but the browser and slow tests, in under a minute
	@$(EMBEDDED) test $(PARALLEL) -m "not browser and not slow and not smoke" $(ARGS)

.PHONY: browser
browser: $(VENV)/dev.stamp ## Run only the browser tests (needs Chromium)
	@$(EMBEDDED) test $(PARALLEL) -m browser $(ARGS)

.PHONY: check
check: $(VENV)/dev.stamp ## Check lint, format, types, templates, migrations, deployment, house rules
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
check-deploy: # Works with whatever is installed; CI also runs it with only the production packages
	@$(CHECK_ENV) $(BIN)/python manage.py check --deploy --fail-level WARNING

.PHONY: fix
fix: $(VENV)/dev.stamp ## Fix what the linter and formatter can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(TEMPLATES) | xargs -0 -r $(BIN)/djade --target-version 5.2

.PHONY: migrations
migrations: $(VENV)/dev.stamp ## Create the migrations that the models need
	@$(EMBEDDED) run -- $(BIN)/python manage.py makemigrations $(ARGS)

.PHONY: manage
manage: $(VENV)/demo.stamp ## Run a manage.py command on the demo's data (ARGS="demo_otp staff")
	@$(EMBEDDED) run -- $(BIN)/python manage.py $(ARGS)

.PHONY: docs
docs: $(VENV)/dev.stamp ## Show where the documentation is and which rules of the standards have tests
	@echo "App developers: /docs/ on a running portal (make demo)."
	@echo "Operators: docs/operators/. Decisions: docs/adr/. Contributors: CONTRIBUTING.md, docs/glossary.md."
	@echo
	@$(BIN)/python -m tests.conformance.coverage

.PHONY: bench
bench: $(VENV)/dev.stamp ## Compare usage listing and tokens with other servers; time the audit trail (ARGS="tokens --seconds 2")
	@$(EMBEDDED) run -- $(BIN)/python -m benchmarks $(ARGS)

.PHONY: vendor
vendor: $(VENV)/demo.stamp ## Copy the browser libraries pinned in package.json (needs npm)
	@$(BIN)/python -m portal.vendoring

UV_COMPILE := $(BIN)/uv pip compile pyproject.toml --quiet --generate-hashes --universal \
  --python-version 3.11 --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.PHONY: lock
lock: $(VENV)/dev.stamp ## Rewrite the lock files from pyproject.toml (ARGS=--upgrade for newer versions)
	$(UV_COMPILE) $(ARGS) --extra embedded --extra dev -o requirements/dev.lock
	$(UV_COMPILE) --extra embedded -c requirements/dev.lock -o requirements/demo.lock
	$(UV_COMPILE) -c requirements/dev.lock -o requirements/production.lock
	@! grep -nE '://|^-' requirements/*.lock || { echo "A lock file names a host or a local path."; exit 1; }

.PHONY: clean
clean: ## Stop everything; delete this checkout's data, virtual environment and caches
	@if [ -d .local ] && [ -f $(VENV)/demo.stamp ]; then $(EMBEDDED) clean; fi
	rm -rf .local $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis htmlcov .coverage test-results

# --- Virtual environment ------------------------------------------------------------------------

$(VENV)/venv.stamp:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: no $(PYTHON) found."; \
	  echo "On Debian or Ubuntu: apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, but $(PYTHON) is `$(PYTHON) --version`."; \
	  echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv module is missing. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Creating the virtual environment in $(VENV)"
	@$(PYTHON) -m venv "$(VENV)"
	@touch $@

# The demo needs only half of the packages, so it starts sooner in a fresh clone.
$(VENV)/demo.stamp: requirements/demo.lock | $(VENV)/venv.stamp
	@echo "Installing the packages for the demo (only once, about a minute)"
	@$(PIP_INSTALL) -r requirements/demo.lock
	@$(PIP) check
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock | $(VENV)/venv.stamp
	@echo "Installing the packages for tests and checks (only once, a minute or two)"
	@$(PIP_INSTALL) -r requirements/dev.lock
	@$(PIP) check
	@touch $@ $(VENV)/demo.stamp
