"""Where it runs, what deploying the selected version would change there, and what was changed before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit

from lorastudio.ui.jobs import how_far, share_of
from lorastudio.ui.panes.versions.words import at_start
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.dot import Dot
from lorastudio.ui.widgets.labels import Dim, Figure, Strong, Text
from lorastudio.ui.widgets.thin_bar import ThinBar
from lorastudio.ui.wording import version_name

if TYPE_CHECKING:
    from lorastudio.bridge.job import Job
    from lorastudio.bridge.requests.versions import VersionLine, VersionsView
    from lorastudio.store.deployments import Deployment

HISTORY = 4
VERBS = {"deploy": "deployed", "forced": "deployed against the gate", "rollback": "rolled back to"}


class DeployCard(Card):
    """`against_gate` comes with the reason that a person typed."""

    against_gate = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__("Where it runs")
        self._dot = Dot(theme, "faint")
        self._address = Figure(kind="dim")
        place = QHBoxLayout()
        place.setSpacing(10)
        place.addWidget(self._dot)
        place.addWidget(Text("This computer"))
        place.addStretch()
        place.addWidget(self._address)
        self.change = Strong()
        self.change.setObjectName("versions.change")
        self.words = Dim(wrap=True)
        self.bar = ThinBar()
        self.bar.setAccessibleName("Progress of the deployment")
        self.reason = QLineEdit()
        self.reason.setObjectName("versions.reason")
        self.reason.setAccessibleName("Reason for deploying against the gate")
        self.reason.setPlaceholderText("Why? The history keeps it")
        self.force_button = Button("Deploy against the gate", "versions.force", kind="danger")
        self.history = Dim(wrap=True)
        self.history.setObjectName("versions.history")
        self.body.addLayout(place)
        for widget in (self.change, self.words, self.bar, self.reason, self.force_button, self.history):
            self.body.addWidget(widget)
        self.reason.textChanged.connect(self._on_reason)
        self.reason.returnPressed.connect(self._on_force)
        self.force_button.clicked.connect(self._on_force)
        self._busy = False
        self._on_reason()
        self.show_progress(None)

    def show_change(self, view: VersionsView, line: VersionLine | None, address: str) -> None:
        """What would change with `line` (None: the base)."""
        number = None if line is None else line.version.version
        same = number == view.live and (number is not None or bool(view.history))
        self._dot.set_colour("good" if address else "faint")
        self._address.setText(address.removeprefix("http://") or "starts when needed")
        now, then = version_name(view.live), version_name(number)
        self.change.setText(f"{at_start(then)} is live" if same else f"{now} → {then}")
        self.words.setText(_words(now, then, same, line))
        against = line is not None and line.state not in ("live", "archived", "candidate")
        self.reason.setVisible(against)
        self.force_button.setVisible(against)
        self.history.setText("\n".join(_entry(entry) for entry in reversed(view.history[-HISTORY:])))
        self.history.setVisible(bool(view.history))

    def show_progress(self, job: Job | None) -> None:
        """The deployment's job while it runs."""
        self._busy = job is not None
        self.bar.setVisible(self._busy)
        if job is not None:
            self.words.setText(how_far(job) or "Starting")
            self.bar.set_share(share_of(job) or 0.0)
        self._on_reason()

    @Slot()
    def _on_reason(self) -> None:
        self.reason.setEnabled(not self._busy)
        self.force_button.setEnabled(not self._busy and bool(self.reason.text().strip()))

    @Slot()
    def _on_force(self) -> None:
        reason = self.reason.text().strip()
        if reason and not self._busy:
            self.reason.clear()
            self.against_gate.emit(reason)


def _words(now: str, then: str, same: bool, line: VersionLine | None) -> str:
    if same:
        return f"Requests to “lorastudio” are answered by {then}."
    change = f"Requests to “lorastudio” would be answered by {then} instead of {now}."
    proof = f"{at_start(now)} stays if a check of the files or a probe fails."
    if line is None or line.state in ("archived", "candidate"):
        return f"{change} {proof}"
    why = "The gate has not judged it yet" if line.report is None else f"The gate says “{line.version.verdict}”"
    return f"{change} {proof} {why}: deploying it needs a reason."


def _entry(entry: Deployment) -> str:
    """22 Nov 12:00: v1 deployed against the gate: a test."""
    what = (
        f"{entry.started_at[:16].replace('T', ' ')}: {VERBS.get(entry.kind, entry.kind)} {version_name(entry.version)}"
    )
    reason = f", because “{entry.reason}”" if entry.reason else ""
    end = "" if entry.state == "done" else f" – {entry.state}: {entry.note}" if entry.note else f" – {entry.state}"
    return f"{what}{reason}{end}"
