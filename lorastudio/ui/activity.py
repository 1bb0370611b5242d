"""The log of all work since the window was opened, with its errors and warnings."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.job import Job
from lorastudio.ui.jobs import CHIPS, STATES, how_far, share_of
from lorastudio.ui.widgets.buttons import Button, DangerButton
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.empty_state import EmptyState
from lorastudio.ui.widgets.kinds import set_kind
from lorastudio.ui.widgets.labels import Dim, Figure, Strong
from lorastudio.ui.widgets.thin_bar import ThinBar

MOST_WARNINGS = 20


class ActivityDialog(QDialog):
    """Not modal; one card a job, the newest at the top."""

    diagnostics_wanted = Signal()

    def __init__(self, backend: Backend, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("activity")
        self.setWindowTitle("Activity")
        self.resize(620, 480)
        self._backend = backend
        self._cards: dict[Job, JobCard] = {}
        self._list = QVBoxLayout()
        self._list.setSpacing(10)
        self._list.addStretch()
        inside = QWidget()
        inside.setLayout(self._list)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        self._empty = EmptyState("Nothing has run yet", "Drafting, imports, training and deployments are listed here.")
        column = QVBoxLayout(self)
        column.addWidget(self._empty, 1)
        column.addWidget(area, 1)
        column.addLayout(self._build_buttons())
        self._area = area
        for job in backend.jobs:
            self._add(job)
        backend.job_started.connect(self._add)
        self._show_which()

    def _build_buttons(self) -> QHBoxLayout:
        copy = Button("Copy diagnostics", "activity.copy_diagnostics")
        copy.setToolTip("Versions, recent work and the end of the log, with secrets taken out")
        copy.clicked.connect(self.diagnostics_wanted)
        close = Button("Close", "activity.close")
        close.clicked.connect(self.close)
        row = QHBoxLayout()
        row.addWidget(copy)
        row.addStretch()
        row.addWidget(close)
        return row

    @Slot(object)
    def _add(self, job: Job) -> None:
        card = JobCard(job)
        self._cards[job] = card
        self._list.insertWidget(0, card)
        self._show_which()

    def _show_which(self) -> None:
        self._empty.setVisible(not self._cards)
        self._area.setVisible(bool(self._cards))


class JobCard(Card):
    """One job: what it is, how far, how it ended, and what it warned of."""

    def __init__(self, job: Job) -> None:
        super().__init__(job.title)
        self._job = job
        self._chip = Chip()
        self._time = Figure(kind="dim", px=11)
        self._stop = DangerButton("Stop", "activity.stop", kind="danger")
        self._stop.clicked.connect(job.stop)
        for widget in (self._chip, self._stop):
            self.head.addWidget(widget)
        self.head.insertStretch(1)
        self.head.insertWidget(2, self._time)
        self._step = Dim(wrap=True)
        self._bar = ThinBar()
        self._error = Strong(kind="bad", wrap=True)
        self._hint = Dim(wrap=True)
        self._warnings = Dim(kind="warn", wrap=True)
        for line in (self._step, self._error, self._hint, self._warnings):
            line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for widget in (self._step, self._bar, self._error, self._hint, self._warnings):
            self.body.addWidget(widget)
        job.events.connect(self._refresh)
        job.ended.connect(self._refresh)
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        job = self._job
        self._chip.say("stopping" if job.stopping else STATES[job.state], CHIPS[job.state])
        self._time.setText(_clock(job.ended_at or job.started_at))
        self._stop.setVisible(job.state == "running")
        self._stop.setEnabled(not job.stopping)
        self._step.setText(how_far(job))
        self._step.setVisible(bool(self._step.text()) and job.state != "failed")
        share = share_of(job)
        self._bar.setVisible(job.state == "running" and share is not None)
        self._bar.set_share(share or 0.0)
        self._error.setText(job.error.message if job.error else "")
        self._hint.setText(job.error.hint if job.error else "")
        self._warnings.setText("\n".join(f"Note: {words}" for words in job.telling.warnings[-MOST_WARNINGS:]))
        for label in (self._error, self._hint, self._warnings):
            label.setVisible(bool(label.text()))
        set_kind(self._bar, "")


def _clock(moment: str) -> str:
    """The hour and minute here, out of the library's own way to write a moment in UTC."""
    from datetime import datetime

    return datetime.fromisoformat(moment).astimezone().strftime("%H:%M") if moment else ""
