# Everything runs in .venv, made here on the first use; nothing else on the machine is touched. Needs Python >= 3.11 with venv.
# TORCH_INDEX_URL: PyTorch's CPU wheel index, where the default index would bring the CUDA build.

PYTHON ?= python3
TORCH_INDEX_URL ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c requirements.lock $(if $(TORCH_INDEX_URL),--extra-index-url "$(TORCH_INDEX_URL)")
HOME_DIR ?= var
# Training material for the cross-encoder (service/models/reranker/MODEL_CARD.md tells what must lie there), and where the weights go.
TRAIN ?= ../shared/train
WEIGHTS ?= var/reranker

.PHONY: install demo test test-slow proof serve check bench train corpus clean

install: $(STAMP)

$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[dev]'
	@touch $@

demo: $(STAMP)
	$(BIN)/evdocs ingest corpora/sample --home $(HOME_DIR)
	$(BIN)/python -m eval.demo --home $(HOME_DIR)

test: $(STAMP)
	$(BIN)/python -m pytest

test-slow: $(STAMP)
	$(BIN)/python -m pytest -m slow

proof: $(STAMP)
	$(BIN)/python -m pytest -m proof

serve: $(STAMP)
	$(BIN)/evdocs serve --home $(HOME_DIR)

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python -m eval.bench

# reStructuredText is read as plain text. The weights are copied into service/models/reranker by hand, with figures for the model card.
train: $(STAMP)
	mkdir -p var/train/texts
	for file in $(TRAIN)/docs/*.rst; do test ! -e "$$file" || cp "$$file" "var/train/texts/$$(basename "$$file").txt"; done
	$(BIN)/evdocs ingest $(TRAIN)/docs var/train/texts --home var/train/home
	$(BIN)/python -m service.models.reranker.train --data $(TRAIN) --home var/train/home --out $(WEIGHTS)

corpus: $(STAMP)
	$(BIN)/python corpora/sample/build.py

clean:
	rm -rf $(VENV) var build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find service ingest eval tests -name __pycache__ -type d -prune -exec rm -rf {} +
