# One command for each thing; `make help` lists them. `make demo` and `make test` set everything up by themselves.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
# `make setup LOCK=dev-gpu` installs onnxruntime for CUDA instead of the one for CPUs: they exclude each other.
LOCK ?= dev
# Test files at the same time; `make test JOBS=` runs one after the other.
JOBS ?= 3
FORGE := node_modules/.bin/forge
SOURCES := $(shell find contracts/src -name '*.sol')
CODE := atomic_verify prover circuits scripts bench tests models

# onnxruntime writes telemetry ids otherwise.
export ORT_DISABLE_TELEMETRY := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# forge finds the compiler wrapper's Node packages from the repository's root.
export NODE_PATH := $(CURDIR)/node_modules
unexport PYTHONPATH

.PHONY: help setup abi check lint slither test test-python test-contracts soak demo demo-fraud demo-zk bench check-gpu lock fmt snapshot clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(VENV)/.installed-$(LOCK): requirements/$(LOCK).lock pyproject.toml
	@echo "Setting up Python (a minute on a new machine)"
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	# The two builds of onnxruntime overwrite each other's files: start clean when the lock changes.
	if ls $(VENV)/.installed-* >/dev/null 2>&1 && ! test -e $@; then \
		$(PY) -m pip uninstall --quiet --yes onnxruntime onnxruntime-gpu; rm -f $(VENV)/.installed-*; fi
	$(PY) -m pip install --quiet --require-hashes -r $<
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

setup: $(VENV)/.installed-$(LOCK) node_modules/.installed build/.contracts ## create .venv with `atomic`, install the tools, compile the contracts

abi: setup ## write the contracts' ABI and bytecode into the Python package
	$(PY) scripts/abi.py

check: lint ## format, lint, types, import rules, ABI drift, quick tests
	$(PY) -m pytest -q tests/architecture tests/unit

# All that is checked without running the code.
lint: setup
	$(VENV)/bin/ruff format --check --quiet $(CODE)
	$(VENV)/bin/ruff check --quiet $(CODE)
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache
	$(FORGE) fmt --check contracts
	$(PY) scripts/abi.py --check

test-contracts: setup ## the contracts' tests; gas must be as committed
	FORGE_SNAPSHOT_CHECK=true $(FORGE) test

# Files run side by side: the tests wait for chains more than they compute, so even two cores need half the time.
test-python: setup ## all Python tests
	$(PY) -m pytest -q $(if $(JOBS),--numprocesses $(JOBS) --dist loadfile)

# One after the other, pytest last: its closing line is the run's.
test: ## everything
	$(MAKE) lint
	$(MAKE) test-contracts
	$(MAKE) test-python

soak: setup ## the large counts: fuzz, invariants, properties
	FOUNDRY_PROFILE=soak $(FORGE) test
	HYPOTHESIS_PROFILE=soak $(PY) -m pytest -q tests/property
	$(PY) -m pytest -q -m soak || test $$? -eq 5 # 5: no test is marked soak

# Slither needs another web3 than ours and cleans what it builds: an environment and a copy of its own.
slither: setup ## report what Slither finds in the contracts; each finding is to be judged
	test -x build/slither-venv/bin/slither || { $(PYTHON) -m venv build/slither-venv \
		&& build/slither-venv/bin/pip install --quiet --require-hashes -r requirements/slither.lock; }
	rm -rf build/slither && mkdir -p build/slither/contracts && cp -r contracts/src build/slither/contracts
	cp -r foundry.toml package.json scripts build/slither && ln -s $(CURDIR)/node_modules build/slither/node_modules
	cd build/slither && PATH=$(CURDIR)/node_modules/.bin:$$PATH ../slither-venv/bin/slither . --fail-none \
		--exclude-dependencies --exclude-informational --exclude-optimization

demo: setup ## the whole honest path, for real: chain, two workers, gateway, jobs, receipts
	$(VENV)/bin/atomic demo

demo-fraud: setup ## every way to cheat, for real: liars, false claims, withheld data; who is caught and what it costs
	$(PY) -m tests.fraud

demo-zk: setup ## decisions proven by zk-SNARKs, for real: a hybrid and a proven job from RFP to settled; writes build/zk.json
	$(VENV)/bin/atomic demo --zk

bench: setup ## measure; writes build/bench.json
	$(PY) -m bench

check-gpu: setup ## ratio and drift of the GPU against the CPU
	$(PY) -m atomic_verify.execution.gpu_check

# A lock pins every package of every platform by hash and names no registry.
COMPILE = build/lock-venv/bin/uv pip compile --universal --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --upgrade --python-version 3.11 --quiet pyproject.toml

lock: ## resolve all dependencies anew
	$(PYTHON) -m venv build/lock-venv && build/lock-venv/bin/pip install --quiet uv
	$(COMPILE) --extra cpu --extra postgres --extra zk --extra dev -o requirements/dev.lock
	$(COMPILE) --extra gpu --extra postgres --extra zk --extra dev -o requirements/dev-gpu.lock
	$(COMPILE) --extra cpu --extra postgres --extra zk --extra s3 -o requirements/cpu.lock
	$(COMPILE) --extra gpu --extra postgres --extra zk --extra s3 -o requirements/gpu.lock
	echo slither-analyzer | build/lock-venv/bin/uv pip compile --universal --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --upgrade --python-version 3.11 --quiet - -o requirements/slither.lock
	npm install --package-lock-only --loglevel=error

fmt: setup ## format everything
	$(VENV)/bin/ruff format $(CODE)
	$(VENV)/bin/ruff check --fix $(CODE)
	$(FORGE) fmt contracts

snapshot: setup ## measure the contracts' gas anew; the figures are committed
	FORGE_SNAPSHOT_CHECK=false $(FORGE) test --match-path 'contracts/test/gas/*'

clean: ## remove all that was built
	rm -rf build .venv node_modules
