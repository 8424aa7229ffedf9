# `make digits` and `make test` need python3 >= 3.11 with venv, and nothing else installed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: digits test test-fast test-uncompiled test-engines test-wheel docs dist lint format clean

digits: $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks.digits $(ARGS)

# All tests, in as many processes as there are cores; ARGS="-n 0 -k sweep" passes arguments on.
test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -m 'not engines' -n auto --dist worksteal $(ARGS)

# After an edit: no statistical, ecosystem, benchmark and slow tests, and no documentation.
test-fast: $(VENV)/.installed-test
	$(BIN)/python -m pytest -q -n auto --dist worksteal -m 'not slow' tests \
		$(addprefix --ignore=tests/,statistical ecosystem benchmarks) $(ARGS)

# The kernels as plain Python, with coverage.
test-uncompiled: $(VENV)/.installed-test
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -q tests/kernels/test_kernels.py \
		tests/kernels/test_uncompiled.py --cov=sksgdprune/_kernels --cov-report=term-missing $(ARGS)

# A real Dask cluster and a real Ray, on this machine.
test-engines: $(VENV)/.installed-engines
	$(BIN)/python -m pytest -m engines tests/ecosystem/test_engines.py $(ARGS)

# Compares the figures that pages state with benchmarks/results, then builds the site in
# docs/_build/html; .venv/bin/python docs/check_site.py opens it in a browser.
docs: $(VENV)/.installed-docs
	$(BIN)/python docs/check_claims.py
	$(BIN)/python -m sphinx -b html -W --keep-going docs docs/_build/html

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m numpydoc.hooks.validate_docstrings sksgdprune/*.py
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

dist: $(VENV)/.installed-release
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*

# In a fresh environment and an empty folder; ARGS="--resolution lowest-direct": with the minima.
test-wheel: dist
	$(BIN)/python .ci/test_wheel.py $(ARGS)

# One stamp per extra of pyproject.toml. pip says a line or two for each package.
$(VENV)/.installed-%: pyproject.toml
	@echo "Making a Python environment in $(VENV), where there is none ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing sksgdprune[$*] there: a minute or more the first time ..."
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --editable '.[$*]'
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info benchmarks/out
	rm -rf docs/_build docs/api docs/benchmarks docs/examples docs/architecture
	find . -name __pycache__ -prune -exec rm -rf {} +
