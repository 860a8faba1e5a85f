# Two commands: `make run` and `make test`. A second run of either does no set-up work.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
DATA ?= ../shared/data

.PHONY: run test format bench bench-soak eval lock clean

run: $(VENV)/.run
	@$(BIN)/oddgate serve

test: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/oddgate policy check policies/library
	$(BIN)/oddgate policy test policies/library
	$(BIN)/pytest --cov --cov-report=term

format: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.test
	$(BIN)/python -m bench

bench-soak: $(VENV)/.test
	$(BIN)/python -m bench soak --requests 200000

eval: $(VENV)/.test
	$(BIN)/oddgate eval pii --data $(DATA)/pii_presidio_synth --baseline

$(VENV)/.run: pyproject.toml requirements/build.txt requirements/run.txt requirements/ner-model.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/build.txt
	$(PIP) install --require-hashes -r requirements/run.txt
	$(PIP) install --require-hashes --no-deps --ignore-requires-python -r requirements/ner-model.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.test: $(VENV)/.run requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	touch $@

# Needs uv, which is not otherwise used.
lock:
	uv pip compile requirements/build.in --universal --python-version 3.11 --generate-hashes -q -o requirements/build.txt
	uv pip compile pyproject.toml --extra ner --extra eval --universal --python-version 3.11 --generate-hashes -q -o requirements/run.txt
	uv pip compile pyproject.toml --extra ner --extra eval --extra dev --universal --python-version 3.11 --generate-hashes -q -c requirements/run.txt -o requirements/dev.txt

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
