"""A button for what can't be taken back: it asks once, in its own words, and blocks nothing."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from lorastudio.ui.widgets.buttons import DangerButton


class ConfirmButton(DangerButton):
    """The first press turns `text` into `question`, the second emits `confirmed`; leaving the button calms it."""

    confirmed = Signal()

    def __init__(
        self, text: str, question: str, name: str = "", *, kind: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(text, name, kind=kind, parent=parent)
        self._calm_text = text
        self._question = question
        self.is_asking = False
        self.clicked.connect(self._on_clicked)

    def calm(self) -> None:
        """Forget the first press."""
        self.is_asking = False
        self.setText(self._calm_text)

    def focusOutEvent(self, event) -> None:
        self.calm()
        super().focusOutEvent(event)

    def leaveEvent(self, event) -> None:
        self.calm()
        super().leaveEvent(event)

    def _on_clicked(self) -> None:
        if self.is_asking:
            self.calm()
            self.confirmed.emit()
            return
        self.is_asking = True
        self.setText(self._question)
