"""The curves of one run: loss as the hero, and below it three more that a person chooses."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lorastudio.ui.panes.training.chart_card import ChartCard, SmallChart
from lorastudio.ui.panes.training.chart_kinds import LOSS, USUAL
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.labels import Dim
from lorastudio.ui.widgets.plots.loading import ChartLoading
from lorastudio.ui.widgets.plots.run_curves import RunCurves
from lorastudio.ui.wording import count

LEGEND_FROM_PX = 640


class CurvesView(QWidget):
    """Shows one `RunCurves`; tell it `grown` when there is more in it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.curves = RunCurves()
        self.loss = ChartCard(theme, "training.chart.loss", LOSS, "Loss")
        self.small = [SmallChart(theme, place, key) for place, key in enumerate(USUAL, 1)]
        self._build_loss_head()
        row = QHBoxLayout()
        row.setSpacing(10)
        for card in self.small:
            row.addWidget(card, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.loss, 1)
        column.addLayout(row)
        self._cards: list[ChartCard] = [self.loss, *self.small]
        self._waiting = list(self._cards)
        self._next = QTimer(self, singleShot=True, interval=0)
        self._next.timeout.connect(self._build_next)
        self.loading = ChartLoading(self)
        self.loading.ready.connect(self._build_next)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.legend.setVisible(self.width() >= LEGEND_FROM_PX)

    @property
    def complete(self) -> bool:
        """All charts are built."""
        return not self._waiting

    def chosen(self) -> list[str]:
        """What the small charts show, from left to right."""
        return [card.key for card in self.small]

    def choose(self, keys: Sequence[str]) -> None:
        """Show these in the small charts."""
        for card, key in zip(self.small, keys, strict=False):
            card.show_kind(key)

    def show_curves(self, curves: RunCurves) -> None:
        """Show another run."""
        self.curves = curves
        self.loading.start()
        for card in self._cards:
            card.show_curves(curves)
        self._tell()

    def grown(self) -> None:
        """There are more points."""
        for card in self._cards:
            card.grown()
        self._tell()

    def _build_loss_head(self) -> None:
        self.train_chip, self.development_chip = Chip("", "accent"), Chip("", "warn")
        self.gap_chip = Chip("", "bad")
        chips = QHBoxLayout()
        chips.setSpacing(6)
        self.loss.head.addLayout(chips)
        self.loss.head.addStretch()
        for chip in (self.train_chip, self.development_chip, self.gap_chip):
            chip.hide()
            chips.addWidget(chip)
        self.log_button = Button("Log", "training.log", kind="small")
        self.log_button.setCheckable(True)
        self.log_button.setAccessibleName("Logarithmic scale")
        self.log_button.setToolTip("Show the loss on a logarithmic scale")
        self.log_button.toggled.connect(self._on_log)
        self.legend = Dim("faint: each step, strong: smoothed")
        self.loss.head.addWidget(self.legend)
        self.loss.head.addWidget(self.log_button)

    @Slot()
    def _build_next(self) -> None:
        """Build one chart a turn of the event loop."""
        card = self._waiting.pop(0)
        card.build()
        if card is self.loss:
            self._on_log()
            self._tell()
        if self._waiting:
            self._next.start()

    @Slot()
    def _on_log(self) -> None:
        if self.loss.chart is not None:
            self.loss.chart.set_log(self.log_button.isChecked())

    def _tell(self) -> None:
        """The last losses, as chips and for screen readers."""
        curves = self.curves
        train, development = curves.loss.smoothed, curves.development_loss.value
        _show(self.train_chip, "" if train is None else f"train {train:.3f}")
        _show(self.development_chip, "" if development is None else f"development {development:.3f}")
        gaps = len(curves.loss.gaps)
        _show(self.gap_chip, f"× {count(gaps)} not finite, skipped" if gaps else "")
        if self.loss.chart is not None:
            at = f"Step {curves.last_step} of {curves.steps}"
            words = f"{at}: {self.train_chip.text()}, {self.development_chip.text()}"
            self.loss.chart.setAccessibleDescription(words)


def _show(chip: Chip, text: str) -> None:
    chip.setText(text)
    chip.setVisible(bool(text))
