# `make book` and `make test` are all that most people need; `make help` lists the rest.

PYTHON ?= python3
BIN := .venv/bin
# -W: a warning fails the build; -n: so does a reference to nothing; --keep-going: show all of them.
BOOK_FLAGS := -W -n --keep-going
# Sets in the same order in each build: the same pages from the same sources.
export PYTHONHASHSEED := 0

.DEFAULT_GOAL := help
.PHONY: help book test serve bench lint format clean

help:  ## List what make can do
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 14

book: .venv/installed  ## Run every chapter and write _build/html/index.html
	$(BIN)/jupyter-book build . $(BOOK_FLAGS)

test: .venv/installed  ## Run all tests (after `make book` those of the book too): make test ARGS="-k toy"
	$(BIN)/python -m pytest --numprocesses auto $(ARGS)

serve: book  ## Show the book at http://localhost:8000
	$(BIN)/python -m http.server --directory _build/html 8000

bench: .venv/installed  ## Run the measurements in benchmarks/
	set -e; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

lint: .venv/installed  ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy gan_lessons

format: .venv/installed  ## Put the code in the form that `make lint` expects
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## Delete the built book and its caches (not .venv)
	rm -rf _build

# The environment is made once, and brought up to date when what it is made from changes.
.venv/installed: requirements.txt $(wildcard pyproject.toml)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -r requirements.txt $(if $(wildcard pyproject.toml),-e .)
	touch $@
