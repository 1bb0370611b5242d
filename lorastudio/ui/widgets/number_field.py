"""A field for a whole number."""

from __future__ import annotations

from PySide6.QtWidgets import QSpinBox, QWidget

SIDE_PX = 8


class NumberField(QSpinBox):
    """Its text stands as far from the edge as in other fields: a style sheet's padding does not reach it."""

    def __init__(self, least: int, most: int, value: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setRange(least, most)
        self.setValue(value)
        self.lineEdit().setTextMargins(SIDE_PX, 0, SIDE_PX, 0)
