# One command each. Everything is done by the standard-library package `scripts`: it needs Python 3.11 or newer, nothing else.
# Settings: PORT, HOST, CLINIC_DATA, for example `make run PORT=8001`. All of them are in README.md.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

.PHONY: help install run clinic backup restore test prove bench words lint lock sbom advisories
.DEFAULT_GOAL := help

help:            ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

install: python  ## make the environment: .venv with the pinned, hash-checked packages
	@$(PYTHON) -m scripts install

run: python      ## install, prepare and start a clinic with demo data
	@exec $(PYTHON) -m scripts run

clinic: python   ## the same with an empty clinic and a first manager
	@exec $(PYTHON) -m scripts clinic

backup: python   ## one encrypted backup of the clinic, while it works
	@exec $(PYTHON) -m scripts backup

restore: python  ## bring a backup back: make restore FILE=... KEY=... CLINIC_DATA=/path/to/empty
	@exec $(PYTHON) -m scripts restore

test: python     ## linters, then the whole suite on SQLite and on PostgreSQL
	@$(PYTHON) -m scripts test

prove: python    ## the long proofs: full counts of kills, races and generated cases
	@$(PYTHON) -m scripts prove

bench: python    ## each task against its floor; table on screen, JSON in bench-output/
	@$(PYTHON) -m scripts bench

words: python    ## the words of every language in step with the pages, and compiled
	@$(PYTHON) -m scripts words

lint: python     ## linters only
	@$(PYTHON) -m scripts lint

lock: python     ## pin requirements*.in again, with hashes
	@$(PYTHON) -m scripts lock

sbom: python     ## what the clinic is made of, as CycloneDX in test-output/
	@$(PYTHON) -m scripts sbom

advisories: python ## known holes in any pinned package; fails where one could not be looked up
	@$(PYTHON) -m scripts advisories

.PHONY: python
python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found."; \
	echo "Debian or Ubuntu: apt-get install python3 python3-venv    macOS: brew install python"; exit 1; }
