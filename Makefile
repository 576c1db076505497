# Everything that is done with this repository, one verb each. Only Python 3.11 or newer, pip and make are needed.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help install demo up test check eval bench lock screenshots clean

help: ## This list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(VENV)/.installed ## Make .venv with the command in .venv/bin/ingest

$(VENV)/.installed: requirements-dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@# the lock is complete, so nothing is left to resolve (pip 23.2 stumbles over lxml[html-clean] when it tries)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: install ## The five documents through the whole pipeline, then a page in your browser (DEMO_EXIT=1: stop after the table)
	@$(BIN)/ingest demo $(if $(DEMO_EXIT),--exit)

up: install ## Run everything on this machine until Ctrl-C
	@$(BIN)/ingest up

test: install ## The default test suite
	$(BIN)/python -m pytest -q

check: install ## Format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

eval: install ## Quality floors (the data in INGEST_EVAL_DATA where there is some, else our own small sets)
	$(BIN)/python -m pytest -q -m 'not torch' tests/eval

bench: install ## What we claim about speed and scale, measured
	$(BIN)/python -m benchmarks

lock: install ## Resolve the dependencies anew, with hashes
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --strip-extras --extra postgresql pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --strip-extras --extra postgresql --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

screenshots: install ## The pictures in the README, by headless Chromium
	$(BIN)/python -m benchmarks.screenshots

clean: ## Remove what the above made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
