"""How late the window's loop is while everything runs at once, beside a bare Qt loop under the same load.

    make bench     (needs a display: under `xvfb-run` where there is none)

A timer of 10 ms beats in the window's process during a practice cycle, a training run and an import of 20,000 rows,
and the same timer in a process of its own that does nothing else. Lateness is what an interval is longer than 10 ms.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QElapsedTimer, QEventLoop, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.requests.importing import import_pairs
from lorastudio.bridge.requests.looping import practise
from lorastudio.domain.events import Event
from lorastudio.ui.app import SWITCH_INTERVAL_S
from lorastudio.ui.main_window import MainWindow
from lorastudio.ui.theme import Theme
from lorastudio.ui.window_state import WindowState

BEAT_MS = 10
ROWS = 20_000
MOST_EXCESS_MS = 50.0
LIMIT_S = 580
BARE = f"""
import json, sys, threading
from PySide6.QtCore import QCoreApplication, QElapsedTimer, Qt, QTimer
app = QCoreApplication([])
clock = QElapsedTimer()
clock.start()
late = []
def beat():
    late.append(max(0.0, clock.nsecsElapsed() / 1e6 - {BEAT_MS}))
    clock.restart()
timer = QTimer(interval={BEAT_MS})
timer.setTimerType(Qt.TimerType.PreciseTimer)
timer.timeout.connect(beat)
timer.start()
def wait():
    sys.stdin.read()
    app.quit()
threading.Thread(target=wait).start()
app.exec()
print(json.dumps(late))
"""


class Heart(QObject):
    """Beats in the window's loop."""

    def __init__(self) -> None:
        super().__init__()
        self.late_ms: list[float] = []
        self._clock = QElapsedTimer()
        self._timer = QTimer(self, interval=BEAT_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_beat)

    def start(self) -> None:
        self._clock.start()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def _on_beat(self) -> None:
        self.late_ms.append(max(0.0, self._clock.nsecsElapsed() / 1e6 - BEAT_MS))
        self._clock.restart()


def train_on_file(library, servers, cancel, path: Path) -> Iterator[Event]:
    from lorastudio.services.practice import practice_recipe
    from lorastudio.services.training_runs import prepare_run, train_run

    run = prepare_run(library, practice_recipe(1), base="practice", source=path)
    yield from train_run(library, run.id, cancel)


@pytest.mark.bench
@pytest.mark.timeout(900)
def test_heartbeat(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few, many = _pairs(tmp_path / "train.jsonl", 400, 2), _pairs(tmp_path / "import.jsonl", ROWS, 1)
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    app = QApplication.instance() or QApplication([])
    theme, backend = Theme(app), Backend(tmp_path / "home")
    window = MainWindow(backend, theme, WindowState())
    window.first_frame.connect(backend.open)
    window.show()
    _wait(lambda: backend.is_open, 60)
    window.show_pane("drafts")
    bare = subprocess.Popen([sys.executable, "-c", BARE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    heart = Heart()
    heart.start()
    backend.start("cycle", "Practice loop", practise)
    backend.start("training", "Training", train_on_file, few)
    backend.start("import", "Import", import_pairs, (many,))
    began_s = time.monotonic()
    _wait(lambda: not backend.running(), LIMIT_S)
    heart.stop()
    took_s = time.monotonic() - began_s
    words, _ = bare.communicate("", timeout=20)
    states = {job.title: job.state for job in backend.jobs}
    errors = [str(job.error) for job in backend.jobs if job.error]
    window.close()
    assert backend.close()
    window.deleteLater()
    sys.setswitchinterval(before_s)
    assert set(states.values()) == {"done"}, (states, errors)
    with capsys.disabled():
        excess_ms = _print_table(heart.late_ms, json.loads(words), took_s)
    assert excess_ms < MOST_EXCESS_MS


def _print_table(ours: list[float], bare: list[float], took_s: float) -> float:
    sys.stdout.write(
        f"\nLateness of a {BEAT_MS} ms timer over {took_s:.0f} s of cycle + training + import of {ROWS:,} rows, ms\n"
    )
    sys.stdout.write(f"  {'':14}{'p50':>8}{'p99':>8}{'max':>8}{'beats':>8}\n")
    for name, late in (("bare Qt", bare), ("LoRA Studio", ours)):
        sys.stdout.write(f"  {name:14}{_share(late, 0.5):8.1f}{_share(late, 0.99):8.1f}{max(late):8.1f}{len(late):8}\n")
    excess_ms = max(ours) - max(bare)
    sys.stdout.write(f"  excess of the worst beat {excess_ms:.1f} (under {MOST_EXCESS_MS:.0f})\n")
    return excess_ms


def _share(late: list[float], share: float) -> float:
    return sorted(late)[min(len(late) - 1, int(share * len(late)))]


def _wait(done, limit_s: float) -> None:
    loop, give_up_s = QEventLoop(), time.monotonic() + limit_s
    while not done():
        assert time.monotonic() < give_up_s, "took too long"
        loop.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)


def _pairs(path: Path, rows: int, seed: int) -> Path:
    words = [
        "copper",
        "sample",
        "annealed",
        "furnace",
        "argon",
        "minutes",
        "repeated",
        "measured",
        "grain",
        "size",
        "hardness",
        "rose",
        "fell",
        "by",
        "kelvin",
    ]
    draw = random.Random(seed)
    with path.open("w") as file:
        for number in range(rows):
            good, bad = (" ".join(draw.choices(words, k=60)) for _ in range(2))
            row = {"prompt": f"Report {number}: {' '.join(draw.choices(words, k=8))}", "chosen": good, "rejected": bad}
            file.write(json.dumps(row) + "\n")
    return path
