# Everything runs in .venv, made here with Python 3.11 or later; nothing else need be installed.
PYTHON ?= python3
BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help install install-test demo test test-slow bench format documents example-db clean

help:
	@echo "make demo        train, compare and report Figure 2 of the paper (a few minutes on two cores)"
	@echo "make test        lint, types, import contract and tests"
	@echo "make test-slow   the tests that train for minutes"
	@echo "make bench       measure speed and memory beside a plain implementation (about ten minutes)"
	@echo "make format      format the code"
	@echo "make documents   write what docs/ says of the code from the code"
	@echo "make example-db  reproduce the paper in full (hours) and keep a small copy as results.db.example"
	@echo "make clean       remove .venv and everything that the targets above made"

install: .venv/installed
install-test: .venv/installed-test

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "icl needs Python 3.11 or later; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(PIP_INSTALL) --editable .
	@touch $@

.venv/installed-test: .venv/bin/python pyproject.toml constraints.txt
	$(PIP_INSTALL) --editable '.[test]'
	@touch $@ .venv/installed

demo: .venv/installed
	@mkdir -p demo
	$(BIN)/icl train --layers 1 --seeds 5 --db demo/results.db
	$(BIN)/icl compare --baseline gd --at all --db demo/results.db
	$(BIN)/icl report --db demo/results.db --output demo/report
	@echo "The page: demo/report/index.html"

test: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -n 2 --dist worksteal -m "not slow"

test-slow: .venv/installed-test
	$(BIN)/pytest -n 2 --dist worksteal -m slow

bench: .venv/installed
	$(BIN)/python benchmarks/run.py

format: .venv/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

documents: .venv/installed
	$(BIN)/python docs/generate.py

example-db: .venv/installed
	-$(BIN)/icl reproduce --all --db paper.db --output paper
	rm -f results.db.example
	$(BIN)/icl runs thin results.db.example --points 10 --snapshots 2 --seeds 3 --db paper.db
	rm -f results.db.example.lock

clean:
	rm -rf .venv demo icl-report icl-export .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find icl_cli tests benchmarks docs -name __pycache__ -prune -exec rm -r {} +
