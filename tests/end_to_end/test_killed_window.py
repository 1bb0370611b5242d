"""The window killed in the middle of work: its children end with it, and the next start offers to go on."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.end_to_end.processes import children_of, lives
from tests.ui.window import OpenWindow

WINDOW_AT_WORK = """
import sys
from pathlib import Path
from lorastudio.ui import app
from lorastudio.ui.main_window import MainWindow

def practise(self, mended):
    was_opened(self, mended)
    self.commands.practise()

was_opened, MainWindow._on_opened = MainWindow._on_opened, practise
sys.exit(app.run_window(Path(sys.argv[1]), []))
"""
LIMIT_S = 90.0


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_kill_9(tmp_path: Path) -> None:
    window = subprocess.Popen([sys.executable, "-c", WINDOW_AT_WORK, str(tmp_path)], cwd=Path(__file__).parents[2])
    give_up_s = time.monotonic() + LIMIT_S
    while len(children := children_of(window.pid)) < 2:  # the engine and the practice critic
        assert time.monotonic() < give_up_s and window.poll() is None
        time.sleep(0.05)
    window.kill()
    window.wait()
    while alive := [pid for pid in children if lives(pid)]:
        assert time.monotonic() < give_up_s, alive
        time.sleep(0.05)
    with OpenWindow(tmp_path) as opened:
        opened.until(lambda: opened.window.notice.isVisible())
        assert opened.window.notice.message.text() == "Cycle 1 (drafting) was left unfinished."
        assert opened.window.notice.button.text() == "Go on"
