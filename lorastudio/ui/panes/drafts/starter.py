"""From the form's questions to a cycle that is written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.requests import cycles as requests
from lorastudio.domain.errors import KnownError
from lorastudio.ui.panes.drafts.form import QuestionForm
from lorastudio.ui.panes.drafts.words import with_hint

if TYPE_CHECKING:
    from lorastudio.bridge.requests.cycles import Cast, CycleBegun


class Starter(QObject):
    """Fills the form with what the library knows, and begins a cycle with what a person chose."""

    begun = Signal(object)  # CycleBegun
    failed = Signal(object)  # KnownError

    def __init__(self, backend: Backend, form: QuestionForm, parent: QObject) -> None:
        super().__init__(parent)
        self._backend = backend
        self._form = form
        form.draw_wanted.connect(self._draw)

    def look_up(self) -> None:
        """Who would write and judge?"""
        self._backend.ask(requests.read_cast, answer=self._on_cast, failed=self._on_failed)

    @Slot()
    def begin(self) -> None:
        """`begun` or `failed` follows; the form keeps what was typed until then."""
        form = self._form
        self._backend.act(
            requests.begin_cycle,
            form.questions(),
            form.file,
            form.most.value(),
            form.train.isChecked(),
            answer=self._on_begun,
            failed=self._on_failed,
        )

    @Slot(int)
    def _draw(self, count: int) -> None:
        self._backend.ask(
            requests.draw_practice_questions, count, answer=self._form.show_questions, failed=self._on_failed
        )

    @Slot(object)
    def _on_cast(self, cast: Cast) -> None:
        self._form.show_cast(cast)

    @Slot(object)
    def _on_begun(self, begun: CycleBegun) -> None:
        self._form.clear()
        self.begun.emit(begun)

    @Slot(object)
    def _on_failed(self, error: KnownError) -> None:
        self.failed.emit(with_hint(error, "Draw practice questions, or set up a critic of your own under Endpoints."))
