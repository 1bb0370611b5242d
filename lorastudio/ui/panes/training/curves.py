"""The curves of one run: loss as the hero, and below it preference, speed and memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.labels import Dim
from lorastudio.ui.widgets.plots.curve import Curve
from lorastudio.ui.widgets.plots.loading import ChartLoading
from lorastudio.ui.widgets.plots.run_curves import RunCurves
from lorastudio.ui.wording import count

if TYPE_CHECKING:
    from lorastudio.ui.widgets.plots.chart import Chart

SMALL_PX = 196
LEGEND_FROM_PX = 640


class ChartCard(Card):
    """A title, and a chart once the libraries for it are there."""

    def __init__(self, title: str, name: str) -> None:
        super().__init__(title)
        self.chart: Chart | None = None
        self.name = name
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumWidth(0)
        self.body.setSpacing(4)
        self._room = QWidget()
        self.body.addWidget(self._room, 1)

    def take(self, chart: Chart) -> None:
        """Put the chart into its place."""
        self.chart = chart
        self.body.replaceWidget(self._room, chart)
        self._room.deleteLater()

    def describe(self, words: str) -> None:
        """What a screen reader says of the chart."""
        if self.chart is not None:
            self.chart.setAccessibleName(self.title.text())
            self.chart.setAccessibleDescription(words)


class CurvesView(QWidget):
    """Shows one `RunCurves`; tell it `grown` when there is more in it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.curves = RunCurves()
        self.loss = ChartCard("Loss", "training.chart.loss")
        self.preference = ChartCard("Prefers the good draft", "training.chart.preference")
        self.preference.setToolTip("Reward accuracy: how often the good draft of a pair is the likelier one")
        self.speed = ChartCard("Tokens per second", "training.chart.speed")
        self.memory = ChartCard("Peak memory, MB", "training.chart.memory")
        self._build_loss_head()
        small = QHBoxLayout()
        small.setSpacing(10)
        for card in (self.preference, self.speed, self.memory):
            card.setFixedHeight(SMALL_PX)
            card.body.setContentsMargins(12, 14, 10, 10)
            small.addWidget(card, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.loss, 1)
        column.addLayout(small)
        self._waiting = [self.loss, self.preference, self.speed, self.memory]
        self._next = QTimer(self, singleShot=True, interval=0)
        self._next.timeout.connect(self._build_next)
        self.loading = ChartLoading(self)
        self.loading.ready.connect(self._build_next)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.legend.setVisible(self.width() >= LEGEND_FROM_PX)

    def show_curves(self, curves: RunCurves) -> None:
        """Show another run."""
        self.curves = curves
        self.loading.start()
        for card in (self.loss, self.preference, self.speed, self.memory):
            self._fill(card)
        self._tell()

    def grown(self) -> None:
        """There are more points."""
        for card in (self.loss, self.preference, self.speed, self.memory):
            if card.chart is not None:
                card.chart.touched(self.curves.steps)
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
        """Build one chart a turn of the event loop: each takes tens of milliseconds."""
        from lorastudio.ui.widgets.plots.chart import Chart

        card = self._waiting.pop(0)
        card.take(Chart(self._theme, card.name, self._lines(card), percent=card is self.preference))
        if card is self.loss:
            self._on_log()
        self._fill(card)
        self._tell()
        if self._waiting:
            self._next.start()

    def _lines(self, card: ChartCard) -> dict[str, Any]:
        from lorastudio.ui.widgets.plots.chart import Line

        if card is self.loss:
            return {"train": Line("accent", raw=True), "development": Line("series2")}
        if card is self.preference:
            return {"train": Line("good"), "development": Line("series2")}
        return {"train": Line("series3" if card is self.speed else "dim")}

    def _fill(self, card: ChartCard) -> None:
        if card.chart is not None:
            card.chart.show_curves(self._curves_of(card), self.curves.steps)

    def _curves_of(self, card: ChartCard) -> dict[str, Curve]:
        curves = self.curves
        if card is self.loss:
            return {"train": curves.loss, "development": curves.development_loss}
        if card is self.preference:
            return {"train": curves.preference, "development": curves.development_preference}
        return {"train": curves.tokens_per_s if card is self.speed else curves.memory_mb}

    @Slot()
    def _on_log(self) -> None:
        if self.loss.chart is not None:
            self.loss.chart.set_log(self.log_button.isChecked())

    def _tell(self) -> None:
        """The last figures, as chips and for screen readers."""
        curves = self.curves
        train, development = curves.loss.smoothed, curves.development_loss.value
        _show(self.train_chip, "" if train is None else f"train {train:.3f}")
        _show(self.development_chip, "" if development is None else f"development {development:.3f}")
        gaps = len(curves.loss.gaps)
        _show(self.gap_chip, f"× {count(gaps)} not finite, skipped" if gaps else "")
        at = f"Step {curves.last_step} of {curves.steps}"
        self.loss.describe(f"{at}: {self.train_chip.text()}, {self.development_chip.text()}")
        for card, curve, factor, unit in (
            (self.preference, curves.preference, 100.0, "%"),
            (self.speed, curves.tokens_per_s, 1.0, " tokens a second"),
            (self.memory, curves.memory_mb, 1.0, " MB"),
        ):
            value = curve.smoothed
            card.describe(at if value is None else f"{at}: {factor * value:.0f}{unit}")


def _show(chip: Chip, text: str) -> None:
    chip.setText(text)
    chip.setVisible(bool(text))
