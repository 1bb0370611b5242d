"""Quitting while work runs: asks, then stops and keeps, and never waits without a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from lorastudio.bridge.backend import Backend
from lorastudio.ui.jobs import how_far
from lorastudio.ui.widgets.buttons import Button, PrimaryButton

if TYPE_CHECKING:
    from lorastudio.ui.sheet import Sheet

STOP_LIMIT_MS = 12_000


class Quitter(QObject):
    """One per window; `may_quit` decides, `ready` says that now it may."""

    ready = Signal()

    def __init__(self, backend: Backend, window: QWidget) -> None:
        super().__init__(window)
        self._backend = backend
        self._window = window
        self._sheet: Sheet | None = None
        self._stopping = False
        self._decided = False
        self._limit = QTimer(self, singleShot=True, interval=STOP_LIMIT_MS)
        self._limit.timeout.connect(self._on_done)
        backend.job_ended.connect(self._on_job_ended)

    def may_quit(self) -> bool:
        """True when nothing runs or it was decided; otherwise the person is asked."""
        if self._decided or not self._backend.running():
            return True
        if self._sheet is None:
            self._ask()
        return False

    @Slot()
    def stop_and_quit(self) -> None:
        """Stop all work, keep what it has, and be ready as soon as it has ended, or after the limit."""
        if self._stopping:
            return
        self._stopping = True
        self._backend.stop_jobs()
        self._limit.start()
        if not self._backend.running():
            self._on_done()

    def _ask(self) -> None:
        from lorastudio.ui.sheet import Sheet

        sheet = Sheet("Quit while work is running?", self._window)
        sheet.setObjectName("quit")
        for job in self._backend.running():
            sheet.add_words(f"{job.title}. {how_far(job)}".strip())
        self._words = sheet.add_words("It is stopped and kept: the next start offers to go on where it was.")
        stay = Button("Keep working", "quit.stay")
        stay.clicked.connect(sheet.dismiss)
        self._stop = PrimaryButton("Stop, keep and quit", "quit.stop")
        self._stop.clicked.connect(self._on_stop)
        sheet.buttons.addStretch()
        sheet.buttons.addWidget(stay)
        sheet.buttons.addWidget(self._stop)
        sheet.closed.connect(self._on_closed)
        self._sheet = sheet
        sheet.open(self._stop)

    @Slot()
    def _on_stop(self) -> None:
        self._stop.setEnabled(False)
        self._words.setText("Stopping. What is finished is being kept…")
        self.stop_and_quit()

    @Slot()
    def _on_closed(self) -> None:
        self._sheet = None

    @Slot(object)
    def _on_job_ended(self, _job: object) -> None:
        if self._stopping and not self._backend.running():
            self._on_done()

    @Slot()
    def _on_done(self) -> None:
        self._limit.stop()
        self._decided = True
        self.ready.emit()
