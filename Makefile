# make demo    train, measure and draw a model of English pronunciation, in minutes
# make test    all fast tests
# make check   format, lint, types, architecture, links, freshness of the generated reference
# make fix     format and mend what can be mended by itself
# make docs    write the generated reference anew
# make site    build the documentation site in build/site; with the live demo after make demo
# make web     put the browser page together in build/web: make web MODELS="model other"

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DOCS := $(VENV)/.installed-docs
CODE := src tests scripts $(wildcard benchmarks) $(wildcard docs)

# threads that wait for each other by spinning lose far more than they gain where other programs run
export OMP_NUM_THREADS ?= $(shell nproc 2>/dev/null || echo 2)
export OMP_WAIT_POLICY ?= PASSIVE
export TOKENIZERS_PARALLELISM ?= false

.PHONY: demo test check fix docs site web clean

$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

$(DOCS): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev,docs]"
	@touch $@

demo: $(STAMP)
	$(BIN)/python scripts/demo.py

test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto

check: $(STAMP)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/python -m pytest -q tests/test_architecture.py
	$(BIN)/python scripts/markdown_links.py
	$(BIN)/python scripts/reference.py --check

fix: $(STAMP)
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

docs: $(STAMP)
	$(BIN)/python scripts/reference.py

site: $(DOCS)
	$(BIN)/python scripts/make_site.py $(MODELS)

web:
	$(PYTHON) scripts/web.py $(MODELS)

clean:
	rm -rf $(VENV) demo build dist .pytest_cache .mypy_cache .ruff_cache
