# Two commands: `make demo` and `make test`. Both set up what they need.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup check test demo docs bench coverage reproduce kept seeds clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt torch==2.13.0
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[models,ct,service,hospital,ocr,docs,dev]'
	$(BIN)/osteon doctor --compile
	touch $@

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(MAKE) docs

test: setup
	$(BIN)/pytest -n 2 --dist loadfile

# Synthetic patients, trained models, a report, and the real film read if it is there.
demo: setup
	$(BIN)/osteon demo demo

# The package that comes with Osteon: patients of its own seed, the preset "kept".
KEPT := build/kept
kept: setup
	$(BIN)/osteon package keep $(KEPT) -o src/osteon/models/kept

# The kept detector trained with five seeds, each tried on the real film and projections of real CTs.
seeds: setup
	$(BIN)/osteon package try $(KEPT)

# Timings, side by side with peers; never part of the tests.
bench: setup
	$(BIN)/osteon bench ingest phantom deidentify --output build/bench

# Every figure in the docs that comes from a run: the demonstration, the benchmarks, the coverage.
reproduce: demo bench coverage

# How often the intervals hold the truth: half an hour on two cores; writes docs/coverage.md.
coverage: setup
	$(BIN)/python docs/write_coverage.py

docs: setup
	$(BIN)/sphinx-build --fail-on-warning --keep-going -q -b html docs docs/_build/html

clean:
	rm -rf $(VENV) build docs/_build docs/generated .mypy_cache .ruff_cache .pytest_cache
