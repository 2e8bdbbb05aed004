# The few words a person types; `make` alone lists them.

PYTHON ?= python3
EXTRA ?= cpu
BIN := .venv/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test check format bench docs lock clean python
.SILENT:
MAKEFLAGS += --no-print-directory

help: ## List these words
	awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: python ## Install what serving needs, then serve (EXTRA=gpu for an NVIDIA GPU)
	$(PYTHON) scripts/install.py $(EXTRA) embedded
	exec $(BIN)/penstock serve $(ARGS)

test: python ## Install what the tests need, then run them (ARGS="-k word" for some)
	$(PYTHON) scripts/install.py cpu embedded exporters train test
	exec $(BIN)/python -m pytest $(ARGS)

check: python ## Format, lint, types, import contracts, dependencies, schema, docs
	$(PYTHON) scripts/install.py cpu embedded exporters train test
	exec scripts/check

format: python ## Let ruff format and mend what it can
	$(PYTHON) scripts/install.py cpu embedded train test
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: python ## Measure: ARGS="infer --json out.json"
	$(PYTHON) scripts/install.py cpu embedded train test
	exec scripts/bench $(ARGS)

docs: python ## Write the generated parts of docs/ anew
	$(PYTHON) scripts/install.py cpu embedded train test
	exec $(BIN)/python -m scripts.reference

lock: python ## Resolve requirements/*.txt anew for the image
	$(PYTHON) scripts/install.py lock
	exec $(BIN)/python -m scripts.lock

clean: ## Remove the virtual environment and all caches; var/ stays
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find app filters migrations scripts tests -name __pycache__ -prune -exec rm -rf {} +

python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Penstock needs Python 3.11 or newer, and '$(PYTHON)' is not. Name one: make PYTHON=python3.12 …" >&2; \
	  exit 1; }
