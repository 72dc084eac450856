# Everything from a machine that has git, make and Python 3.11 (or newer): `make demo`, `make test`, `make check`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo up test check lock clean bench

demo: $(STAMP)
	@$(BIN)/python -m deploy.demo $(CASE)

up: $(STAMP)
	@$(BIN)/python -m deploy.demo.up

test: $(STAMP)
	$(BIN)/pytest -n 3 --dist loadgroup

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python -m tests.benchmarks

# Compiled once: where bytecode may not be written later, every process of the demo and the tests would compile for seconds.
# uv is bootstrapped into the virtual environment itself, so that nothing on the machine is touched.
$(STAMP): requirements/dev.txt requirements/uv.txt pyproject.toml
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null || true
	@touch $@

UV_LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade
lock: $(STAMP)
	$(UV_LOCK) pyproject.toml -o requirements/run.txt
	$(UV_LOCK) pyproject.toml --group servers --group test --group check --group build -o requirements/dev.txt
	echo uv | $(UV_LOCK) - -o requirements/uv.txt

clean:
	rm -rf $(VENV) build *.egg-info .demo .up
