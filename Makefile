# One command for each thing; `make help` lists them. `make demo` and `make test` set everything up by themselves.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
FORGE := node_modules/.bin/forge
SOURCES := $(shell find contracts/src -name '*.sol')
CODE := atomic_verify prover scripts bench tests models

# onnxruntime writes telemetry ids otherwise.
export ORT_DISABLE_TELEMETRY := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# forge finds the compiler wrapper's Node packages from the repository's root.
export NODE_PATH := $(CURDIR)/node_modules
unexport PYTHONPATH

.PHONY: help setup abi check quick test test-python test-contracts soak demo bench check-gpu lock fmt snapshot clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(VENV)/.installed: requirements/dev.lock pyproject.toml
	@echo "Setting up Python (a minute on a new machine)"
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --require-hashes -r requirements/dev.lock
	$(PY) -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

node_modules/.installed: package.json package-lock.json
	@echo "Setting up the contracts' tools"
	npm ci --loglevel=error
	touch $@

build/.contracts: node_modules/.installed foundry.toml scripts/solc.js $(SOURCES)
	mkdir -p build
	$(FORGE) build --quiet contracts/src
	touch $@

setup: $(VENV)/.installed node_modules/.installed build/.contracts ## create .venv with `atomic`, install the tools, compile the contracts

abi: setup ## write the contracts' ABI and bytecode into the Python package
	$(PY) scripts/abi.py

check: setup ## format, lint, types, import rules, ABI drift, quick tests
	$(VENV)/bin/ruff format --check $(CODE)
	$(VENV)/bin/ruff check $(CODE)
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache
	$(FORGE) fmt --check contracts
	$(PY) scripts/abi.py --check
	$(PY) -m pytest -q tests/architecture tests/unit

test-contracts: setup ## the contracts' tests
	$(FORGE) test

test-python: setup ## all Python tests
	$(PY) -m pytest -q

test: check test-contracts test-python ## everything

soak: setup ## the large counts: fuzz, invariants, properties
	FOUNDRY_PROFILE=soak $(FORGE) test
	HYPOTHESIS_PROFILE=soak $(PY) -m pytest -q tests/property

demo: setup ## the whole honest path, for real: chain, two workers, gateway, jobs, receipts
	$(VENV)/bin/atomic demo

bench: setup ## measure; writes build/bench.json
	$(PY) -m bench

check-gpu: setup ## ratio and drift of the GPU against the CPU
	$(PY) -m atomic_verify.execution.gpu_check

lock: ## resolve the dependencies anew
	$(PYTHON) -m venv build/lock-venv && build/lock-venv/bin/pip install --quiet uv
	build/lock-venv/bin/uv pip compile pyproject.toml --extra cpu --extra dev --extra postgres --extra s3 \
		--generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11 --quiet -o requirements/dev.lock
	npm install --package-lock-only --ignore-scripts --loglevel=error

fmt: setup ## format everything
	$(VENV)/bin/ruff format $(CODE)
	$(VENV)/bin/ruff check --fix $(CODE)
	$(FORGE) fmt contracts

snapshot: setup ## measure the contracts' gas anew; the figures are committed
	FORGE_SNAPSHOT_CHECK=false $(FORGE) test --match-path 'contracts/test/gas/*'

clean: ## remove all that was built
	rm -rf build .venv node_modules
