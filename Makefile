# Everything runs in virtual environments of the checkout's own; downloads are cached by pip and uv outside it.
#   make demo [ARGS=--exit]   make test   make e2e   make browser   make matrix   make conformance   make lint   make bench
.DEFAULT_GOAL := help
.PHONY: help demo test e2e test-2.11 browser screenshots conformance matrix lint bench docs up down clean
SHELL := /bin/sh

PYTHON = $(shell .ci/python)
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.12.3
export UV_PYTHON_DOWNLOADS := never
export UV_LINK_MODE := copy

help: ## what can be made
	@sed -nE 's/^([a-z0-9.-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

# One stamp per environment: made anew when its lock or our metadata changes.
$(VENV)/.stamp: .ci/locks/airflow-3.3.txt pyproject.toml
	@$(call make-venv,$(VENV),$<,--editable .)

.venv-2.11/.stamp: .ci/locks/airflow-2.11.txt pyproject.toml
	@$(call make-venv,.venv-2.11,$<,--editable .)

# The SageMaker SDK alone, without ours: what is compared has to come from two sides.
.venv-sdk/.stamp: .ci/locks/sdk.txt
	@$(call make-venv,.venv-sdk,$<)

.venv-docs/.stamp: .ci/locks/docs.txt
	@$(call make-venv,.venv-docs,$<)

define make-venv
set -e; python="$(PYTHON)"; test -n "$$python"; \
test -x $(1)/bin/uv || { echo "Setting up $(1) with $$python"; "$$python" -m venv --clear $(1); \
  $(1)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }; \
$(1)/bin/uv pip install --quiet --python $(1)/bin/python --requirements $(2); \
$(if $(3),$(1)/bin/uv pip install --quiet --python $(1)/bin/python --no-deps $(3); )\
touch $(1)/.stamp
endef

demo: $(VENV)/.stamp ## everything on this machine: the embedded SageMaker, Airflow, one mirrored training run
	@$(BIN)/sagemaker-mirror demo $(ARGS)

# Each process of pytest-xdist has an Airflow home of its own. The end-to-end tests share one Airflow.
PARALLEL := --numprocesses 2 --dist loadfile

test: $(VENV)/.stamp ## the tests on the newest Airflow, ARGS="tests/unit -x" some; not those of e2e and browser
ifdef ARGS
	$(BIN)/python -m pytest $(ARGS)
else
	$(BIN)/python -m pytest --ignore tests/e2e $(PARALLEL)
	$(BIN)/python -m pytest tests/e2e/test_run.py tests/e2e/test_mirror.py tests/e2e/test_retry_and_stop.py
endif

e2e: $(VENV)/.stamp ## faults, executions and pipelines begun elsewhere, Celery: a real Airflow on PostgreSQL and Redis
	$(BIN)/python -m pytest tests/e2e/faults tests/e2e/test_external.py tests/e2e/test_import.py tests/e2e/test_celery.py $(ARGS)

test-2.11: .venv-2.11/.stamp ## unit tests, integration tests and an end-to-end run on Airflow 2.11
ifdef ARGS
	.venv-2.11/bin/python -m pytest $(ARGS)
else
	.venv-2.11/bin/python -m pytest tests/unit tests/integration $(PARALLEL)
	.venv-2.11/bin/python -m pytest tests/e2e/test_run.py
endif

browser: $(VENV)/.stamp .venv-2.11/.stamp ## the UI in a browser, on the newest Airflow and on 2.11
	BROWSER_REQUIRED=1 SERVICES_REQUIRED=1 $(BIN)/python -m pytest tests/e2e/browser $(ARGS)
	BROWSER_REQUIRED=1 SERVICES_REQUIRED=1 .venv-2.11/bin/python -m pytest tests/e2e/browser $(ARGS)

screenshots: $(VENV)/.stamp ## take the pictures in docs/img anew
	$(BIN)/python -m tests.e2e.browser.screenshots

conformance: $(VENV)/.stamp .venv-sdk/.stamp ## the shipped configs, built by us and by the SageMaker SDK, and compared
	CONFORMANCE_REQUIRED=1 $(BIN)/python -m pytest tests/conformance $(ARGS)

matrix: $(VENV)/.stamp ## our wheel and the tests on every Airflow that MWAA offers, ARGS=3.0.6 on one
	@UV=$(BIN)/uv .ci/matrix $(ARGS)

lint: $(VENV)/.stamp ## style, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: $(VENV)/.stamp .venv-docs/.stamp ## the documentation as a site, in site/
	$(BIN)/python -W ignore -m tests.docs.pages
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict --quiet

bench: $(VENV)/.stamp ## the figures, each beside a peer or a floor
	$(BIN)/python -m benchmarks

.env:
	@.docker/write-env > $@.part && chmod 600 $@.part && mv $@.part $@

up: .env ## the same as containers, with Celery, Redis and PostgreSQL (needs Docker)
	docker compose up --build --detach --wait
	@echo "Airflow is at http://127.0.0.1:8080: user admin, password AIRFLOW_ADMIN_PASSWORD in .env"

down: ## end the containers
	docker compose down

clean: ## remove environments, caches and what the demo wrote
	rm -rf .venv .venv-2.11 .venv-sdk .venv-docs .demo build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
