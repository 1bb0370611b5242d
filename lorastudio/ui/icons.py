"""The line icons of resources/icons: SVG in one colour, tinted when they are drawn."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap

from lorastudio.paths import resources


def icon_path(name: str) -> str:
    """The file of an icon, with forward slashes as style sheets need them."""
    return (resources() / "icons" / f"{name}.svg").as_posix()


def icon(name: str, colour: str) -> QIcon:
    """The icon in `colour` ("#rrggbb"), sharp at every size."""
    return QIcon(_TintedEngine(icon_path(name), QColor(colour)))


def icon_file(name: str) -> QIcon:
    """A picture of resources/icons in its own colours."""
    return QIcon(icon_path(name))


class _TintedEngine(QIconEngine):
    """Draws the SVG, then fills what it drew with the colour; half of it where the control is disabled."""

    def __init__(self, path: str, colour: QColor) -> None:
        super().__init__()
        self._path = path
        self._colour = colour

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        ratio = painter.device().devicePixelRatioF() if painter.device() is not None else 1.0
        size = rect.size() * ratio
        painter.drawPixmap(rect, self._tinted(size.width(), size.height(), mode))

    def pixmap(self, size, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self._tinted(size.width(), size.height(), mode)

    def clone(self) -> QIconEngine:
        return _TintedEngine(self._path, self._colour)

    def _tinted(self, width: int, height: int, mode: QIcon.Mode) -> QPixmap:
        drawn = QPixmap(width, height)
        drawn.fill(QColor(0, 0, 0, 0))
        painter = QPainter(drawn)
        QIcon(self._path).paint(painter, drawn.rect())
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        colour = QColor(self._colour)
        if mode == QIcon.Mode.Disabled:
            colour.setAlphaF(0.5)
        ink = QPixmap(drawn.size())  # `fillRect` would make PySide build all enums of Qt, see `stylesheet`
        ink.fill(colour)
        painter.drawPixmap(0, 0, ink)
        painter.end()
        return drawn
