# Each target sets up what it needs; a second call finds that done. Works with GNU Make 3.81, which macOS has.

READY = .venv/.ready
PYTEST = packaging/with_blas.sh .venv/bin/pytest
INTEROP = tests/interop/.venv/.ready
PEERS = tests/benchmarks/peers/.venv/.ready

.PHONY: run setup demo test test-interop check soak bench bench-gate bench-drafting bench-loop bench-pairs bench-rates bench-training bench-memory bench-duplicates bench-import screenshots freeze practice-model clean

run: $(READY)
	@packaging/run.sh .venv/bin/lorastudio

setup: $(READY)

$(READY): pyproject.toml uv.lock packaging/setup.sh packaging/find_python.sh packaging/apt_install.sh packaging/debian-packages.txt packaging/uv.txt
	@packaging/setup.sh

demo: $(READY)
	@.venv/bin/lorastudio demo

# Everything that must hold for a change: the static checks and the everyday suite.
test: check
	$(PYTEST) -n auto --dist worksteal

check: $(READY)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.uv/bin/uv lock --check --offline
	.uv/bin/uv lock --check --offline --project tests/interop
	.uv/bin/uv lock --check --offline --project tests/benchmarks/peers

# Other people's trainers beside ours, in an environment of their own: see tests/interop/pyproject.toml.
test-interop: $(INTEROP)
	cd tests/interop && HF_HUB_OFFLINE=1 TRL_EXPERIMENTAL_SILENCE=1 .venv/bin/pytest

$(INTEROP): tests/interop/uv.lock tests/interop/torch-linux.txt packaging/setup_interop.sh | $(READY)
	@packaging/setup_interop.sh

# What takes many minutes on purpose.
soak: $(READY)
	$(PYTEST) -m soak

bench: $(READY) $(PEERS)
	packaging/with_screen.sh $(PYTEST) -m bench -s tests/benchmarks/*.py

bench-gate: $(READY)
	$(PYTEST) -m bench -s tests/benchmarks/gate.py

bench-drafting: $(READY)
	$(PYTEST) -m bench -s tests/benchmarks/drafting.py

bench-memory: $(READY)
	$(PYTEST) -m bench -s tests/benchmarks/memory_plan.py

bench-import: $(READY) $(PEERS)
	$(PYTEST) -m bench -s tests/benchmarks/importing.py

bench-duplicates: $(READY)
	$(PYTEST) -m bench -s tests/benchmarks/duplicates.py

bench-loop: $(READY)
	$(PYTEST) -m bench -s tests/benchmarks/loop.py

bench-pairs: $(READY)
	$(PYTEST) -m bench -s tests/benchmarks/million_pairs.py

bench-rates: $(READY)
	$(PYTEST) -m bench -s tests/benchmarks/learning_rates.py

# ONLY="dpo-half" measures what `pytest -k` selects, ALTERNATIONS=1 does it once.
bench-training: $(READY) $(PEERS)
	$(PYTEST) -m bench -s -k "$(ONLY)" tests/benchmarks/training.py

$(PEERS): tests/benchmarks/peers/uv.lock packaging/setup_peers.sh | $(READY)
	@packaging/setup_peers.sh

screenshots: $(READY)
	packaging/screenshots.sh .venv/bin/python

freeze: $(READY)
	.venv/bin/pyinstaller --noconfirm --clean --log-level WARN packaging/lorastudio.spec
	$(PYTEST) -m freeze tests/packaging

practice-model: $(READY)
	packaging/with_blas.sh .venv/bin/python -m lorastudio.worker.practice_model --out resources/practice/model

clean:
	rm -rf .venv .uv tests/interop/.venv tests/benchmarks/peers/.venv build dist .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
