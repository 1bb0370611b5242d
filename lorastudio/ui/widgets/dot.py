"""A small round dot: live, running, or not there."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from lorastudio.ui.theme import Theme

SIZE_PX = 7


class Dot(QWidget):
    """`colour` is a name in the palette: good (live), accent (running), faint (not there). Say it in a word too."""

    def __init__(self, theme: Theme, colour: str = "good", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._colour = colour
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def set_colour(self, name: str) -> None:
        self._colour = name
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(SIZE_PX, SIZE_PX)

    def paintEvent(self, _event) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.colour(self._colour))
        painter.setBrush(self._theme.colour(self._colour))
        painter.drawEllipse(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
