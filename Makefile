# Hub Bot. `make help` lists what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development
# One more than there are cores: tests wait now and then.
WORKERS ?= $(shell expr $$(nproc 2>/dev/null || echo 2) + 1)
PIP = $(BIN)/pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format bench burst sweep chaos soak docs tour lock tools clean

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A stamp is newer than the lock it was made from; a new lock means installing again.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 ..."; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.txt requirements-build.txt pyproject.toml | $(BIN)/python
	@echo "Installing what the bot needs into $(VENV) …"
	@$(PIP) --require-hashes -r requirements-build.txt -r requirements.txt
	@$(PIP) --no-build-isolation --no-deps -e .
	@touch $@

$(DEVELOPMENT): requirements-dev.txt $(RUNTIME)
	@echo "Installing what development needs into $(VENV) …"
	@$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

setup: $(RUNTIME) ## Make .venv with the runtime dependencies and .venv/bin/hub-bot

demo: $(RUNTIME) ## Try the bot in a browser: simulated Slack and Docker Hub, no account
	@$(BIN)/hub-bot demo

test: check ## Install, then lint, types, import contracts and all tests
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

check: $(DEVELOPMENT) ## Lint, format, types and import contracts only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEVELOPMENT) ## Put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEVELOPMENT) ## Measure: ratios within one run, and a burst of 10,000 pushes (some nine minutes)
	@missed=0; $(BIN)/python -m tests.bench || missed=1; \
		$(BIN)/python -m tests.bench.bursts --only fast || missed=1; exit $$missed

burst: $(DEVELOPMENT) ## The burst, and once more with Docker Hub at 180 requests a minute (some ten minutes)
	$(BIN)/python -m tests.bench.bursts

sweep: $(DEVELOPMENT) ## Sweep up to 10,000 repositories, and once at 180 requests a minute (some ten minutes)
	$(BIN)/python -m tests.bench.sweeping

chaos: $(DEVELOPMENT) ## Kill the bot 51 times while it delivers, and two through 100 days of digests; the long tests (some ten minutes)
	$(BIN)/python -m tests.chaos.kills --kills 51
	$(BIN)/python -m tests.chaos.digests
	$(BIN)/pytest -m long

soak: $(DEVELOPMENT) ## Let the bot run for 20 minutes with faults, and watch what grows
	$(BIN)/python -m tests.bench.soak --minutes 20

docs: $(DEVELOPMENT) ## Write the generated parts of README.md and manifest.yml anew
	$(BIN)/python docs/generate.py

tour: $(DEVELOPMENT) ## Take the README's pictures from the real page (needs Chromium)
	$(BIN)/python -m tests.page.tour

tools: ## Install the independent witnesses that tests use if they are there (npm, network)
	tests/witness/install_npm.sh prism @stoplight/prism-cli@5.14.2
	tests/witness/install_npm.sh slack @slack/bolt@5.1.0 @slack/web-api@8.2.0 emulate@0.11.2
	PYTHON=$(PYTHON) tests/witness/install_dockerhub_api.sh

lock: ## Lock the dependencies anew (network)
	$(PYTHON) -m venv .cache/lock && .cache/lock/bin/pip install --quiet --upgrade uv
	docs/lock.sh .cache/lock/bin/uv

clean: ## Remove what make has made
	rm -rf $(VENV) .tools .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build *.egg-info
