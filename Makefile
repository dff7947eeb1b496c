# Everything sets itself up: `make demo` runs the main job, `make test` passes the tests. Needs Python 3.11+, make and git.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
SPARK := .venv/.spark
DEMO_HOME ?= demo
RESIDENTS ?= 20000

.PHONY: setup demo test lint bench ui clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "OneGrid needs Python 3.11 or newer (set PYTHON=...)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

# PySpark is large and only the tests of the Spark engine need it; without Java they skip and say so.
$(SPARK): $(STAMP) tests/spark.lock
	@if command -v java >/dev/null; then $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r tests/spark.lock; \
	else echo "no Java: the tests of the Spark engine will skip"; fi
	@touch $(SPARK)

demo: setup
	$(BIN)/onegrid demo --residents $(RESIDENTS) --home $(DEMO_HOME)

test: lint $(SPARK)
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

lint: setup
	$(BIN)/ruff check .
	$(BIN)/mypy sources expectations resolvers warehouse pipelines desk benchmarks tests

bench: setup
	$(BIN)/python -m benchmarks.main_job --residents 20000
	$(BIN)/python -m benchmarks.tables

ui: setup
	$(BIN)/onegrid ui --home $(DEMO_HOME)/home --deliveries $(DEMO_HOME)/deliveries

clean:
	rm -rf .venv build dist *.egg-info
