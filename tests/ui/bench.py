"""A pane on the bench: over a real backend and library, with the events of the window pumped by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop
from PySide6.QtWidgets import QApplication, QWidget

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.job import Job
from lorastudio.ui.panes.base import Pane
from lorastudio.ui.theme import Mode, Theme

LIMIT_S = 150.0
PAUSE_MS = 10

P = TypeVar("P", bound=Pane)
W = TypeVar("W", bound=QWidget)


class Bench:
    """Use as a context manager; the library in `home` is open inside."""

    def __init__(self, home: Path, *, mode: Mode = "light") -> None:
        self.app = QApplication.instance() or QApplication([])
        self.theme = Theme(self.app, mode)
        self.backend = Backend(home)
        self.pane: Pane | None = None

    def __enter__(self) -> Bench:
        self.backend.open()
        self.until(lambda: self.backend.is_open)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        closed = self.backend.close()
        if self.pane is not None:
            self.pane.deleteLater()
        self.theme.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        assert closed

    def show(self, kind: type[P], *, saved: dict[str, object] | None = None) -> P:
        """Build and show a pane as the window does."""
        self.pane = pane = kind(self.backend, self.theme)
        pane.restore(saved or {})
        pane.resize(1100, 760)
        pane.show()
        pane.activateWindow()  # a screen without a window manager gives the keys to nobody unasked
        self.until(pane.isActiveWindow)
        pane.shown()
        return pane

    def until(self, holds: Callable[[], object], limit_s: float = LIMIT_S) -> None:
        """Run the event loop until something holds."""
        give_up_at = time.monotonic() + limit_s
        while not holds():
            assert time.monotonic() < give_up_at, "it never happened"
            self.app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, PAUSE_MS)

    def ended(self, kind: str) -> Job:
        """Wait for the newest job of a kind to end, and for the pane to hear of it."""
        job = [job for job in self.backend.jobs if job.kind == kind][-1]
        self.until(lambda: job.state != "running")
        self.app.processEvents()
        return job


def find(root: QWidget, kind: type[W], name: str) -> W:
    """The widget of that object name."""
    found = root.findChild(kind, name)
    assert found is not None, name
    return found
