# Every command a person needs. Plain `make` lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
MEMBERS := libs/events libs/eventstore libs/bus libs/chassis \
	services/gateway services/onboarding services/billing services/media \
	services/publisher services/analytics services/support sandbox cli
SOURCES := libs services sandbox cli tests tools bench
VAR ?= var/platform
PORT ?= 8000
BRIEF ?=
AREA ?= journey
SUITE ?=

##@ Use

.PHONY: demo
demo: install ## The main job, end to end: from an e-mail address to a published video and its profit (BRIEF=text.md)
	@$(BIN)/ytempire demo $(if $(BRIEF),--brief "$(BRIEF)")

.PHONY: up
up: install ## Run the platform for real use and print its addresses and a log-in
	@$(BIN)/ytempire up --var "$(VAR)" --port $(PORT) --detach --operator

.PHONY: down
down: ## Stop the platform that `make up` started
	@$(BIN)/ytempire down --var "$(VAR)"

.PHONY: status
status: ## What runs, since when, with how much memory
	@$(BIN)/ytempire status --var "$(VAR)"

##@ Develop

.PHONY: install
install: $(VENV)/.installed ## Make .venv with everything that is pinned in requirements.lock

$(VENV)/.installed: requirements.lock pyproject.toml $(MEMBERS:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "YTEMPIRE needs Python 3.11 or newer, this is " + sys.version.split()[0] + ": set PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "The virtual environment could not be made: is the folder writable and python3-venv installed?" >&2; exit 2; }
	@echo "installing what requirements.lock pins"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps $(foreach member,$(MEMBERS),-e ./$(member))
	@touch $@

.PHONY: lock
lock: ## Resolve the dependencies anew into requirements.lock (hashes, no addresses)
	@$(BIN)/uv lock --quiet
	@$(BIN)/uv export --quiet --frozen --all-packages --all-groups --no-emit-workspace --no-annotate --no-header -o requirements.lock

.PHONY: format
format: install ## Format the code
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)

.PHONY: lint
lint: install ## Formatting, lint rules, who may import whom, file sizes
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/lint-imports
	@$(BIN)/python tools/checks.py

.PHONY: types
types: install ## The strict type checker
	@$(BIN)/mypy $(MEMBERS:%=%/src) bench

.PHONY: new-event
new-event: install ## Add an event end to end (NAME=ChannelPaused OWNER=publisher, and FIELDS="a:Id b:str" READER=support SAYS="...")
	@$(BIN)/python tools/new_event.py --name "$(NAME)" --owner "$(OWNER)" --fields "$(FIELDS)" --reader "$(READER)" --says "$(SAYS)"
	@$(MAKE) --no-print-directory events

.PHONY: events
events: install ## Write what is generated from the events: schemas, list of golden examples, AsyncAPI, catalogue
	@$(BIN)/python -m ytempire.events.schemas
	@$(BIN)/python -m ytempire.events.golden
	@$(BIN)/python -m ytempire.events.asyncapi > docs/asyncapi.json.new
	@mv docs/asyncapi.json.new docs/asyncapi.json
	@$(BIN)/python -m ytempire.events.catalogue > docs/events.md.new
	@mv docs/events.md.new docs/events.md

.PHONY: errors
errors: install ## Write docs/errors.md from the source, and say what is missing on it
	@$(BIN)/python tools/errors_page.py

.PHONY: look
look: install ## A contact sheet of the demo's video: var/demo/contact.png
	@$(BIN)/python -m ytempire.media.studio.contact var/demo/video.mp4 var/demo/contact.png

##@ Test

.PHONY: test
test: install lint types ## Everything: lint, types, all tests (what CI runs)
	@$(BIN)/pytest $(T)

.PHONY: test-unit
test-unit: install ## The packages' own tests (T=path narrows)
	@$(BIN)/pytest libs services sandbox cli $(T)

.PHONY: contract
contract: install ## Contracts between services; starts nothing
	@$(BIN)/pytest tests/contract

.PHONY: test-acceptance
test-acceptance: install ## The whole platform: the journey, bad input, 50 users
	@$(BIN)/pytest tests/acceptance

.PHONY: test-containers
test-containers: install ## Contract tests and one journey on PostgreSQL and NATS in containers
	@$(BIN)/python tests/containers/run.py

.PHONY: chaos-journey
chaos-journey: install ## Ten journeys with kill -9 drawn from a seed (SEED=n, JOURNEYS=n)
	@$(BIN)/python -m tests.chaos.journeys $(if $(SEED),--seed $(SEED)) $(if $(JOURNEYS),--journeys $(JOURNEYS))

.PHONY: chaos
chaos: install ## The backbone under faults drawn from seeds, checked from outside, with controls that must fail (SEEDS="1 2 3")
	@$(BIN)/python -m tests.chaos.backbone $(SEEDS)

.PHONY: prove
prove: install ## Check what was promised: id, figure, target, verdict (AREA=journey, backbone or customers; LONG=1 for the long rows)
	@$(BIN)/python -m tests.prove.$(AREA) $(if $(LONG),--long)

.PHONY: bench
bench: install ## Measure against raw drivers and other libraries, in turns (SUITE=backbone, ONLY=part of a row's name)
	@$(BIN)/python -m bench $(SUITE) $(if $(ONLY),--only "$(ONLY)")

##@ Clean

.PHONY: clean
clean: ## Remove what was built and run here (.venv, var, caches)
	@rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
