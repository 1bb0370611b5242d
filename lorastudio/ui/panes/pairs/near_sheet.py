"""One decision for a pair and its near-duplicates: how many they are, and only then the buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.requests.reshaping import decide_with_near
from lorastudio.domain.changes import Changes
from lorastudio.domain.pair import PairState
from lorastudio.ui.sheet import Sheet
from lorastudio.ui.widgets.buttons import Button, DangerButton, GoodButton
from lorastudio.ui.widgets.error_bar import ErrorBar
from lorastudio.ui.widgets.labels import Strong
from lorastudio.ui.wording import count, counted

if TYPE_CHECKING:
    from lorastudio.services.cleaning.applying import NearPairs


class NearSheet(Sheet):
    """Accepts or rejects all of them as one undo step; what a person decided on stays."""

    def __init__(self, backend: Backend, near: NearPairs, window: QWidget) -> None:
        super().__init__(f"Pair {near.pair_id} and its near-duplicates", window, width_px=520)
        self.setObjectName("pairs.near")
        self._backend, self._pair_id = backend, near.pair_id
        others = len(near.ids) - len(near.by_hand)
        found = counted(len(near.ids), "near-duplicate")
        self.line = Strong(f"{found}, {count(others)} of them open to this decision.", wrap=True)
        self.body.addWidget(self.line)
        if near.by_hand:
            self.add_words(f"{count(len(near.by_hand))} were decided on by hand and stay as they are.")
        if near.not_looked_at:
            self.add_words(f"{counted(near.not_looked_at, 'pair')} came in since the last look, and may be more.")
        self.error = ErrorBar("pairs.near.error")
        self.body.addWidget(self.error)
        total = counted(others + 1, "pair")
        self.cancel_button = Button("Cancel", "pairs.near.cancel")
        self.reject_button = DangerButton(f"Reject {total}", "pairs.near.reject")
        self.accept_button = GoodButton(f"Accept {total}", "pairs.near.accept")
        self.buttons.addWidget(self.cancel_button)
        self.buttons.addStretch()
        self.buttons.addWidget(self.reject_button)
        self.buttons.addWidget(self.accept_button)
        self.cancel_button.clicked.connect(self.dismiss)
        self.reject_button.clicked.connect(self._on_reject)
        self.accept_button.clicked.connect(self._on_accept)

    @Slot()
    def _on_reject(self) -> None:
        self._decide(PairState.REJECTED)

    @Slot()
    def _on_accept(self) -> None:
        self._decide(PairState.ACCEPTED)

    def _decide(self, state: PairState) -> None:
        self._backend.act(decide_with_near, self._pair_id, state, answer=self._on_done, failed=self.error.show_error)

    @Slot(object)
    def _on_done(self, _changes: Changes) -> None:
        self.dismiss()
