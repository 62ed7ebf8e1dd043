# Every word a person or CI needs. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= $(or $(shell command -v python3.11 || command -v python3.12 || command -v python3),python3)
# A proxy that the environment names is for what is elsewhere.
PROXY := $(or $(https_proxy),$(HTTPS_PROXY),$(http_proxy),$(HTTP_PROXY),$(all_proxy),$(ALL_PROXY))
export no_proxy := 127.0.0.1,localhost,$(or $(no_proxy),$(NO_PROXY))
export NO_PROXY := $(no_proxy)
BIN := .venv/bin
# What is installed is named after the locks' content: nothing is done when nothing changed.
RUN_STAMP := .venv/run-$(shell cat requirements.lock pyproject.toml | cksum | cut -d' ' -f1)
DEV_STAMP := .venv/dev-$(shell cat requirements-dev.lock pyproject.toml | cksum | cut -d' ' -f1)
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
HAS_DOCKER = docker compose version > /dev/null 2>&1 && docker info > /dev/null 2>&1
IN_DOCKER = [ -d var/secrets ] && $(HAS_DOCKER) && [ -n "$$(docker compose ps --quiet gateway)" ]
# One `matrix` command on what `make up` started, else on the data directory.
MATRIX = if $(IN_DOCKER); then exec docker compose run --rm operator $(1); \
  else $(MAKE) --no-print-directory setup && exec $(BIN)/python -m infra.supervise matrix $(1); fi
scale ?=
# The gateway has the port, so it is one container: it grows by the workers in it.
export WORKERS = $(or $(patsubst gateway=%,%,$(filter gateway=%,$(scale))),1)
service ?=
strict ?=
dump ?=
TESTS ?=
# Each runs whole files and has servers of its own; the slow folders come first, so that both end together.
JOBS ?= 2
SHAPE ?= spike
SCALE ?= 1
VIEWERS ?= 1000
SEED ?= 2021
URL ?=
MINUTES ?=
MUTANT ?=

.PHONY: help setup setup-dev run up roll down demo test check bench load audit drill chaos lock clean rebuild verify

help: ## list these words
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(RUN_STAMP) ## virtual environment with the locked dependencies (nothing to do when they are there)
	@:

setup-dev: $(DEV_STAMP) ## the same with what tests and checks need
	@:

run: setup ## the platform in one process with the golden year 2021, on 127.0.0.1 (PORT=8000 DATA=var/data)
	@exec $(BIN)/matrix run --demo

up: ## the platform in many processes: Docker where there is one, else private servers (PORT=8000 scale="review=3 gateway=2")
	@if $(HAS_DOCKER); then \
	  $(PYTHON) -m infra.credentials var/secrets && \
	  docker compose up --detach --wait postgres && \
	  docker compose exec -T postgres sh /docker-entrypoint-initdb.d/init.sh > /dev/null && \
	  docker compose up --build --detach $(addprefix --scale ,$(filter-out gateway=%,$(scale))) && \
	  docker compose exec -T gateway matrix key create --first && \
	  $(PYTHON) -m infra.supervise wait; \
	else $(MAKE) --no-print-directory setup && $(BIN)/python -m infra.supervise start $(scale); fi

roll: ## start every process of `make up` again, one after the other, under traffic
	@if $(IN_DOCKER); then \
	  for name in content review media training metrics relay projector gateway; do \
	    docker compose up --detach --no-deps --force-recreate --wait $$name || exit 1; \
	  done; \
	else $(PYTHON) -m infra.supervise roll; fi

down: ## end everything that `make up` started; data stay until `make clean`
	@if [ -d var/secrets ] && $(HAS_DOCKER); then docker compose down --remove-orphans; fi
	@if [ -d var/up ]; then $(PYTHON) -m infra.supervise stop; fi

demo: ## load the golden year through the API into what is running; may be interrupted and repeated
	@$(call MATRIX,demo)

test: setup-dev ## every test, on PostgreSQL and RabbitMQ of its own (TESTS=path to choose, JOBS=2 at once)
	@$(BIN)/python -m infra.servers need > /dev/null
	@$(BIN)/pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(TESTS)

check: setup-dev ## format, lint, types, import rules, migrations equal models, OpenAPI equals routes
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m infra.servers need > /dev/null
	$(BIN)/pytest -q tests/contract/test_migrations.py tests/contract/test_rooms.py gateway/tests/test_openapi.py

bench: setup-dev ## measure beside peers in the same run (SCALE=10: ten times the events)
	@$(BIN)/python -m infra.servers need > /dev/null
	@exec $(BIN)/python -m loadtests.bench --scale $(SCALE)

load: setup-dev ## a live event on what runs, else on a platform of its own (SHAPE=spike VIEWERS=1000 SEED=2021 URL= MANY=1)
	@exec $(BIN)/python -m loadtests.live --shape $(SHAPE) --viewers $(VIEWERS) --seed $(SEED) $(addprefix --url ,$(URL)) $(if $(MANY),--many)

drill: setup-dev ## scale, kill, restart and roll the containers of `make up` while articles go through; nothing may be lost
	@exec $(BIN)/python -m loadtests.drill

audit: setup-dev ## bill of materials, locks, known weaknesses, into var/audit (strict=1 dump=all.zip)
	@exec $(BIN)/python -m infra.audit $(if $(strict),--strict) $(if $(dump),--dump $(dump))

chaos: setup-dev ## people write while everything under them fails; nothing may be lost (MINUTES=1 SEED=14 MUTANT=all)
	@$(BIN)/python -m infra.servers need > /dev/null
	@exec $(BIN)/python -m tests.chaos $(addprefix --minutes ,$(MINUTES)) $(addprefix --mutant ,$(MUTANT)) \
	  $(if $(findstring file,$(origin SEED)),,--seed $(SEED))

rebuild: ## make a read model anew from its log while it is in use (service=content)
	@$(call MATRIX,rebuild $(service))

verify: ## check every log's hash chains
	@$(call MATRIX,verify)

lock: setup-dev ## pin what requirements.in and requirements-dev.in ask for, with hashes and no registry's address
	CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile $(LOCKED) --output-file=requirements.lock requirements.in
	CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile $(LOCKED) --output-file=requirements-dev.lock requirements-dev.in
LOCKED := --quiet --generate-hashes --allow-unsafe --strip-extras \
  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

clean: down ## remove the virtual environment, caches and everything that was written to var/
	@if [ -d var/secrets ] && $(HAS_DOCKER); then docker compose down --volumes; fi
	@if [ -d var/up ]; then $(PYTHON) -m infra.supervise forget; fi
	rm -rf .venv var *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# No comma in either sentence: it would end it.
NOT_FETCHED = echo "The packages could not be fetched (above: why); $(if $(PROXY),the proxy is $(PROXY): \
  correct https_proxy and http_proxy or unset them,is there a network and does it need https_proxy=?)"; exit 1

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2> /dev/null || echo not there):" \
	  "install one, or set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv --clear .venv || { rm -rf .venv; \
	  echo "No virtual environment: on Debian run 'apt-get install python3-venv', then this again"; exit 1; }

$(RUN_STAMP): | .venv/bin/python
	@echo "installing the locked dependencies into .venv"
	@$(PIP) --require-hashes -r requirements.lock || { $(NOT_FETCHED); }
	@PYTHONWARNINGS=ignore $(PIP) --no-deps --no-build-isolation -e .
	@rm -f .venv/run-*; touch $@

$(DEV_STAMP): | .venv/bin/python
	@echo "installing the locked dependencies of tests and checks into .venv"
	@$(PIP) --require-hashes -r requirements-dev.lock || { $(NOT_FETCHED); }
	@PYTHONWARNINGS=ignore $(PIP) --no-deps --no-build-isolation -e .
	@rm -f .venv/dev-* .venv/run-*; touch $@ $(RUN_STAMP)
