# Everything a person or a machine does with this repository. Bare `make` explains itself.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

MAKEFLAGS += --no-builtin-rules --no-print-directory
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test check servers fix lock bench chaos fuzz clean

# pip reads these; whatever else a machine tells pip is neither needed nor undone.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_USER := 0
PIP_INSTALL := $(BIN)/python -m pip install --quiet --require-hashes

help: ## explain the targets (what bare `make` does)
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.runtime ## make .venv from the locked requirements: .venv/bin/traceapp

demo: setup ## run the whole system with a simulated district (ARGS=--once plays it to the end and checks it)
	@$(BIN)/traceapp demo $(ARGS)

test: $(VENV)/.test servers check ## set up, install the servers that are missing where allowed, then every check and test

check: $(VENV)/.test ## every check and test, nothing installed, nothing edited (ARGS= goes to pytest)
	@echo "ruff format"; $(BIN)/ruff format --check --quiet .
	@echo "ruff check"; $(BIN)/ruff check --quiet .
	@echo "mypy"; $(BIN)/mypy
	@echo "lint-imports"; $(BIN)/lint-imports
	@echo "pytest"; $(BIN)/pytest -n 2 $(ARGS)

fix: $(VENV)/.test ## format and mend what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: setup ## the benchmarks (ARGS= chooses; `make bench ARGS=--help`)
	@$(BIN)/traceapp bench $(ARGS)

chaos: $(VENV)/.test servers ## kill -9 everything again and again and count what is lost (ARGS="--kills 1000"; ARGS=--help)
	@$(BIN)/python -m tests.chaos $(ARGS)

fuzz: $(VENV)/.test ## generated messages through the real line, each accounted for (ARGS="--messages 1000000")
	@$(BIN)/python -m tests.system.fuzz $(ARGS)

lock: ## write requirements*.txt anew from requirements*.in (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: $(PYTHON) -m pip install uv"; exit 1; }
	$(UV_LOCK) requirements.in --output-file requirements.txt
	$(UV_LOCK) requirements-test.in --output-file requirements-test.txt

clean: ## remove what set-up and tests made, but not var/
	rm -rf $(VENV) *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

servers: $(VENV)/.test
	@$(BIN)/python -m tests.servers.install

UV_LOCK := uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --group pyproject.toml:build

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "make needs Python 3.11 or newer as '$(PYTHON)'; name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "make needs Python's venv: apt-get install python3-venv"; exit 1; }
	@echo "Making $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.runtime: requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing what the software needs"
	@$(PIP_INSTALL) --requirement requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: requirements-test.txt $(VENV)/.runtime
	@echo "Installing what the tests need"
	@$(PIP_INSTALL) --requirement requirements-test.txt
	@touch $@
