# `make demo` and `make test` need only Python and make; everything else lands in .venv.
PYTHON ?= python3
BIN := .venv/bin
DATA ?= ../shared/data

PAGE := src/maskwise/service/web/index.html

.PHONY: demo test check page bench model lock clean

demo: .venv/train.done ## train, judge and use the reference recipe on drawn faces
	$(BIN)/maskwise demo

test: .venv/dev.done page ## every test, on all cores
	$(BIN)/pytest --numprocesses auto --dist worksteal

check: .venv/dev.done ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

page: ## the page of the service, where npm is installed; what needs it is skipped elsewhere
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(PAGE); \
		else echo "npm is not installed: the page is not built."; fi

$(PAGE): $(wildcard web/*.json web/*.mjs web/src/* web/src/*/*)
	cd web && npm ci --silent && npm run --silent check && npm run --silent build

SCENES = $(DATA)/scenes

bench: .venv/dev.done .peer/peer.done page ## every benchmark beside its peer, then docs/performance.md; an hour
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/duplicates.py
	$(BIN)/python benchmarks/duplicates.py --real $(DATA)/faces
	$(BIN)/python benchmarks/classifying.py
	$(BIN)/python benchmarks/scenes.py $(SCENES) --peer .peer/bin/python
	$(BIN)/python benchmarks/folder.py $(SCENES)/images
	$(BIN)/python benchmarks/bulk.py $(SCENES)/images
	$(BIN)/python benchmarks/start.py $(firstword $(wildcard $(SCENES)/images/*.jpg)) --install
	$(BIN)/python benchmarks/video.py $(SCENES)/annotations_coco_train.json
	$(BIN)/python benchmarks/tracking.py $(SCENES)/annotations_coco_train.json
	$(BIN)/python benchmarks/cameras.py $(SCENES)/annotations_coco_train.json --minutes 5
	$(BIN)/python benchmarks/service.py $(SCENES)/annotations_coco_train.json --minutes 2 --peer
	$(BIN)/python benchmarks/browser.py $(SCENES)/annotations_coco_val.json
	$(BIN)/python benchmarks/collection.py $(SCENES)/images
	$(BIN)/python benchmarks/scale.py $(SCENES)/images
	$(BIN)/python benchmarks/performance.py docs/performance.md docs/images/performance.svg

# What scenes.py measures us beside, which has dependencies that ours must not meet.
.peer/peer.done: requirements/peer.txt
	$(PYTHON) -m venv .peer
	.peer/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/peer.txt
	touch $@

model: model/refined.onnx ## train what is shipped anew from DATA: the second look at faces, then the bundle
	rm -rf model/bundle
	cp model/refined.onnx src/maskwise/faces/refined.onnx
	$(BIN)/python models/shipped.py $(DATA) model
	rm -rf src/maskwise/shipped
	cp -r model/bundle src/maskwise/shipped
	cp model/calibration.svg docs/images/calibration.svg
	$(BIN)/python models/failures.py docs/images/failures.png

model/refined.onnx: models/refiner.py models/material.py | .venv/dev.done
	$(BIN)/python models/refiner.py $(DATA) $@

lock: .venv/dev.done ## resolve the dependencies anew into requirements/
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --upgrade \
		--extra all --group dev -o requirements/dev.txt pyproject.toml
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate \
		-c requirements/dev.txt --extra train --extra video --group build -o requirements/train.txt pyproject.toml
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate \
		-c requirements/dev.txt -o requirements/runtime.txt pyproject.toml
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate \
		-c requirements/dev.txt --extra serve --group build -o requirements/serve.txt pyproject.toml
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate \
		-c requirements/dev.txt --extra ray --group ray -o requirements/ray.txt pyproject.toml

clean: ## remove what the targets made
	rm -rf .venv demo .mypy_cache .pytest_cache .ruff_cache

# One environment; the dev lock holds all of the train lock at the same versions.
.venv/%.done: requirements/%.txt pyproject.toml
	@test -x $(BIN)/python || { echo "Making .venv ..."; $(PYTHON) -m venv .venv; }
	@echo "Installing requirements/$*.txt into .venv (once; a minute or two) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		--no-deps \
		-r requirements/$*.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation --editable .
	@touch $@
