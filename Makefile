# `make demo` and `make test` need nothing but Python 3.10 to 3.13 and the package
# registry; each makes .venv by itself if it is missing.
PYTHON ?= python3
BIN := .venv/bin

help:  ## Say what there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# pip's own record of the environment goes stale when pyproject.toml changes.
.venv/made: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

install: .venv/made  ## Make .venv with everything for development

demo: .venv/made  ## Draw small sources, build both datasets, verify and load them
	$(BIN)/trimset demo --out demo

test: .venv/made  ## Run the tests
	$(BIN)/python -m pytest -n auto --dist worksteal

format: .venv/made  ## Put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

check: .venv/made  ## Check form, style, types and what is installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tests.audit_dependencies

screenshots: demo  ## Take the screenshots of the README; needs Chromium
	$(BIN)/python -m tests.screenshots demo

matrix: demo  ## Load the demo on every supported version of datasets
	$(BIN)/python -m tests.load_matrix demo/coco_stuff_trimmed demo/siim_isic_small
	$(BIN)/python -m tests.isic_matrix

floors: .venv/made  ## Run the tests on the oldest version of every dependency
	$(BIN)/python -m tests.floors floors

FUZZ_SECONDS ?= 60
fuzz: .venv/made  ## Give every parser random bytes, FUZZ_SECONDS each; findings in fuzz/
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) --out fuzz

hostile: .venv/made  ## Run every hostile input, and print what came out by kind
	$(BIN)/python -m tests.hostile

bench: .venv/made  ## Run the benchmarks; needs 40 GB of disk and an hour
	$(BIN)/python -m tests.benchmarks

# `make mutants ROOM=audit MUTANTS=200`: one room, and so many of its mutants.
mutants: .venv/made  ## Change the code in small ways, and see whether tests fail; hours
	$(BIN)/python -m tests.mutants $(ROOM) $(if $(MUTANTS),--sample $(MUTANTS))

clean:  ## Remove what was made here
	rm -rf .venv .matrix .mutants demo fuzz build .mypy_cache .pytest_cache .ruff_cache .hypothesis

.PHONY: help install demo test format check screenshots matrix floors fuzz hostile bench mutants clean
