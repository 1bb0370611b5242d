"""A card: what belongs together, on a rounded ground of its own."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from lorastudio.ui.widgets.labels import Subheading

INSIDE_PX = 14
BETWEEN_ROWS_PX = 10


class Card(QFrame):
    """`head` is the row of the title (add chips and small buttons after `head.addStretch()`), `body` what is below.

    Without a title there is no head; `padded=False` is for a list that fills the card.
    """

    def __init__(self, title: str = "", *, padded: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        inside = INSIDE_PX if padded else 0
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(inside, inside, inside, inside)
        self.body.setSpacing(BETWEEN_ROWS_PX)
        self.head = QHBoxLayout()
        self.head.setSpacing(BETWEEN_ROWS_PX)
        self.title = Subheading(title)
        if title:
            self.head.addWidget(self.title)
            self.body.addLayout(self.head)
        else:
            self.title.setParent(self)
            self.title.hide()

    def add_row(self, *widgets: QWidget) -> QHBoxLayout:
        """One more row; the first widget keeps left, the others right."""
        row = QHBoxLayout()
        row.setSpacing(BETWEEN_ROWS_PX)
        for index, widget in enumerate(widgets):
            if index == 1:
                row.addStretch()
            row.addWidget(widget)
        self.body.addLayout(row)
        return row
