# Two commands matter: `make up` and `make test`. `make help` lists all.
PYTHON ?= python3
PORT ?= 8000
DATA ?= .commonground
SAMPLES ?= default
AREA ?=
GROUP ?=
CLIENT ?= fairseq2

BIN := .venv/bin
PIP_FLAGS := --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help install up test test-engines interop lint format bench docs conformance clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.venv/.core: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install $(PIP_FLAGS) --editable .
	@touch $@

.venv/.dev: .venv/.core
	$(BIN)/python -m pip install $(PIP_FLAGS) --editable '.[dev,clients]'
	@touch $@

install: .venv/.core ## Create .venv and install the server

up: install ## Load the samples and start the server (PORT=, DATA=, SAMPLES=default|none|all)
	@CG_PORT=$(PORT) $(BIN)/commonground demo --data $(DATA) --samples $(SAMPLES)
	@echo "Open http://127.0.0.1:$(PORT) in a browser, or point a client at it: export HF_ENDPOINT=http://127.0.0.1:$(PORT)"
	@exec $(BIN)/commonground serve --data $(DATA) --port $(PORT)

lint: .venv/.dev ## Style, types and the floors of the house
	$(BIN)/ruff check --output-format concise .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.dev ## Format the code
	$(BIN)/ruff check --fix --output-format concise . || true
	$(BIN)/ruff format .

test: .venv/.dev ## The whole suite
	$(BIN)/python -m pytest -n 2 --dist loadgroup

test-engines: .venv/.dev ## Heavy tests with real engines (GROUP=postgres-s3|browser|hubjs|...)
	@tests/engines/run $(GROUP)

interop: .venv/.dev ## A client too large for CI against this server (CLIENT=fairseq2)
	@tests/interop/run $(CLIENT)

conformance: .venv/.dev ## The Hugging Face client's own tests against this server (AREA="A1 A2 B C")
	@tests/conformance/huggingface/conformance $(AREA)

bench: .venv/.dev ## Side-by-side measurements into bench/results (AREA=store|...)
	@$(BIN)/python -m bench $(AREA)

docs: .venv/.dev ## Check the documentation: links, settings, errors, commands, tutorials
	$(BIN)/python -m pytest -q tests/docs

clean: ## Remove the environment and caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
