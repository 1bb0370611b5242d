"""Importing 100,000 pairs of 1 kB, against the floor and against Hugging Face's `datasets` with a plain insert.

Every contestant is a process of its own with a new library, in turns, so that a slow minute of the machine meets all
of them; the table gives the middle of the rounds (`ROUNDS=1` does it once). The floor parses with orjson and fills the
same tables and indexes with one executemany. Ours has recognition, damage checks, lint and exact duplicates on. Hugging
Face's loader starts with an empty cache, as for a new file. Starting Python and importing modules counts for nobody,
but for CPU seconds. `make bench-import` runs it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lorastudio.store.library import LIBRARY_FILE, Library
from tests.benchmarks.imports.rows import write_pairs

PAIRS = 100_000
ROUNDS = int(os.environ.get("ROUNDS", "3"))
MOST_TIMES_THE_FLOOR = 2.0
ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent / "imports"
PEERS_PYTHON = Path(__file__).parent / "peers" / ".venv" / "bin" / "python"

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3_600)]


def test_importing_a_hundred_thousand_pairs(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    size_bytes = write_pairs(file, PAIRS)
    measured: dict[str, list[dict[str, Any]]] = {"floor": [], "ours": [], "hugging face": []}
    for number in range(ROUNDS):
        for name, found in measured.items():
            found.append(_run(name, file, tmp_path / f"{name}-{number}".replace(" ", "-")))
    assert all(round["imported"] == PAIRS and not round["refused"] for round in measured["ours"])
    middle = {name: statistics.median(round["elapsed_s"] for round in found) for name, found in measured.items()}
    print(f"\n{PAIRS} pairs, {size_bytes / 1e6:.0f} MB, {ROUNDS} rounds      s   times the floor     CPU s   peak MB")
    for name, elapsed_s in middle.items():
        peak_mb = max(round["peak_kb"] for round in measured[name]) / 1e3
        cpu_s = statistics.median(round["cpu_s"] for round in measured[name])
        print(f"{name:32s} {elapsed_s:7.1f} {elapsed_s / middle['floor']:12.2f} {cpu_s:15.1f} {peak_mb:9.0f}")
    assert middle["ours"] <= MOST_TIMES_THE_FLOOR * middle["floor"]
    assert middle["ours"] < middle["hugging face"]


def _run(name: str, file: Path, home: Path) -> dict[str, Any]:
    """One contestant in a process of its own, on a library that is new."""
    Library.open(home, write=True).close()
    database = str(home / LIBRARY_FILE)
    commands = {
        "floor": [sys.executable, str(SCRIPTS / "floor.py"), database, str(file)],
        "ours": [sys.executable, str(SCRIPTS / "ours.py"), str(home), str(file)],
        "hugging face": [str(PEERS_PYTHON), str(SCRIPTS / "hugging_face.py"), database, str(file), str(home / "cache")],
    }
    quiet = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1", "HF_HOME": str(home / "hf")}
    done = subprocess.run(
        commands[name], capture_output=True, text=True, check=True, cwd=ROOT, env={**os.environ, **quiet}
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
