# Two commands set a fresh machine up: `make demo` and `make test`. The rest is for developers.

VENV ?= .venv
PYTHON ?= python3
BIN = $(VENV)/bin
CONSTRAINTS = constraints.txt

.PHONY: demo test test-slow lint audit secrets fuzz format schema docs pictures clean

# torch comes first and alone: its constrained version is a CPU build where one is offered, and
# nothing else that is installed may pull in another.
$(BIN)/auditor: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) torch
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable .
	touch $@

$(VENV)/dev: $(BIN)/auditor
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable ".[dev]"
	touch $@

demo: $(BIN)/auditor
	$(BIN)/auditor demo

# One process a core, each with one thread: files stay whole, for their fixtures are dear. In the
# order of their names: by number of tests, the long files with few would be left to the end.
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

test: $(VENV)/dev
	$(PYTEST)

test-slow: $(VENV)/dev
	$(PYTEST) -m slow

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/jactionlint --shellcheck= action.yml .github/workflows/*.yml
	$(BIN)/zizmor --offline --quiet action.yml .github/workflows
	$(MAKE) --no-print-directory audit secrets

# Known vulnerabilities of what is pinned; it says so where the service cannot be asked.
audit: $(VENV)/dev
	$(BIN)/python tools/dependency_audit.py

# Digests and pictures look like secrets to it, so folders that hold nothing else are left out.
# What was looked at and is none stands in .secrets.baseline; `detect-secrets audit` adds to it.
SECRETS = git ls-files -z -- . ':!reports' ':!docs/pictures' ':!tests/fuzz/corpus' ':!tests/output/golden'

secrets: $(VENV)/dev
	$(SECRETS) | xargs -0 $(BIN)/detect-secrets-hook --baseline .secrets.baseline

# Every target of tests/fuzz for so many seconds each; `make test-slow` runs each for a few.
FUZZ_SECONDS ?= 600

fuzz: $(VENV)/dev
	$(BIN)/python -m tests.fuzz.coverage_guided all -max_total_time=$(FUZZ_SECONDS) --found=fuzz-found

format: $(VENV)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schema: $(BIN)/auditor
	$(BIN)/python -c "from pathlib import Path; from auditor.output.json_v1 import write_schema; write_schema(Path('reports/report-v1.schema.json'))"
	$(BIN)/python -c "from pathlib import Path; from auditor.diff.diff_v1 import write_schema; write_schema(Path('reports/diff-v1.schema.json'))"
	$(BIN)/python -c "from pathlib import Path; from auditor.configuration.document import write_schema; write_schema(Path('reports/config.schema.json'))"

docs: $(VENV)/dev
	$(BIN)/python tools/docs.py
	$(BIN)/python tools/licences.py

pictures: $(VENV)/dev
	$(BIN)/python tools/pictures.py

clean:
	rm -rf $(VENV)
