# The front door for people who work on piooy. Each recipe says what it does.

PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test check fix docs soak release-check conformance sandbox clean

# What can be made.
help:
	@awk '/^# /{told=substr($$0,3)} /^[a-z-]+:/{split($$1,name,":"); printf "  make %-14s %s\n", name[1], told}' Makefile

# See it work: a picture from the sandbox, without a key.
demo: $(VENV)/sandbox
	@$(BIN)/piooy --sandbox generate image --model nano-banana-pro "a red fox in the snow"

# Run the tests: under two minutes on two cores. Most of them wait, so six go at once.
test: $(VENV)/dev
	@$(BIN)/pytest -n 6 -q

# Everything that CI checks beside the tests: style, types, layers, generated files.
check: $(VENV)/dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache > $(VENV)/lint-imports.log || (cat $(VENV)/lint-imports.log; exit 1)
	@$(BIN)/python tools/publish.py --check

# Mend what can be mended without thinking.
fix: $(VENV)/dev
	@$(BIN)/ruff check -q --fix .
	@$(BIN)/ruff format -q .

# Write completions, manual page and the tables in README.md anew.
docs: $(VENV)/dev
	@$(BIN)/python tools/publish.py

# The long tests.
soak: $(VENV)/dev
	@$(BIN)/pytest -m soak -q

# Build wheel and sdist, and install the wheel with pip, pipx and uv in clean places.
release-check: $(VENV)/release
	@$(BIN)/python tools/release_check.py

# Hold the sandbox against its contract, in thousands of requests.
conformance: $(VENV)/conformance
	@$(BIN)/python tools/conformance.py

# The API on a port of this machine.
sandbox: $(VENV)/sandbox
	@$(BIN)/piooy sandbox serve

# Remove what these recipes made.
clean:
	rm -rf $(VENV) dist

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || (echo "piooy needs Python 3.11 or newer; say where: make PYTHON=…" >&2; exit 1)
	@$(PYTHON) -m venv $(VENV)

$(VENV)/sandbox: $(VENV)/bin/python pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[sandbox]'
	@touch $@

$(VENV)/release: $(VENV)/bin/python pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[release]'
	@touch $@

$(VENV)/conformance: $(VENV)/bin/python pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[conformance]'
	@touch $@

$(VENV)/dev: $(VENV)/bin/python pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/sandbox
