# `make book` and `make test` are all that most people need; `make help` lists the rest.

PYTHON ?= python3
BIN := .venv/bin
# -W: a warning fails the build; -n: so does a reference to nothing; --keep-going: show all of them.
BOOK_FLAGS := -W -n --keep-going
# Sets in the same order in each build: the same pages from the same sources.
export PYTHONHASHSEED := 0

.DEFAULT_GOAL := help
.PHONY: help book notebooks pdf release test serve bench lint format clean check links test-oldest test-newest test-colab colab colab-here

help:  ## List what make can do
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

book: .venv/installed  ## Run every chapter and write _build/html/index.html; only one: make book CHAPTER=theory/bce
	$(if $(CHAPTER),$(BIN)/python -m tools.one_chapter "$(CHAPTER)",$(BIN)/jupyter-book build . $(BOOK_FLAGS))

notebooks: .venv/installed  ## Write each chapter's notebook: make notebooks ARGS=--check
	$(BIN)/python -m tools.notebooks $(ARGS)

pdf: .venv/installed  ## After `make book`: the book in one PDF, by Chromium: make pdf OUT=x.pdf
	$(BIN)/python -m tools.pdf $(if $(OUT),--out "$(OUT)")

release: .venv/installed  ## From a clean copy, without a network: all checks; wheel, book and PDF into dist/
	$(BIN)/python -m tools.release

# Tests of pages take a hundred times as long as others: a worker that has run out takes over some.
test: .venv/installed  ## Run all tests (after `make book` those of the book too): make test ARGS="-k toy"
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

check: lint book  ## What a change must pass: style, types, the book, and all tests with nothing skipped
	GAN_LESSONS_FORBID_SKIP=1 $(MAKE) test

serve: book  ## Show the book at http://localhost:8000
	$(BIN)/python -m http.server --directory _build/html 8000

bench: .venv/installed  ## Run the measurements in benchmarks/
	set -e; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

lint: .venv/installed  ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/installed  ## Put the code in the form that `make lint` expects
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

links: .venv/installed  ## Ask whether the addresses that the book links to still answer
	$(BIN)/python -m tools.links

# The package's tests with other versions of what it needs, each in an environment of its own. WITH
# replaces versions that a machine cannot have: make test-oldest WITH=torch==2.13.0
# Their warnings are shown, not errors: they are about the libraries' age, which is as it must be.
test-oldest:  ## Test with the lowest versions that pyproject.toml allows (Python 3.11)
	$(call test_with,oldest,-o filterwarnings=default)

test-colab:  ## Test with the versions that Google Colab ships (constraints/colab.txt)
	$(call test_with,colab,-o filterwarnings=default)

# Here a warning is an error, as in `make test`: it says what will break next.
test-newest:  ## Test with the newest versions of everything
	$(call test_with,newest,)

# Google's own image has Colab's versions already: there, as root, `make colab-here`.
colab:  ## Run every notebook as in Google Colab, with its versions: make colab ARGS="--jobs 2"
	$(call environment_with,colab,)
	.venv-colab/bin/python tools/colab.py $(ARGS)

colab-here:  ## The same with the Python at hand, into which it installs the package
	$(PYTHON) tools/colab.py $(ARGS)

define environment_with
	$(PYTHON) -m venv --clear .venv-$(1)
	$(PYTHON) tools/versions.py $(1) $(WITH) > .venv-$(1)/requirements.txt
	.venv-$(1)/bin/python -m pip install --quiet --upgrade pip
	.venv-$(1)/bin/python -m pip install --quiet -r .venv-$(1)/requirements.txt $(2)
endef

define test_with
	$(call environment_with,$(1),-e .)
	.venv-$(1)/bin/python -m gan_lessons doctor
	.venv-$(1)/bin/python -m pytest --numprocesses auto $(NOT_THE_BOOK) $(2) $(ARGS)
endef
# What tests the book and its tools needs the book's own versions.
NOT_THE_BOOK := gan_lessons tests --ignore=tests/book --ignore=tests/tools

clean:  ## Delete the built book and its caches (not .venv)
	rm -rf _build

# The environment is made once, and brought up to date when what it is made from changes.
.venv/installed: requirements.txt $(wildcard pyproject.toml)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -r requirements.txt $(if $(wildcard pyproject.toml),-e .)
	touch $@
