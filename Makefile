# `make` lists what there is to do. Python 3.11, git and make are all that has to be there before.
PYTHON ?= $(shell for p in python3.11 python3 python; do command -v $$p && break; done)
VENV ?= .venv
PY = $(VENV)/bin/python
PORT ?= 8000
JOBS ?= 2

ENVIRONMENT = $(VENV)/.requirements
VENDORED = book/_static/vendor/.stamp
BUILT = _build/.book
FOUND = $(shell find book notebooks rnn_course -type f ! -path '*/vendor/*' ! -path '*/.*' ! -name '*.pyc')

# Statements named beside falsify, as in `make falsify S7.2 S1.3`, are no files to make.
S = $(filter S%,$(MAKECMDGOALS))
NAMED := $(S)

.PHONY: help book test lint serve bench notebooks falsify clean browser $(NAMED)
.DELETE_ON_ERROR:

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

book: $(BUILT)  ## build the site into _build/html
	@echo "Open _build/html/index.html, or run: make serve"

# What is timed against torch.nn is timed alone; the rest runs in JOBS processes.
test: lint browser $(BUILT)  ## check everything: lint, book, unit tests, notebooks, browser
	OMP_NUM_THREADS=1 $(PY) -m pytest tests/test_benchmarks.py
	OMP_NUM_THREADS=1 PYTHONHASHSEED=1 $(PY) -m pytest -n $(JOBS) --dist worksteal \
		--ignore tests/test_benchmarks.py tests

lint: $(ENVIRONMENT)  ## check the style of the code, notebooks included
	$(PY) -m ruff check .
	$(PY) tools/notebooks.py --check

serve: $(BUILT)  ## show the site at http://127.0.0.1:8000 (PORT=...)
	$(PY) -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

bench: $(ENVIRONMENT)  ## time the networks against torch.nn and plain loops
	$(PY) -m benchmarks

notebooks: $(ENVIRONMENT)  ## run every notebook in place, and write book/ledger.md from them
	$(PY) tools/notebooks.py
	$(PY) -m rnn_course ledger --markdown > book/ledger.md.new
	mv book/ledger.md.new book/ledger.md

falsify: $(ENVIRONMENT)  ## show that each verdict can fail (make falsify S7.2 ...); half an hour
	$(PY) tools/falsify.py --jobs $(JOBS) $(S)

$(NAMED): falsify
	@:

clean:  ## remove what was built and fetched (the environment stays: rm -r .venv)
	rm -rf _build book/_static/vendor .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(ENVIRONMENT): requirements.txt requirements-dev.txt constraints.txt pyproject.toml tools/setup_venv.py
	$(PYTHON) tools/setup_venv.py $(VENV)

$(VENDORED): package.json package-lock.json tools/vendor.py $(ENVIRONMENT)
	$(PY) tools/vendor.py

# All pages are read anew, so that a warning is repeated until it is mended; notebooks whose code has
# not changed are not run again.
$(BUILT): _config.yml _toc.yml benchmarks/results.md $(FOUND) $(VENDORED)
	rm -rf _build/html
	$(VENV)/bin/jupyter-book build . --all -W --keep-going
	touch $@

browser: $(ENVIRONMENT)
	$(PY) tools/browser.py
