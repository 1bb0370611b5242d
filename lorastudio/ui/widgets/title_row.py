"""The title row of a pane: title, one line of state, actions at the right."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from lorastudio.ui.widgets.labels import ElidedText, Heading


class TitleRow(QWidget):
    """`state` is the line beside the title; `add` puts a button at the right, from left to right."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = Heading(title)
        self.state = StateLine()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.title)
        row.addWidget(self.state, 1)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(12)
        row.addLayout(self._buttons)
        self.setFixedHeight(34)

    def add(self, button: QWidget) -> None:
        self._buttons.addWidget(button)


class StateLine(ElidedText):
    """The one line of state."""
