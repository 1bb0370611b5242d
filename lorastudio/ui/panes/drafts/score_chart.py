"""The score of each draft of a question, as a line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from lorastudio.ui.panes.drafts.painting import SMALL_PX, sized
from lorastudio.ui.panes.drafts.words import score_text
from lorastudio.ui.theme import Theme

HEIGHT_PX = 130
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 26, 10, 8, 22
MARKS = (0.0, 0.5, 1.0)
POINT_PX = 3.5


class ScoreChart(QWidget):
    """Scores from 0 to 10 over the drafts; the target is dashed, the best draft is filled green."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("drafts.scores")
        self._theme = theme
        self._scores: tuple[tuple[int, float], ...] = ()
        self._most = 1
        self._target = 1.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_scores(self, scores: Sequence[tuple[int, float]], most: int, target: float) -> None:
        """`scores` are iteration and score (0..1) of the judged drafts; there can be `most` drafts."""
        self._scores, self._most, self._target = tuple(scores), max(most, 1), target
        said = ", ".join(f"draft {iteration}: {score_text(score)}" for iteration, score in scores)
        self.setAccessibleName(f"Score by draft. {said}" if said else "No draft is judged yet")
        self.setToolTip(said)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, HEIGHT_PX)

    def paintEvent(self, _event) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(sized(self.font(), SMALL_PX))
        self._paint_grid(painter)
        self._paint_scores(painter)
        painter.end()

    def _paint_grid(self, painter: QPainter) -> None:
        right = self.width() - RIGHT_PX
        for mark in MARKS:
            y = self._y(mark)
            painter.setPen(self._theme.colour("line"))
            painter.drawLine(QPointF(LEFT_PX, y), QPointF(right, y))
            painter.setPen(self._theme.colour("dim"))
            place = QRectF(0, y - 8, LEFT_PX - 6, 16)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{10 * mark:.0f}")
        for iteration in range(1, self._most + 1):
            place = QRectF(self._x(iteration) - 12, self.height() - BOTTOM_PX + 4, 24, 16)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, str(iteration))
        painter.setPen(QPen(self._theme.colour("good"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(LEFT_PX, self._y(self._target)), QPointF(right, self._y(self._target)))

    def _paint_scores(self, painter: QPainter) -> None:
        points = [QPointF(self._x(iteration), self._y(score)) for iteration, score in self._scores]
        painter.setPen(QPen(self._theme.colour("accent"), 2))
        painter.drawPolyline(points)
        scores = [score for _, score in self._scores]
        best = scores.index(max(scores)) if scores else -1
        for place, point in enumerate(points):
            colour = self._theme.colour("good" if place == best else "accent")
            painter.setPen(QPen(colour, 1))
            painter.setBrush(colour)
            painter.drawEllipse(point, POINT_PX, POINT_PX)

    def _x(self, iteration: int) -> float:
        width = self.width() - LEFT_PX - RIGHT_PX - 16
        return LEFT_PX + 8 + width * (iteration - 1) / max(self._most - 1, 1)

    def _y(self, score: float) -> float:
        return TOP_PX + (self.height() - TOP_PX - BOTTOM_PX) * (1 - score)
