"""The chart: curves over the steps of a run, on a ground and in colours of the theme.

The only module that imports pyqtgraph. Import it through `loading`, never at a module's top.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pyqtgraph
from PySide6.QtCore import QRectF, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QShowEvent
from PySide6.QtWidgets import QSizePolicy

from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.plots.curve import Curve, Points
from lorastudio.ui.widgets.plots.ticks import even_ticks, log_ticks, tick_text

REDRAW_MS = 100
RAW_ALPHA = 90
HEADROOM = 1.12
PERCENT_TOP = 1.04  # so that a line at 100% is whole
TICK_FONT_PX = 11
LEFT_PX, BOTTOM_PX = 44, 24
ROWS, FEW_ROWS, TALL_PX = 6, 4, 180
COLUMN_PX = 90  # room for a label
EDGE_PX = 20


@dataclass(frozen=True, slots=True)
class Line:
    """How a curve is drawn: in which colour of the palette, and whether faintly raw behind the smoothed line."""

    colour: str
    raw: bool = False


class Chart(pyqtgraph.PlotWidget):
    """Draws curves; tell it `touched` when they have grown, and it redraws at most every 100 ms.

    The frame is fixed by the run's steps and by what the smoothed lines reach: single raw points may stick out.
    With `percent` the values are shares from 0 to 1. On a logarithmic scale values up to zero are left out.
    """

    def __init__(self, theme: Theme, name: str, lines: dict[str, Line], *, percent: bool = False) -> None:
        axes = {"left": _Axis("left", percent=percent), "bottom": _Axis("bottom")}
        super().__init__(axisItems=axes, enableMenu=False)
        self.setObjectName(name)
        self.viewport().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # nothing here can be pressed; the figures are in its description
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._theme = theme
        self._lines = lines
        self._top = PERCENT_TOP if percent else None
        self._log = False
        self._steps = 0
        self._curves: dict[str, Curve] = {}
        self._timer = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self._timer.timeout.connect(self.redraw)
        self.hideButtons()
        menu = self.getPlotItem().ctrlMenu  # never shown, but it belongs to nobody and would outlive the chart
        menu.setParent(self, menu.windowFlags())
        self.setMouseEnabled(x=False, y=False)
        self.getPlotItem().layout.setContentsMargins(0, 8, 14, 0)
        self._raw_items = {key: self._new_item() for key, line in lines.items() if line.raw}
        self._items = {key: self._new_item() for key in lines}
        self._gaps = pyqtgraph.ScatterPlotItem(symbol="x", size=9)
        self.addItem(self._gaps)
        theme.changed.connect(self.restyle)
        self.restyle()
        self._frame()

    @property
    def is_log(self) -> bool:
        return self._log

    def drawn(self, key: str) -> Points:
        """What stands on the chart of one line now, smoothed or raw where it is drawn, in its own units."""
        item = self._raw_items.get(key, self._items[key])
        xs, ys = item.getOriginalDataset()
        return Points([] if xs is None else list(xs), [] if ys is None else list(ys))

    def show_curves(self, curves: dict[str, Curve], steps: int) -> None:
        """Draw other curves, by the names of the lines."""
        self._curves = curves
        self._steps = steps
        self.redraw()

    def touched(self, steps: int) -> None:
        """The curves have grown."""
        self._steps = steps
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()  # what grew meanwhile was not drawn

    @Slot(bool)
    def set_log(self, log: bool) -> None:
        """Draw the values on a logarithmic scale, or on a linear one."""
        self._log = log
        self.getPlotItem().setLogMode(x=False, y=log)
        self.redraw()

    @Slot()
    def redraw(self) -> None:
        """Give the curves to the items, once each."""
        for key, curve in self._curves.items():
            self._items[key].setData(*self._shown(curve.smooth()), skipFiniteCheck=True)
            if key in self._raw_items:
                self._raw_items[key].setData(*self._shown(curve.raw()), skipFiniteCheck=True)
        self._frame()
        self._mark_gaps()

    @Slot()
    def restyle(self) -> None:
        """Take the colours of the theme."""
        self.setBackground(self._theme.colour("card"))
        for key, line in self._lines.items():
            colour = self._theme.colour(line.colour)
            self._items[key].setPen(pyqtgraph.mkPen(colour, width=2))
            if key in self._raw_items:
                faint = QColor(colour)
                faint.setAlpha(RAW_ALPHA)
                self._raw_items[key].setPen(pyqtgraph.mkPen(faint, width=1))
        self._gaps.setPen(pyqtgraph.mkPen(self._theme.colour("bad"), width=2))
        for side in ("left", "bottom"):
            self.getAxis(side).restyle(self._theme)

    def _new_item(self) -> pyqtgraph.PlotDataItem:
        item = pyqtgraph.PlotDataItem(antialias=True)
        item.setDownsampling(auto=True, method="peak")
        item.setClipToView(True)
        self.addItem(item)
        return item

    def _shown(self, points: tuple[list[float], list[float]]) -> tuple[list[float], list[float]]:
        xs, ys = points
        if not self._log:
            return xs, ys
        pairs = [(x, y) for x, y in zip(xs, ys, strict=True) if y > 0]
        return [x for x, _ in pairs], [y for _, y in pairs]

    def _frame(self) -> None:
        last = max((curve.last_step for curve in self._curves.values()), default=0.0)
        self.setXRange(0, max(self._steps, last, 1), padding=0)
        values = [y for curve in self._curves.values() for y in curve.smooth().y]
        if self._log:
            values = [value for value in values if value > 0] or [1.0]
            low, high = math.log10(min(values) / HEADROOM), math.log10(max(values) * HEADROOM)
            self.setYRange(low, high, padding=0)
            return
        low, high = HEADROOM * min([0.0, *values]), HEADROOM * max([0.0, *values])
        self.setYRange(low, self._top or high or (0.0 if low else 1.0), padding=0)

    def _mark_gaps(self) -> None:
        """Steps without a finite value, as crosses on the line's height."""
        marks = [(step, curve.height_at(step)) for curve in self._curves.values() for step in curve.gaps]
        shown = [(step, height) for step, height in marks if height > 0 or not self._log]
        heights = [math.log10(height) if self._log else height for _, height in shown]
        self._gaps.setData(x=[step for step, _ in shown], y=heights)


class _Axis(pyqtgraph.AxisItem):
    """Labels and, across the plot, fine lines of the palette behind the curves; no axis line."""

    def __init__(self, side: str, *, percent: bool = False) -> None:
        super().__init__(side, maxTickLength=0)
        self._is_left = side == "left"
        self._percent = percent
        self.setStyle(
            tickLength=0, tickTextOffset=6, tickAlpha=255, autoReduceTextSpace=False, hideOverlappingLabels=False
        )
        if self._is_left:
            self.setWidth(LEFT_PX)
            self.setZValue(-1000)
        else:
            self.setHeight(BOTTOM_PX)
        self.enableAutoSIPrefix(False)

    def boundingRect(self) -> QRectF:
        """With room for the labels at both ends, which are left out otherwise."""
        rect = super().boundingRect()
        return rect.adjusted(0, -EDGE_PX, 0, EDGE_PX) if self._is_left else rect.adjusted(-EDGE_PX, 0, EDGE_PX, 0)

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        most = (ROWS if size > TALL_PX else FEW_ROWS) if self._is_left else max(2, int(size / COLUMN_PX))
        ticks = log_ticks(low, high, most) if self.logMode else even_ticks(low, high, most, whole=not self._is_left)
        return [(1.0, ticks)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        shown = [10.0**value for value in values] if self.logMode else values
        return [f"{100 * value:.0f}%" if self._percent else tick_text(value) for value in shown]

    def restyle(self, theme: Theme) -> None:
        self.setTickFont(theme.text_font(TICK_FONT_PX))
        self.setTextPen(theme.colour("dim"))
        self.setPen(pyqtgraph.mkPen(None))
        self.setTickPen(pyqtgraph.mkPen(theme.colour("line" if self._is_left else "card")))
        self.setGrid(255 if self._is_left else False)
