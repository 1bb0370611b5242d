"""From the form's questions to a cycle that is written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.requests import cycles as requests
from lorastudio.bridge.requests.cycle_start import CycleWish, read_offer
from lorastudio.domain.errors import KnownError
from lorastudio.ui.panes.drafts.form import QuestionForm
from lorastudio.ui.panes.drafts.words import with_hint

if TYPE_CHECKING:
    from lorastudio.bridge.requests.cycle_start import CycleBegun, CycleOffer
    from lorastudio.bridge.requests.cycles import Cast


class Starter(QObject):
    """Fills the form with what the library knows, and begins a cycle with what a person chose and confirmed."""

    begun = Signal(object)  # CycleBegun
    failed = Signal(object)  # KnownError
    put_off = Signal()  # the sheet was closed, and nothing has begun

    def __init__(self, backend: Backend, form: QuestionForm, parent: QObject) -> None:
        super().__init__(parent)
        self._backend = backend
        self._form = form
        self._wish: CycleWish | None = None
        form.draw_wanted.connect(self._draw)

    def look_up(self) -> None:
        """Who would write and judge?"""
        self._backend.ask(requests.read_cast, answer=self._on_cast, failed=self._on_failed)

    @Slot()
    def begin(self) -> None:
        """Show what it would take and ask; `begun`, `put_off` or `failed` follows. The form keeps what was typed."""
        form = self._form
        self._wish = CycleWish(tuple(form.questions()), form.file, form.most.value(), form.train.isChecked())
        self._backend.ask(read_offer, self._wish, answer=self._on_offer, failed=self._on_failed)

    @Slot(object)
    def _on_offer(self, offer: CycleOffer) -> None:
        from lorastudio.ui.panes.drafts.cycle_sheet import CycleSheet

        if self._wish is None:
            return
        sheet = CycleSheet(self._backend, self._wish, offer, self._form.window())
        sheet.begun.connect(self._on_begun)
        sheet.closed.connect(self.put_off)
        sheet.open()

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
