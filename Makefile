# Everything runs in .venv of this checkout, so that .venv/bin/sendflow is the command.
# PYTHON=python3.12 make … takes another interpreter; ARGS="-k wait" goes on to pytest.

PYTHON ?= python3
ARGS ?=
# Most tests wait for a broker: so many processes of pytest, each with a broker of its own.
PARALLEL ?= 2
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Handed out in their order (tests/harness/distribution.py): slow ones, and those on brokers, begin first.
PYTEST := $(BIN)/python -m pytest --numprocesses $(PARALLEL) --no-loadscope-reorder

INTERPRETED := tests/engine tests/contracts tests/cases tests/runtime tests/properties \
  tests/sim/test_crash.py tests/broker/test_crash_points.py tests/broker/test_restore.py

.DEFAULT_GOAL := help
.PHONY: help install demo test test-smoke test-interpreted test-kafka test-kafka-smoke chaos check format bench lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): requirements-dev.txt requirements-data.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "sendflow needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version 2>&1 || echo not there)." \
	    "Name another one: make PYTHON=python3.12 …" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  echo "no environment could be made: on Debian and Ubuntu, apt-get install python3-venv" >&2; exit 1; }
	@echo "installing what sendflow needs in $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-data.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

install: $(READY) ## the environment in .venv, and the hot modules compiled, if there is a C compiler
	@$(BIN)/python -m streams.compiled.build

demo: $(READY) ## a real shop's year, as explained send commands
	@$(BIN)/sendflow demo $(ARGS)

test: $(READY) ## all tests that need no Java, broker tests on the embedded broker
	@$(PYTEST) -m "not kafka and not chaos" $(ARGS)

test-smoke: $(READY) ## of them, those without a broker and one of each kind on the embedded broker, but for long ones
	@$(PYTEST) -m "(smoke or not broker and not long) and not kafka and not chaos" $(ARGS)

test-interpreted: $(READY) ## engine, codecs, cases, restores and crashes in the interpreted form
	@SENDFLOW_FORM=interpreted $(PYTEST) -m "not kafka and not chaos" $(INTERPRETED) $(ARGS)

test-kafka: $(READY) ## the broker tests on Apache Kafka from its jars (Java 17, Maven)
	@$(BIN)/python -m tests.harness.apache_kafka.jars
	@$(PYTEST) --broker kafka -m "(broker or kafka) and not chaos" $(ARGS)

test-kafka-smoke: $(READY) ## of them, all but the long ones
	@$(BIN)/python -m tests.harness.apache_kafka.jars
	@$(PYTEST) --broker kafka -m "(broker or kafka) and not chaos and not long" $(ARGS)

chaos: $(READY) ## three workers in a storm of kill -9, on both brokers (Java 17, Maven)
	@$(BIN)/python -m pytest --broker embedded -m chaos $(ARGS)
	@$(BIN)/python -m pytest --broker kafka -m chaos $(ARGS)

check: $(READY) ## format, lint, types, layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## put the code in shape
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(READY) ## the whole job against its peers, and its parts, in 40 minutes; ARGS=--short: a few, to try it
	@$(BIN)/python -m benchmarks.run $(ARGS)

COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe \
  --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options

lock: $(READY) ## requirements*.txt anew from pyproject.toml; ARGS=--upgrade for newer versions
	@$(COMPILE) $(ARGS) --output-file requirements.txt pyproject.toml
	@$(COMPILE) $(ARGS) --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml

clean: ## away with everything that was built, and the environment
	rm -rf $(VENV) build dist *.egg-info .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf streams/compiled/library
	find streams tests benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
