"""What is done to a pair now and then: turning it round, taking it apart, looking back, reaching what is like it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QMenu

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.requests import reshaping
from lorastudio.domain.errors import KnownError
from lorastudio.ui.panes.base import Pane
from lorastudio.ui.panes.pairs.actions import key_action
from lorastudio.ui.panes.pairs.detail import PairDetail
from lorastudio.ui.widgets.buttons import Button

if TYPE_CHECKING:
    from lorastudio.domain.history import PairEntry
    from lorastudio.services.cleaning.applying import NearPairs


KIND, LOOK = "look", "Find near-duplicates"


class PairTools(QObject):
    """Actions for the menu, and a button with the same, about the pair that `detail` shows; `pane` shows errors."""

    def __init__(self, backend: Backend, detail: PairDetail, pane: Pane) -> None:
        super().__init__(pane)
        self._backend, self._detail, self._pane = backend, detail, pane
        self._asked_id = 0
        self.near = key_action(
            pane, "Near-duplicates…", "pairs.near", "", "Decide on it and on what is nearly the same"
        )
        self.swap = key_action(pane, "Swap good and bad", "pairs.swap", "", "Gain and confidence become unknown")
        self.split = key_action(pane, "Split in two", "pairs.split", "", "A good-only and a bad-only example instead")
        self.history = key_action(pane, "History…", "pairs.history.show", "", "What happened to this pair")
        self.look = key_action(pane, LOOK, "pairs.look", "", "Compare all pairs by the words that they share")
        self.actions = [self.near, self.look, self.swap, self.split, self.history]
        self.button = Button("More", "pairs.more", kind="small")
        menu = QMenu(self.button)
        menu.addActions(self.actions)
        self.button.setMenu(menu)
        detail.header.tools.addWidget(self.button)
        self.near.triggered.connect(self._on_near)
        self.look.triggered.connect(self._on_look)
        self.swap.triggered.connect(self._on_swap)
        self.split.triggered.connect(self._on_split)
        self.history.triggered.connect(self._on_history)

    @Slot()
    def _on_near(self) -> None:
        self._ask(reshaping.read_near, self._show_near, self._on_no_near)

    @Slot()
    def _on_look(self) -> None:
        if self._backend.is_open and not self._backend.running(KIND):
            self._backend.start(KIND, LOOK, reshaping.look_for_near)

    @Slot(object)
    def _on_no_near(self, error: KnownError) -> None:
        self._pane.show_error(error if error.hint else KnownError(error.message, f"Choose “{LOOK}” under More."))

    @Slot()
    def _on_swap(self) -> None:
        self._act(reshaping.swap)

    @Slot()
    def _on_split(self) -> None:
        self._act(reshaping.split)

    @Slot()
    def _on_history(self) -> None:
        self._ask(reshaping.read_history, self._show_history, self._pane.show_error)

    def _seen_id(self) -> int | None:
        sheet = self._detail.sheet
        return None if sheet is None or self._detail.is_editing else sheet.pair.id

    def _ask(self, request: Any, answer: Any, failed: Any) -> None:
        if (pair_id := self._seen_id()) is not None:
            self._asked_id = pair_id
            self._backend.ask(request, pair_id, answer=answer, failed=failed)

    def _act(self, request: Any) -> None:
        if (pair_id := self._seen_id()) is not None:
            self._backend.act(request, pair_id, failed=self._pane.show_error)

    @Slot(object)
    def _show_near(self, near: NearPairs) -> None:
        from lorastudio.ui.panes.pairs.near_sheet import NearSheet

        sheet = NearSheet(self._backend, near, self._pane.window())
        sheet.open(sheet.cancel_button)

    @Slot(object)
    def _show_history(self, entries: list[PairEntry]) -> None:
        from lorastudio.ui.panes.pairs.history_sheet import HistorySheet

        sheet = HistorySheet(self._asked_id, entries, self._pane.window())
        sheet.open(sheet.close_button)
