# Recipes for working on piooy. Each comment is shown by `make`.

PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check
ENVIRONMENTS := $(addprefix $(VENV)/,sandbox dev release conformance)

ARGS ?=
DIST ?=

.PHONY: help demo test check fix docs lock soak release-check conformance sandbox clean

# List the recipes.
help:
	@awk '/^# /{text=substr($$0,3)} /^[a-z-]+:/{split($$1,name,":"); printf "  make %-14s %s\n", name[1], text}' Makefile

# Create a picture in the sandbox, without a key.
demo: $(VENV)/sandbox
	@$(BIN)/piooy --sandbox generate image --model nano-banana-pro "a red fox in the snow"

# Run the tests, six at once, since most of them wait.
test: $(VENV)/dev
	@$(BIN)/pytest -n 6 -q

# Check style, types, layers and generated files.
check: $(VENV)/dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache > $(VENV)/lint-imports.log || (cat $(VENV)/lint-imports.log; exit 1)
	@$(BIN)/python tools/publish.py --check

# Fix what a tool can fix.
fix: $(VENV)/dev
	@$(BIN)/ruff check -q --fix .
	@$(BIN)/ruff format -q .

# Generate completions, manual pages and the tables in README.md.
docs: $(VENV)/dev
	@$(BIN)/python tools/publish.py

# Lock the dependencies, with hashes; `make lock ARGS=--upgrade` takes newer ones.
lock: $(VENV)/release
	@$(BIN)/python tools/lock.py $(ARGS)

# Run the long tests.
soak: $(VENV)/dev
	@$(BIN)/pytest -m soak -q

# Build wheel and sdist, and install the wheel with pip, pipx and uv; `DIST=dist` keeps what was built.
release-check: $(VENV)/release
	@$(BIN)/python tools/lock.py --check
	@$(BIN)/python tools/release_check.py $(DIST)

# Test the sandbox against its contract, in thousands of requests.
conformance: $(VENV)/conformance
	@$(BIN)/python tools/conformance.py

# Serve the sandbox on this machine.
sandbox: $(VENV)/sandbox
	@$(BIN)/piooy sandbox serve

# Remove what the recipes created.
clean:
	rm -rf $(VENV) dist

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || (echo "piooy needs Python 3.11 or newer; set its path with: make PYTHON=…" >&2; exit 1)
	@$(PYTHON) -m venv $(VENV)

# The versions and hashes of requirements/, then this project without any other download.
$(ENVIRONMENTS): $(VENV)/%: requirements/%.txt pyproject.toml $(VENV)/bin/python
	@$(PIP) --require-hashes -r $<
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@
