# Two commands: `make run` and `make test`. A second run of either does no set-up work.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
DATA ?= ../shared/data
APT := RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends
DOWNLOAD := apt-get download -qq -o APT::Sandbox::User=root
install = { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && { $(APT) $(1) >/dev/null || { apt-get update -qq && $(APT) $(1) >/dev/null; }; }; } \
	|| echo "no $(1), and none can be installed here: the tests that need one are skipped"

.PHONY: run test coverage format bench bench-soak bench-drill eval lock clean

run: $(VENV)/.run
	@$(BIN)/oddgate serve

test: $(VENV)/.test $(VENV)/.redis $(VENV)/.postgres $(VENV)/.prometheus $(VENV)/.reports $(VENV)/.frameworks $(VENV)/.npm
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/oddgate policy check policies/library
	$(BIN)/oddgate policy test policies/library
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

# What no test runs; it makes the tests two to four times as slow, and so is not part of them.
coverage: $(VENV)/.test
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder --cov --cov-report=term

format: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.test
	$(BIN)/python -m bench
	$(BIN)/python -m bench dialects
	$(BIN)/python -m bench decision
	$(BIN)/python -m bench replay
	$(BIN)/python -m bench watch
	$(BIN)/python -m bench telemetry
	$(BIN)/python -m bench kills

bench-soak: $(VENV)/.test
	$(BIN)/python -m bench soak --requests 500000

# Faults at a real gateway, one after the other, and then quiet hours: half an hour and more.
bench-drill: $(VENV)/.test
	$(BIN)/python -m bench drill

eval: $(VENV)/.test
	$(BIN)/oddgate eval pii --data $(DATA)/pii_presidio_synth --baseline
	for set in odd_clinc150 odd_banking77 odd_snips; do $(BIN)/oddgate eval topics --data $(DATA)/$$set || exit 1; done
	$(BIN)/oddgate eval drift --data $(DATA)/odd_clinc150
	$(BIN)/oddgate eval drift --data $(DATA)/drift_text_streams
	$(BIN)/oddgate eval bias --data $(DATA)
	for set in metrics_nab metrics_ms_cloud; do $(BIN)/oddgate eval metrics --data $(DATA)/$$set || exit 1; done
	for set in logs_hdfs_blocks logs_nezha; do $(BIN)/oddgate eval logs --data $(DATA)/$$set || exit 1; done
	$(BIN)/oddgate eval traces --data $(DATA)/traces_nezha_boutique
	$(BIN)/oddgate eval slices
	$(BIN)/oddgate eval incidents
	$(BIN)/python -m bench invariance

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

# What makes reports is large. Where it can't be installed its tests are skipped, and say so; tried once.
$(VENV)/.reports: requirements/reports.txt | $(VENV)/.test
	@$(PIP) install --require-hashes --no-deps -r requirements/reports.txt \
	|| echo "the package index cannot be reached: the tests of reports are skipped (to try again: rm $@)"
	@touch $@

# Real servers for the tests of the stores. Where one can't be installed its tests are skipped, and say so; tried once.
$(VENV)/.redis: | $(VENV)/.run
	@command -v redis-server >/dev/null || command -v valkey-server >/dev/null || $(call install,redis-server)
	@touch $@

$(VENV)/.postgres: | $(VENV)/.run
	@command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || $(call install,postgresql)
	@touch $@

# Prometheus and promtool are only taken out of their package: installed, it would start a server.
$(VENV)/.prometheus: | $(VENV)/.run
	@command -v prometheus >/dev/null && command -v promtool >/dev/null \
	|| { rm -rf $(VENV)/prometheus && mkdir $(VENV)/prometheus && cd $(VENV)/prometheus \
	&& { $(DOWNLOAD) prometheus || { apt-get update -qq && $(DOWNLOAD) prometheus; }; } >/dev/null \
	&& dpkg-deb -x prometheus_*.deb . && mv usr/bin/prometheus usr/bin/promtool $(abspath $(BIN)); } \
	|| echo "no prometheus, and none can be got here: the tests that need one are skipped (to try again: rm $@)"
	@rm -rf $(VENV)/prometheus
	@touch $@

# Other clients for tests/clients, in places of their own. Where they can't be installed their tests are skipped, and say so; tried once.
$(VENV)/.frameworks: requirements/clients.txt | $(VENV)/.run
	@rm -rf $(VENV)/clients
	@$(BIN)/python -m venv --without-pip $(VENV)/clients \
	&& $(PIP) --python $(VENV)/clients install --require-hashes -r requirements/clients.txt \
	|| { rm -rf $(VENV)/clients; echo "the package index cannot be reached: the tests of frameworks are skipped (to try again: rm $@)"; }
	@touch $@

$(VENV)/.npm: tests/clients/package-lock.json | $(VENV)/.run
	@rm -rf tests/clients/node_modules
	@npm ci --prefix tests/clients --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=1 >/dev/null \
	|| { rm -rf tests/clients/node_modules; echo "no npm, or no registry: the tests of JavaScript clients are skipped (to try again: rm $@)"; }
	@touch $@

# Needs uv, which is not otherwise used.
lock:
	uv pip compile requirements/build.in --universal --python-version 3.11 --generate-hashes -q -o requirements/build.txt
	uv pip compile pyproject.toml --extra policies --extra domain --extra ner --extra ocr --extra redis --extra postgres --extra clickhouse --extra otel --extra watch --extra eval --universal --python-version 3.11 --generate-hashes -q -o requirements/run.txt
	uv pip compile pyproject.toml --extra policies --extra domain --extra ner --extra ocr --extra redis --extra postgres --extra clickhouse --extra otel --extra watch --extra eval --extra dev --universal --python-version 3.11 --generate-hashes -q -c requirements/run.txt -o requirements/dev.txt
	uv pip compile pyproject.toml --extra reports --universal --python-version 3.11 --generate-hashes -q -c requirements/dev.txt -o requirements/reports.txt
	uv pip compile requirements/clients.in --universal --python-version 3.11 --generate-hashes -q -o requirements/clients.txt

clean:
	rm -rf $(VENV) tests/clients/node_modules build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
