"""The footer: the running work with its progress, step and time left, and the way to the log of all work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from lorastudio.ui.jobs import how_far, share_of
from lorastudio.ui.widgets.buttons import Button, DangerButton
from lorastudio.ui.widgets.labels import ElidedText, Text
from lorastudio.ui.widgets.thin_bar import ThinBar

if TYPE_CHECKING:
    from lorastudio.bridge.job import Job

HEIGHT_PX = 34
BAR_PX = 260


class Footer(QFrame):
    """Shows the oldest running job; the others are counted, and all are in the activity log."""

    activity_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("footer")
        self.setFixedHeight(HEIGHT_PX)
        self._job: Job | None = None
        self._title = Text("Nothing running")
        self._bar = ThinBar()
        self._bar.setFixedWidth(BAR_PX)
        self._step = ElidedText()
        self._more = Text()
        self._stop = DangerButton("Stop", "footer.stop")
        self._stop.setToolTip("Stop and keep what is finished; it can be gone on with (Ctrl+.)")
        self._stop.clicked.connect(self._on_stop)
        self._activity = Button("Activity", "footer.activity")
        self._activity.clicked.connect(self.activity_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(14)
        for widget in (self._title, self._bar):
            row.addWidget(widget)
        row.addWidget(self._step, 1)
        for widget in (self._stop, self._more, self._activity):
            row.addWidget(widget)
        self.show_jobs([])

    def show_jobs(self, running: list[Job]) -> None:
        """Show how far the running work is."""
        self._job = running[0] if running else None
        job = self._job
        self._title.setText(job.title if job else "Nothing running")
        share = share_of(job) if job else None
        self._bar.setVisible(share is not None)
        self._bar.set_share(share or 0.0)
        self._step.say(how_far(job) if job else "")
        self._stop.setVisible(job is not None)
        self._stop.setEnabled(job is not None and not job.stopping)
        others = running[1:]
        self._more.setText(f"{others[0].title}: {how_far(others[0])}" if len(others) == 1 else f"{len(others)} more")
        self._more.setVisible(bool(others))

    @Slot()
    def stop_job(self) -> None:
        """Stop the work that is shown, keeping what it has."""
        if self._job is not None:
            self._job.stop()
            self._stop.setEnabled(False)
            self._step.say(how_far(self._job))

    @Slot()
    def _on_stop(self) -> None:
        self.stop_job()
