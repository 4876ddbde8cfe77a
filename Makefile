# `make` lists what there is to do. Python 3.11, git and make are all that has to be there before.
# These are set on the command line, as in `make test JOBS=4`; the environment's are not looked at.
PYTHON = $(shell for p in python3.11 python3 python; do command -v $$p && break; done)
VENV = .venv
PORT = 8000
JOBS = 2

ifneq ($(words $(VENV)),1)
$(error VENV: expected the path of one folder, without spaces, got "$(VENV)")
endif
PY = $(VENV)/bin/python

# What is built, run and tested is the same whatever else the caller has set: another backend for the
# plots, another search path, a width of the terminal; and whatever stands in dot files at home.
# RNN_COURSE_CACHE, the number of threads, and what pip, npm and proxies need are left as they are.
unexport $(filter PYTHON% MPL% MATPLOTLIB% JUPYTER% IPYTHON% IPY% NB% MYST% SPHINX% DOCUTILS% \
	PYTEST_% HYPOTHESIS_% TQDM_% RUFF_% MYPY% TORCH_% PWDEBUG COLUMNS LINES NO_COLOR% FORCE_COLOR% \
	PY_COLORS CLICOLOR% LANGUAGE LC_% LANG SOURCE_DATE_EPOCH,$(.VARIABLES))
export PYTHONUTF8 = 1
export LC_ALL = C
SETTINGS = _build/settings
export MPLCONFIGDIR = $(CURDIR)/$(SETTINGS)/matplotlib
export IPYTHONDIR = $(CURDIR)/$(SETTINGS)/ipython
export JUPYTER_CONFIG_DIR = $(CURDIR)/$(SETTINGS)/jupyter
export JUPYTER_DATA_DIR = $(CURDIR)/$(SETTINGS)/jupyter
export JUPYTER_RUNTIME_DIR = $(CURDIR)/$(SETTINGS)/jupyter/runtime

ENVIRONMENT = $(VENV)/.requirements
VENDORED = book/_static/vendor/.stamp
BUILT = _build/.book
PAPER = _build/paper/.stamp
# FORCE if a file has changed since the last build. The names stay in the shell: make cannot read all.
CHANGED = $(if $(shell find book notebooks rnn_course -type f ! -path '*/vendor/*' ! -path '*/.*' \
	! -name '*.pyc' -newer $(BUILT) 2>/dev/null | head -n 1),FORCE)

# Statements named beside falsify, as in `make falsify S7.2 G5`, are no files to make.
S = $(filter S% G% M%,$(MAKECMDGOALS))
NAMED := $(S)

.PHONY: help book paper test package lint serve bench notebooks homework reader address falsify \
	clean browser FORCE $(NAMED)
.DELETE_ON_ERROR:

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

book: $(BUILT)  ## build the site into _build/html
	@echo "Open _build/html/index.html, or run: make serve"

paper: $(PAPER)  ## put the book on paper: a PDF, and the site as a zip, in _build/paper (a minute)

# nbval runs the chapters, and the pages show what it ran. While one process makes the pages, another
# tests what does not look at them. What is timed is timed alone.
RUN = tests/book/test_reproducible.py
PACKAGE = $(addprefix tests/,exercises networks tasks training \
	test_cells.py test_memory.py test_modes.py test_rnn.py)
TIMED = tests/test_paint.py
PYTEST = OMP_NUM_THREADS=1 PYTHONHASHSEED=1 $(PY) -m pytest
test: lint browser | $(SETTINGS)  ## check everything: lint, notebooks, book, tests, browser
	$(PY) -m pytest -n $(JOBS) --dist worksteal $(RUN)
	$(MAKE) --no-print-directory -j $(JOBS) $(PAPER) package JOBS=$$(($(JOBS) - 1))
	$(PYTEST) $(TIMED)
	$(PYTEST) -n $(JOBS) --dist worksteal --durations 60 --durations-min 8 \
		$(addprefix --ignore ,$(RUN) $(PACKAGE) $(TIMED)) tests

package: $(ENVIRONMENT) | $(SETTINGS)  ## check cells, networks, tasks and training alone (a minute)
	$(PYTEST) -n $(JOBS) --dist worksteal $(PACKAGE)

lint: $(ENVIRONMENT)  ## check the form of the code and its types, notebooks included
	$(PY) -m ruff format --check .
	$(PY) -m ruff check . --exclude notebooks
	$(PY) -m ruff check $$($(PY) tools/notebooks.py --list)
	$(PY) -m mypy
	$(PY) tools/notebooks.py --check

serve: $(BUILT)  ## show the site at http://127.0.0.1:8000 (PORT=...)
	$(PY) -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

bench: $(ENVIRONMENT)  ## time the networks against torch.nn and plain loops
	$(PY) -m benchmarks

notebooks: $(ENVIRONMENT) | $(SETTINGS)  ## run every notebook in place, and write book/ledger.md from them
	$(PY) tools/notebooks.py --list | OMP_NUM_THREADS=1 xargs -n 1 -P $(JOBS) $(PY) tools/notebooks.py
	$(PY) -m rnn_course ledger --markdown > book/ledger.md.new
	mv book/ledger.md.new book/ledger.md

homework: $(ENVIRONMENT)  ## make the assignments anew, and prove their checks for twenty keys
	$(PY) -m rnn_course.homework build
	OMP_NUM_THREADS=1 $(PY) -m rnn_course.homework prove --keys 20 --jobs $(JOBS)
	SOLVED=all OMP_NUM_THREADS=1 $(PY) -m pytest -n $(JOBS) tests/homework/test_solved.py

reader: $(BUILT)  ## put notebooks, homework and package for readers into _build/reader
	$(PY) tools/reader.py

address:  ## give a fork its own address, everywhere (make address URL=https://... [SITE=https://...])
	$(PYTHON) tools/address.py "$(URL)" $(if $(SITE),"$(SITE)")

falsify: $(ENVIRONMENT) | $(SETTINGS)  ## show that each verdict can fail (make falsify S7.2 ...); about ten minutes
	$(PY) tools/falsify.py --jobs $(JOBS) $(S)

$(NAMED): falsify
	@:

clean:  ## remove what was built and fetched (the environment stays: rm -r .venv)
	rm -rf _build book/_static/vendor .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find benchmarks book rnn_course tests tools -type d -name __pycache__ -prune -exec rm -rf {} +

$(ENVIRONMENT): requirements.txt requirements-dev.txt constraints.txt pyproject.toml tools/setup_venv.py
	$(PYTHON) tools/setup_venv.py $(VENV)

# Matplotlib looks for fonts once, and says so if that takes long: here, not within a chapter.
$(SETTINGS): | $(ENVIRONMENT)
	mkdir -p $@
	$(PY) -c "import matplotlib.font_manager"

$(VENDORED): package.json package-lock.json tools/vendor.py $(ENVIRONMENT)
	$(PY) tools/vendor.py

# All pages are read anew, so that a warning is repeated until it is mended; notebooks whose code has
# not changed are not run again.
$(BUILT): _config.yml _toc.yml benchmarks/results.md $(wildcard benchmarks/*.py) $(VENDORED) $(CHANGED) | $(SETTINGS)
	rm -rf _build/html
	$(VENV)/bin/jupyter-book build . --all -W --keep-going
	touch $@

$(PAPER): $(BUILT) $(wildcard tools/paper/*.py tools/paper/*.css) | browser
	$(PY) -m tools.paper
	touch $@

browser: $(ENVIRONMENT)
	$(PY) tools/browser.py
