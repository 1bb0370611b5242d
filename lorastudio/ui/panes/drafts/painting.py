"""Chips and texts, painted where there is no room for widgets of their own."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter

from lorastudio.ui.theme import Theme

CHIP_HEIGHT_PX = 18
CHIP_PADDING_PX = 9
SMALL_PX = 11
GROUNDS = {"good": "good_back", "bad": "bad_back", "warn": "warn_back", "accent": "accent_back", "": "line"}
INKS = {"good": "good", "bad": "bad", "warn": "warn", "accent": "accent", "": "dim"}


def sized(font: QFont, px: int, *, strong: bool = False) -> QFont:
    """A copy of a font."""
    other = QFont(font)
    other.setPixelSize(px)
    other.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
    return other


def chip_width(text: str, font: QFont, padding: int = CHIP_PADDING_PX) -> int:
    return QFontMetrics(sized(font, SMALL_PX, strong=True)).horizontalAdvance(text) + 2 * padding


def paint_chip(
    painter: QPainter, place: QRect, text: str, kind: str, theme: Theme, padding: int = CHIP_PADDING_PX
) -> int:
    """Paint a chip at the left of `place`, in its middle height; returns its width."""
    font = sized(painter.font(), SMALL_PX, strong=True)
    box = QRect(place.left(), 0, chip_width(text, painter.font(), padding), CHIP_HEIGHT_PX)
    box.moveTop(place.top() + (place.height() - CHIP_HEIGHT_PX) // 2)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour(GROUNDS[kind]))
    painter.drawRoundedRect(box, CHIP_HEIGHT_PX / 2, CHIP_HEIGHT_PX / 2)
    painter.setFont(font)
    painter.setPen(theme.colour(INKS[kind]))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()
    return box.width()


def paint_line(painter: QPainter, place: QRect, text: str, font: QFont) -> None:
    """Paint one line of text, with "…" where there is no room for it."""
    painter.setFont(font)
    shown = QFontMetrics(font).elidedText(" ".join(text.split()), Qt.TextElideMode.ElideRight, place.width())
    painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
