# Python 3.11 or newer and make are all that is needed; everything else goes into .venv.
PYTHON ?= python3
PORT ?= 8501
# Test processes; each computes with one thread, so that two cores are neither idle nor fought for.
WORKERS ?= 2
# Keeps the workbench and the pictures of the journeys; the pictures show its path.
JOURNEYS ?= build/journeys
BIN := .venv/bin

# Tests start dozens of commands, each of which would otherwise compile the program again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: app test test-faults test-all journeys tour check format docs hooks clean audit

app: .venv/.app
	$(BIN)/python -m streamlit run app.py --server.port $(PORT)

test: .venv/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not slow and not gpu and not faults and not slurm and not journeys"

test-faults: .venv/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --no-loadscope-reorder -m "faults or slurm"

test-all: .venv/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not gpu and not journeys and not slurm"

journeys: .venv/.test
	OMP_NUM_THREADS=1 SEM_JOURNEYS=$(JOURNEYS) $(BIN)/python -m pytest -m journeys tests/browser/journeys

tour: journeys
	$(BIN)/python -m docs.scripts.tour $(JOURNEYS)/pictures

check: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

format: .venv/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Known vulnerabilities of the pinned requirements. The tool gets a folder of its own; nothing checked is a failure.
audit: .venv/.test
	@$(BIN)/python -c "import socket; socket.create_connection(('api.osv.dev', 443), 5)" 2>/dev/null || \
	  { echo "https://api.osv.dev, which knows the vulnerabilities, cannot be reached: nothing was checked." >&2; exit 1; }
	$(BIN)/python -m pip install --disable-pip-version-check -q --upgrade --target .cache/audit "pip-audit>=2.9,<3"
	PYTHONPATH=.cache/audit $(BIN)/python -m pip_audit --vulnerability-service osv --timeout 30 --no-deps --disable-pip -r requirements.txt

docs: .venv/.test
	$(BIN)/python -m docs.scripts.build

hooks: .venv/.test
	$(BIN)/pre-commit install

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv

# The lock first; the program itself last, editable and without looking at its dependencies again.
.venv/.app: requirements.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements.txt
	$(BIN)/python -m pip install --disable-pip-version-check -q --no-deps -e .
	touch $@

.venv/.test: requirements.txt requirements-formats.txt requirements-dev.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements-dev.txt
	$(BIN)/python -m pip install --disable-pip-version-check -q --no-deps -e .
	touch $@ .venv/.app

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .cache build site dist
