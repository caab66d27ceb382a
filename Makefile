# Two commands: `make demo` and `make test`. Both set up what they need.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup check test demo docs bench reproduce kept clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt torch==2.13.0
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[models,ct,service,ocr,docs,dev]'
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

# The package that comes with Osteon: patients of its own seed, the preset "kept", a quarter of an hour.
KEPT := build/kept
kept: setup
	$(BIN)/osteon phantom hips -n 360 -o $(KEPT)/films --seed 7001 --set pixel_size_mm=0.8 \
	  --set spacing_mm=1.6 --set 'films_per_study=[1,2]' --set masks=false --set patient_prefix=KPT \
	  --set 'views={ap_pelvis: 0.45, ap_hip: 0.27, frog_leg: 0.23, cross_table_lateral: 0.05}'
	test -f $(KEPT)/study/study.yaml || $(BIN)/osteon init hip_fracture $(KEPT)/study --preset kept \
	  --source $(KEPT)/films/films --annotations $(KEPT)/films/labels.csv
	$(BIN)/osteon run $(KEPT)/study
	rm -rf src/osteon/models/kept
	mkdir -p src/osteon/models/kept
	cp -r $(KEPT)/study/models/hip-fracture-synthetic-0.1.0 src/osteon/models/kept/

# Timings, side by side with peers; never part of the tests.
bench: setup
	$(BIN)/osteon bench ingest phantom deidentify --output build/bench

# Every figure in the docs that comes from a run: the demonstration and the benchmarks.
reproduce: demo bench

docs: setup
	$(BIN)/sphinx-build --fail-on-warning --keep-going -q -b html docs docs/_build/html

clean:
	rm -rf $(VENV) build docs/_build docs/generated .mypy_cache .ruff_cache .pytest_cache
