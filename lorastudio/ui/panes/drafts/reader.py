"""Reads one question from the library, as often as it changes."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.requests import cycles as requests
from lorastudio.domain.errors import KnownError


class QuestionReader(QObject):
    """One request at a time: what is asked for meanwhile is asked once, afterwards."""

    read = Signal(object)  # QuestionNow
    failed = Signal(object)  # KnownError

    def __init__(self, backend: Backend, parent: QObject) -> None:
        super().__init__(parent)
        self._backend = backend
        self._busy = False
        self._next_id: int | None = None

    def ask(self, question_id: int) -> None:
        """`read` or `failed` follows."""
        if self._busy:
            self._next_id = question_id
            return
        self._busy = True
        self._backend.ask(requests.read_question, question_id, answer=self._on_read, failed=self._on_failed)

    @Slot(object)
    def _on_read(self, now: object) -> None:
        self._go_on()
        self.read.emit(now)

    @Slot(object)
    def _on_failed(self, error: KnownError) -> None:
        self._go_on()
        self.failed.emit(error)

    def _go_on(self) -> None:
        self._busy = False
        if self._next_id is not None:
            question_id, self._next_id = self._next_id, None
            self.ask(question_id)
