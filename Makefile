# The commands of the project. Everything happens in .venv, from requirements.lock; nothing else is touched.
# PYTHON=/path/to/python chooses the interpreter; otherwise the newest of python3.14 … python3 that is 3.11 or later.

SCENARIO ?= scenarios/gist.yaml
LONG := long or slow_statistics or slow_browser or sanitised or slow_install
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed

# Compiled files are kept: hundreds of tests start a program, and each would compile all of it again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run dashboard test test-lowest check kernels browser verify fuzz bench build licences audit docs clean lock

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1	/'

setup: $(STAMP)  ## the environment, from the lock file

$(STAMP): requirements.lock pyproject.toml tools/make_venv.sh
	@sh tools/make_venv.sh $(VENV) $(PYTHON)
	@touch $@

run: $(STAMP)  ## operating characteristics of the founding trial (SCENARIO=… for another)
	@$(PY) -m trialsim run $(SCENARIO)

check: $(STAMP)  ## formatting, lint, types, layers
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

kernels: $(STAMP)  ## compile what the simulations need; it is kept
	@$(PY) -m trialsim run gist --n-sims 1 --no-save > /dev/null

browser: $(STAMP)  ## find a browser for the tests, or install one
	@$(PY) tools/ensure_browser.py > /dev/null || test -z "$$TRIALSIM_REQUIRE_BROWSER"

dashboard: $(STAMP)  ## explore designs in the browser (http://127.0.0.1:8050/)
	@$(PY) -m app

test: $(STAMP)  ## every check, and the tests but the longest (some minutes)
	@$(MAKE) --no-print-directory -j2 check kernels browser
	$(PY) -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not ($(LONG))"

verify: $(STAMP)  ## the longest tests: statistics, kernels with bounds checked, every way through the dashboard, an installation
	$(PY) -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "$(LONG)" tests

fuzz: $(STAMP)  ## a million inputs with something wrong in them (docs/fuzzing.md); what is found is in build/fuzz
	$(PY) -m tests.fuzz --n 1000000

bench: $(STAMP)  ## speed, as ratios within one run
	$(PY) -m tests.bench

docs: $(STAMP)  ## the generated pages (JSON Schemas, reference, validation), then all of docs as a site, in site
	$(PY) -m tools.write_docs
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict --quiet

LOWEST := .venv-lowest
LOWEST_TESTS := tests/unit tests/published tests/golden tests/agreement/test_engines.py tests/agreement/test_sweep.py \
  tests/contracts/test_cli.py tests/contracts/test_cli_sweep.py tests/contracts/test_store_faults.py tests/app/test_explore_panel.py \
  tests/app/test_simulate_panel.py tests/app/test_security.py

test-lowest: $(STAMP)  ## a part of the tests, with the lowest version of each dependency that pyproject.toml allows
	$(PY) -m pip install --quiet uv
	$(VENV)/bin/uv venv --quiet --clear --python $(PY) $(LOWEST)
	$(VENV)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct --extra dev --requirements pyproject.toml
	$(VENV)/bin/uv pip list --python $(LOWEST)/bin/python
	$(LOWEST)/bin/python -m pytest -n auto --dist loadfile --no-loadscope-reorder \
	  -m "not ($(LONG) or browser)" $(LOWEST_TESTS)

build: $(STAMP)  ## the wheel and the source distribution, in dist
	$(PY) -m build

licences: $(STAMP)  ## docs/dependencies.md: each dependency, its licence, what it is for
	$(PY) -m tools.write_dependencies

audit: $(STAMP)  ## known weaknesses of the locked packages (asks the internet)
	@$(PY) -m pip install --quiet uv
	$(VENV)/bin/uv tool run pip-audit --disable-pip --require-hashes --requirement requirements.lock

lock: $(STAMP)  ## requirements.lock from pyproject.toml
	$(PY) -m pip install --quiet uv
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --output-file requirements.lock pyproject.toml

clean:  ## remove the environment and everything generated
	rm -rf $(VENV) $(LOWEST) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
