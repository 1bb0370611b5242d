"""What a pane shows while it has nothing: what comes here, and the one button that fills it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lorastudio.ui.widgets.buttons import PrimaryButton
from lorastudio.ui.widgets.labels import Dim, Subheading

WIDTH_PX = 420


class EmptyState(QWidget):
    """`title` says what comes here, `line` why and how; without `button_text` there is no button."""

    pressed = Signal()

    def __init__(
        self, title: str, line: str, button_text: str = "", *, name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.title = Subheading(title)
        self.line = Dim(line, wrap=True)
        self.line.setFixedWidth(WIDTH_PX)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addStretch(2)
        for label in (self.title, self.line):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            row = QHBoxLayout()  # an aligned item would be given the height of one line
            row.addStretch()
            row.addWidget(label)
            row.addStretch()
            column.addLayout(row)
        self.button: PrimaryButton | None = None
        if button_text:
            self.button = PrimaryButton(button_text, name)
            self.button.clicked.connect(self.pressed)
            column.addSpacing(6)
            column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
