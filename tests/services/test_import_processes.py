"""Imports beside other work and under kill -9: drafts are saved meanwhile, nothing is half there, memory stays."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.messages import user
from lorastudio.domain.pair import NewPair, Origin, Split
from lorastudio.services.data_jobs import import_apart
from lorastudio.services.import_report import ImportFinished
from lorastudio.store.groups import assign_splits
from lorastudio.store.imports import sweep_imports
from lorastudio.store.library import Library
from lorastudio.store.pairs import add_pairs, count_pairs, list_pairs

IMPORT = """
import resource, sys
from pathlib import Path
from lorastudio.domain.cancel import CancelToken
from lorastudio.services.importing import import_files
from lorastudio.store.library import Library

with Library.open(Path(sys.argv[1]), write=True) as library:
    for file in sys.argv[2:]:
        for event in import_files(library, [Path(file)], cancel=CancelToken()):
            print(event.event, flush=True)
        print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)
"""


def write_pairs(path: Path, rows: int, mark: str = "") -> Path:
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            words = f"{mark}{number} {(number * 7919) % 10_007} " * 12
            row = {"prompt": f"Question {mark}{number}?", "chosen": f"good {words}", "rejected": f"worse {words}"}
            file.write(json.dumps(row) + "\n")
    return path


def start(home: Path, *files: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", IMPORT, str(home), *map(str, files)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("batches", [2, 4])
def test_a_kill_leaves_no_part_of_a_file(tmp_path: Path, batches: int) -> None:
    file = write_pairs(tmp_path / "pairs.jsonl", 4000)
    with start(tmp_path / "home", file) as process:
        assert process.stdout is not None
        for _ in range(batches):
            assert process.stdout.readline() == "progress\n"
        process.send_signal(signal.SIGKILL)
    with Library.open(tmp_path / "home", write=True) as library:
        assert list_pairs(library) == []
        assert sweep_imports(library) == 1
        assert library.value("SELECT count(*) FROM pairs") == 0
        assert sum(count_pairs(library).values()) == 0


def test_drafts_go_on_being_saved_while_a_file_comes_in(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.jsonl", 3000)
    with Library.open(tmp_path / "home", write=True) as library:
        assign_splits(library, {"g": Split.TRAIN})
        saved = 0
        reports = []
        for event in import_apart(library, [file], cancel=CancelToken()):
            reports += [event.report] if isinstance(event, ImportFinished) else []
            add_pairs(library, [NewPair(user(f"draft {saved}"), "good", "bad", "g", Origin.DRAFTED)])
            saved += 1
            # All of the file or nothing of it, beside every draft.
            assert sum(count_pairs(library).values()) - saved in (0, 3000)
        assert [report.pairs_added for report in reports] == [3000]
        assert saved > 3


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    small, large = write_pairs(tmp_path / "a", 1500, "a"), write_pairs(tmp_path / "b", 12_000, "b")
    options = IMPORT.replace("cancel=", "options=ImportOptions(near_duplicates=False), cancel=")
    script = "from lorastudio.services.import_options import ImportOptions\n" + options
    command = [sys.executable, "-c", script, str(tmp_path / "home"), str(small), str(large)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    peaks_kb = [int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("peak")]
    assert large.stat().st_size > 4_000_000
    # What grows are SQLite's page cache (2 MB) and the batches, which get longer where the disk is quick.
    assert peaks_kb[1] - peaks_kb[0] < 12_000


@pytest.mark.soak
@pytest.mark.timeout(7_200)
def test_a_gigabyte_comes_in_under_400_mb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A gigabyte of lines, by the program's usual settings, while drafts are being saved."""
    file = tmp_path / "pairs.jsonl"
    with file.open("w", encoding="utf-8") as lines:
        number = 0
        while lines.tell() < 1_000_000_000:
            words = " ".join(f"{(number * 7919 + place * 104_729) % 50_021}" for place in range(75))
            row = {"prompt": f"Question {number}?", "chosen": f"good {words}", "rejected": f"worse {words[::-1]}"}
            lines.write(json.dumps(row) + "\n")
            number += 1
    waits_s: list[float] = []
    with Library.open(tmp_path / "home", write=True) as library:
        assign_splits(library, {"g": Split.TRAIN})
        reports = []
        for event in import_apart(library, [file], cancel=CancelToken()):
            reports += [event.report] if isinstance(event, ImportFinished) else []
            began_at = time.monotonic()
            add_pairs(library, [NewPair(user(f"draft {len(waits_s)}"), "good", "bad", "g", Origin.DRAFTED)])
            waits_s.append(time.monotonic() - began_at)
        assert [report.pairs_added for report in reports] == [number]
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    waits_s.sort()
    with capsys.disabled():
        sys.stdout.write(f"\n{number} pairs, {file.stat().st_size / 1e6:.0f} MB, peak {peak_mb:.0f} MB\n")
        sys.stdout.write(f"{len(waits_s)} drafts waited {waits_s[-1]:.3f} s at most, 99% {_at(waits_s, 0.99):.3f} s\n")
    assert peak_mb < 400


def _at(ordered: list[float], share: float) -> float:
    return ordered[int(share * (len(ordered) - 1))]
