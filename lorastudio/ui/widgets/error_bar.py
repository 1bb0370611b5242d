"""A bar that says what went wrong and what to press next; it stays until it is put away, and blocks nothing."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from lorastudio.domain.errors import KnownError
from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.labels import Dim, Strong


class Bar(QFrame):
    """A strong line, a dim one, one button for what to do next, and one that puts the bar away. Hidden at first."""

    pressed = Signal()  # the button for what to do next; the bar is put away
    put_away = Signal()

    strong_kind = ""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.message = Strong(wrap=True, kind=self.strong_kind)
        self.hint = Dim(wrap=True)
        self.button = Button("Go on", f"{name}.next")
        self.close_button = Button("Close", f"{name}.close")
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.message)
        words.addWidget(self.hint)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 9, 10, 9)
        row.setSpacing(10)
        row.addLayout(words, 1)
        row.addWidget(self.button)
        row.addWidget(self.close_button)
        self.button.clicked.connect(self._on_pressed)
        self.close_button.clicked.connect(self._on_closed)
        self.hide()

    def say(self, message: str, hint: str, action_text: str | None = None) -> None:
        """Show the bar."""
        self.message.setText(message)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        self.button.setVisible(bool(action_text))
        self.button.setText(action_text or "")
        self.setAccessibleName(f"{message} {hint}".strip())
        self.show()

    def _on_pressed(self) -> None:
        self.hide()
        self.pressed.emit()

    def _on_closed(self) -> None:
        self.hide()
        self.put_away.emit()


class ErrorBar(Bar):
    """What happened, what to do, and one button for it."""

    strong_kind = "bad"

    def show_error(self, error: KnownError, action_text: str | None = None) -> None:
        """Show the error's own words."""
        self.say(error.message, error.hint, action_text)


class NoticeBar(Bar):
    """News that need an answer, but not now."""
