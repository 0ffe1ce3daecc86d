# Needs Python 3.11 to 3.13, make and a C compiler; everything else is installed into .venv from the locked lists.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(VENV)/build/bin/uv
HOME_DIR ?= data
# Hashes are checked for every package. Wheels that are there already are linked, not copied, where the disk can.
SYNC = VIRTUAL_ENV=$(VENV) $(UV) pip sync --quiet --require-hashes --compile-bytecode
INSTALL = VIRTUAL_ENV=$(VENV) PYTHONPATH=$(VENV)/build $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
# What every first command would otherwise do: bytecode, and dbt's parse of the project (kept in the environment).
PREPARE = $(BIN)/python -m compileall -q pipelines orchestration && $(BIN)/python -m pipelines.marts.prepare
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.DEFAULT_GOAL := help
.PHONY: help demo test lint format bench soak lock wheel

help:
	@echo "make demo    a grocer's real year through every stage, then the reorder list (home: $(HOME_DIR)/)"
	@echo "make test    linters, types and all tests"
	@echo "make lint    ruff, mypy, sqlfluff"
	@echo "make format  ruff format, and the fixes ruff makes by itself"
	@echo "make bench   speeds, on this machine"
	@echo "make soak    what the tests try a little of, for hours (MINUTES=30 WORLDS=200 SCHEDULES=500 WITHDRAWALS=20; 0: not)"
	@echo "make wheel   build dist/parstock-*.whl, with the parsed dbt project in it"
	@echo "make lock    resolve the locked lists anew"

demo: $(VENV)/.installed
	@$(BIN)/parstock demo --home $(HOME_DIR)

test: lint
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/sqlfluff lint dbt_project/models dbt_project/tests # macros are linted where they are used

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.installed-dev
	@for file in tests/bench/bench_*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

soak: $(VENV)/.installed-dev
	@MINUTES=$(MINUTES) WORLDS=$(WORLDS) SCHEDULES=$(SCHEDULES) WITHDRAWALS=$(WITHDRAWALS) $(BIN)/python tests/soak

wheel: $(VENV)/.installed
	PYTHONPATH=$(VENV)/build $(BIN)/python -m hatchling build -t wheel -d dist

lock: $(VENV)/.uv
	$(COMPILE) --group build --output-file requirements-build.lock
	$(COMPILE) pyproject.toml --extra demo --output-file requirements.lock
	$(COMPILE) pyproject.toml --extra demo --group dev --output-file requirements-dev.lock

# --- stamps: a second call installs nothing ---------------------------------------------------------------------

$(VENV)/.uv: requirements-build.lock
	@echo "setting up $(VENV) (once)" >&2
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { echo "parstock needs Python 3.11 to 3.13: make PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --upgrade --target $(VENV)/build -r requirements-build.lock
	@touch $@

# The list for tests holds everything that the other one does: once it is installed, it stays.
$(VENV)/.installed: $(VENV)/.uv requirements.lock requirements-dev.lock pyproject.toml
	@echo "installing the locked packages (two minutes or so, once)" >&2
	@$(SYNC) $(if $(wildcard $(VENV)/.installed-dev),requirements-dev.lock,requirements.lock)
	@$(INSTALL)
	@$(PREPARE)
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.uv requirements-dev.lock pyproject.toml
	@echo "installing the locked packages (two minutes or so, once)" >&2
	@$(SYNC) requirements-dev.lock
	@$(INSTALL)
	@$(PREPARE)
	@touch $@ $(VENV)/.installed
