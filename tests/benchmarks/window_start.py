"""How long from the start of the process to the first frame, beside a window of Qt alone in the same run.

    make bench     (needs a display: under `xvfb-run` where there is none)

The program must not take more than 1.5 times what the bare window takes.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROUNDS = 7
LIMIT = 1.5
# Both print when their first frame is on the screen; the clock is the one that the parent reads, too.
PRINT_AND_END = "sys.stdout.write(str(time.monotonic())); sys.stdout.flush(); os._exit(0)"
BARE = f"""
import os, sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        QTimer.singleShot(0, shown)
def shown():
    {PRINT_AND_END}
app = QApplication([])
window = Window()
window.resize(1360, 860)
window.show()
app.exec()
"""
OURS = f"""
import os, sys, time
from pathlib import Path
from lorastudio.ui.main_window import MainWindow
def shown(self):
    {PRINT_AND_END}
MainWindow._on_first_frame = shown
from lorastudio.__main__ import main
sys.argv = ["lorastudio"]
main()
"""


@pytest.mark.bench
def test_first_window(tmp_path: Path) -> None:
    for program in (BARE, OURS):
        _time_to_frame(program, tmp_path)
    bare_s, ours_s = [], []
    for _ in range(ROUNDS):
        bare_s.append(_time_to_frame(BARE, tmp_path))
        ours_s.append(_time_to_frame(OURS, tmp_path))
    bare, ours = statistics.median(bare_s), statistics.median(ours_s)
    sys.stdout.write(f"\nProcess start to first frame, median of {ROUNDS}\n")
    sys.stdout.write(f"  bare PySide6 window  {1000 * bare:6.0f} ms\n")
    sys.stdout.write(f"  LoRA Studio          {1000 * ours:6.0f} ms   {ours / bare:.2f} times (at most {LIMIT})\n")
    assert ours <= LIMIT * bare


def _time_to_frame(program: str, home: Path) -> float:
    environment = os.environ | {"LORASTUDIO_HOME": str(home / "home"), "PYTHONPYCACHEPREFIX": str(home / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # both start from bytecode, as from the second start on
    began_s = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    return float(done.stdout) - began_s
