"""A card with a chart of a run; the small ones let a person choose which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QComboBox, QSizePolicy, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

from lorastudio.ui.panes.training.chart_kinds import SMALL, ChartKind
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.plots.run_curves import RunCurves

if TYPE_CHECKING:
    from lorastudio.ui.widgets.plots.chart import Chart

SMALL_PX = 196
POPUP_PX = 190


class ChartCard(Card):
    """Shows the curves of one kind; the chart is built by `build`, once the libraries for it are there."""

    def __init__(self, theme: Theme, name: str, kind: ChartKind, title: str = "") -> None:
        super().__init__(title)
        self.chart: Chart | None = None
        self.kind = kind
        self._theme = theme
        self._name = name
        self._curves = RunCurves()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumWidth(0)
        self.setToolTip(kind.tip)
        self.body.setSpacing(4)
        self._room = QWidget()
        self.body.addWidget(self._room, 1)

    def build(self) -> None:
        """Make the chart of the kind and put it into its place; takes tens of milliseconds."""
        from lorastudio.ui.widgets.plots.chart import Chart, Line

        lines = {name: Line(drawn.colour, raw=drawn.raw) for name, drawn in self.kind.lines.items()}
        chart = Chart(self._theme, self._name, lines, percent=self.kind.percent)
        before = self._room if self.chart is None else self.chart
        self.body.replaceWidget(before, chart)
        before.hide()
        before.deleteLater()
        self.chart = chart
        self.show_curves(self._curves)

    def show_curves(self, curves: RunCurves) -> None:
        """Show another run."""
        self._curves = curves
        if self.chart is not None:
            self.chart.show_curves(self.kind.curves(curves), curves.steps)
        self.describe()

    def grown(self) -> None:
        """There are more points."""
        if self.chart is not None:
            self.chart.touched(self._curves.steps)
        self.describe()

    def describe(self) -> None:
        """What a screen reader says of the chart."""
        if self.chart is not None:
            at = f"Step {self._curves.last_step} of {self._curves.steps}"
            value = self.kind.value_in_words(self._curves)
            self.chart.setAccessibleName(self.kind.title)
            self.chart.setAccessibleDescription(f"{at}: {value}" if value else at)


class TitleChoice(QComboBox):
    """Reads as the title of a card; the short one where the whole one would be cut."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        room = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        if self.fontMetrics().horizontalAdvance(option.currentText) > room.width():
            option.currentText = SMALL[self.currentData()].short
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)


class SmallChart(ChartCard):
    """Its title is the choice of what it shows."""

    chosen = Signal()

    def __init__(self, theme: Theme, place: int, key: str) -> None:
        super().__init__(theme, f"training.chart.{place}", SMALL[key])
        self.setFixedHeight(SMALL_PX)
        self.body.setContentsMargins(12, 10, 10, 10)
        self.choice = TitleChoice()
        self.choice.setObjectName(f"training.chart.{place}.choice")
        self.choice.setAccessibleName(f"What chart {place} shows")
        self.choice.setProperty("kind", "title")
        self.choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.choice.view().setMinimumWidth(POPUP_PX)
        for name, kind in SMALL.items():
            self.choice.addItem(kind.title, name)
        self.choice.setCurrentIndex(self.choice.findData(key))
        self.head.addWidget(self.choice)
        self.body.insertLayout(0, self.head)
        self.choice.currentIndexChanged.connect(self._on_chosen)

    @property
    def key(self) -> str:
        return str(self.choice.currentData())

    def show_kind(self, key: str) -> None:
        """Choose what is shown; what there is no chart for changes nothing."""
        if key in SMALL:
            self.choice.setCurrentIndex(self.choice.findData(key))

    @Slot()
    def _on_chosen(self) -> None:
        self.kind = SMALL[self.key]
        self.setToolTip(self.kind.tip)
        if self.chart is not None:
            self.build()
        self.chosen.emit()
