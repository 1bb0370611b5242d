"""The runs so far, the newest first: one button each, which shows its curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.labels import Dim, Figure, Text
from lorastudio.ui.wording import count

if TYPE_CHECKING:
    from lorastudio.domain.run import Run

SHOWN = 40
CHIPS = {
    "prepared": ("prepared", ""),
    "running": ("running", "accent"),
    "interrupted": ("stopped", "warn"),
    "failed": ("failed", "bad"),
    "discarded": ("discarded", ""),
}


def run_chip(run: Run) -> tuple[str, str]:
    """A run's state in a word, and the kind of its chip."""
    if run.state.value == "finished":
        return f"v{run.reserved_version}", "good"
    return CHIPS[run.state.value]


class RunButton(QPushButton):
    """One run: its state, its number, its last loss."""

    def __init__(self, run: Run, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.run_id = run.id
        self.setObjectName(f"training.run.{run.id}")
        self.setProperty("kind", "row")
        self.setCheckable(True)
        self.setFixedHeight(32)
        words, kind = run_chip(run)
        loss = run.result.get("final_loss")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(10)
        row.addWidget(Chip(words, kind))
        row.addWidget(Text(f"run {run.id}"))
        row.addStretch()
        row.addWidget(Figure("" if loss is None else f"{loss:.3f}", kind="dim"))
        for label in self.findChildren(Text):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName(f"Run {run.id}, {words}" + ("" if loss is None else f", loss {loss:.3f}"))
        self.setToolTip(
            f"{count(run.num_examples)} examples, {run.created_at}" + (f"\n{run.error}" if run.error else "")
        )


class RunList(Card):
    """Says which run was chosen."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__("Earlier runs")
        self.body.setSpacing(2)
        self._buttons: list[RunButton] = []
        self._told: tuple[Run, ...] | None = None
        self._shown = 0
        self._more = Dim()
        self._more.hide()
        self.body.addWidget(self._more)

    def show_runs(self, runs: tuple[Run, ...]) -> None:
        """All runs, oldest first as the library gives them."""
        if runs == self._told:
            return
        self._told = runs
        focused = next((button.run_id for button in self._buttons if button.hasFocus()), None)
        for button in self._buttons:
            button.hide()
            button.deleteLater()
        newest = list(reversed(runs))[:SHOWN]
        self._buttons = [RunButton(run) for run in newest]
        for place, button in enumerate(self._buttons):
            self.body.insertWidget(1 + place, button)
            button.clicked.connect(self._on_clicked)
            if button.run_id == focused:
                button.setFocus()
        self._more.setVisible(len(runs) > SHOWN)
        self._more.setText(f"{count(len(runs) - SHOWN)} older runs are listed by `lorastudio runs`.")
        self.setVisible(bool(runs))
        self.show_chosen(self._shown)

    def show_chosen(self, run_id: int) -> None:
        """Mark the run whose curves are shown."""
        self._shown = run_id
        for button in self._buttons:
            button.setChecked(button.run_id == run_id)

    @Slot()
    def _on_clicked(self) -> None:
        button = self.sender()
        if isinstance(button, RunButton):
            self.show_chosen(button.run_id)
            self.chosen.emit(button.run_id)
