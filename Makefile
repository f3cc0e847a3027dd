# Python 3.11 or newer and make are all that is needed; everything else goes into .venv.
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin

.PHONY: app test test-all check format clean

app: .venv/.app
	$(BIN)/python -m streamlit run app.py --server.port $(PORT)

test: .venv/.test
	$(BIN)/python -m pytest -m "not slow and not gpu"

test-all: .venv/.test
	$(BIN)/python -m pytest -m "not gpu"

check: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

format: .venv/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv

.venv/.app: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements.txt
	touch $@

.venv/.test: requirements.txt requirements-dev.txt | .venv/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements-dev.txt
	touch $@ .venv/.app

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache
