"""Pictures of the window for people to look at: every pane, light and dark, at two sizes, over a real practice library.

    packaging/screenshots.sh .venv/bin/python [FOLDER]

The library is made by a real practice loop in a temporary folder, with an import that waits for review, and pictures
are also taken while it runs.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication

from lorastudio.bridge.backend import Backend
from lorastudio.practice.questions import preference_pairs
from lorastudio.ui.app import STYLE
from lorastudio.ui.import_sheet import ImportSheet
from lorastudio.ui.main_window import MainWindow
from lorastudio.ui.pane_stack import PANES
from lorastudio.ui.theme import Theme
from lorastudio.ui.window_state import WindowState

SIZES = ((1100, 700), (1440, 900))
MODES = ("light", "dark")
SETTLE_S = 1.2
LIMIT_S = 600


class Photographer:
    """Drives one window, and saves what it shows."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.app = QApplication(["lorastudio", *STYLE])
        self.theme = Theme(self.app, "light")
        self.backend = Backend(home)
        self.window = MainWindow(self.backend, self.theme, WindowState())
        self.window.first_frame.connect(self.backend.open)
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def until(self, holds: Callable[[], object], limit_s: float = LIMIT_S) -> None:
        give_up_s = time.monotonic() + limit_s
        while not holds():
            if time.monotonic() > give_up_s:
                raise TimeoutError("the window never came so far")
            self.app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)

    def settle(self, seconds: float = SETTLE_S) -> None:
        give_up_s = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > give_up_s)

    def take(self, name: str) -> None:
        """One picture in each theme and size."""
        for mode in MODES:
            self.theme.set_mode(mode)
            for width, height in SIZES:
                self.window.resize(width, height)
                self.settle(0.4)
                self.window.grab().save(str(self._folder / f"{name}-{mode}-{width}x{height}.png"))
        self.theme.set_mode("light")


def main(folder: Path) -> int:
    with tempfile.TemporaryDirectory() as place:
        shots = Photographer(Path(place) / "home", folder)
        shots.window.show()
        try:
            _take_all(shots, Path(place))
        finally:
            shots.window.hide()
            closed = shots.backend.close()
        return 0 if closed else 1


def _take_all(shots: Photographer, place: Path) -> None:
    shots.until(lambda: shots.backend.is_open)
    shots.settle()
    shots.take("first")
    _practise(shots)
    _import(shots, place / "feedback.jsonl")
    for name, _ in PANES:
        shots.window.show_pane(name)
        shots.settle()
        shots.take(name)


def _practise(shots: Photographer) -> None:
    """Run the practice loop; the panes that show work are also taken while it is under way."""
    shots.window.commands.practise()
    (job,) = shots.backend.running("cycle")
    for stage, pane in (("drafting", "drafts"), ("training", "training")):
        shots.until(lambda stage=stage: job.state != "running" or job.telling.stage == stage)
        shots.window.show_pane(pane)
        shots.settle(4.0)
        shots.take(f"{pane}-running")
    shots.until(lambda: job.state != "running")
    if job.error is not None:
        raise job.error


def _import(shots: Photographer, file: Path) -> None:
    """Import pairs that then wait for review; the report is taken too."""
    # Gate questions themselves are refused, so each gets a word of its own.
    rows = [
        {"prompt": f"{pair.prompt} Sample {number}.", "chosen": pair.good, "rejected": pair.bad}
        for number, pair in enumerate(preference_pairs(40))
    ]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    lines[7] = lines[7][:40]
    file.write_text("\n".join(lines), encoding="utf-8")
    shots.window.show_pane("pairs")
    shots.window.take_files([file])
    shots.until(lambda: not shots.backend.running("import"))
    shots.settle()
    shots.take("import")
    sheet = shots.window.findChild(ImportSheet, "import_report")
    if sheet is None:
        raise RuntimeError("the import made no report")
    sheet.dismiss()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
