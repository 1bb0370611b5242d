"""Pairs with all that is known of them, read ahead of the one who reviews."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.requests.pairs import PairSheet, read_sheet

MOST_HELD = 16


class PairSheets(QObject):
    """Holds a few sheets; what is changed in the library has to be forgotten here."""

    ready = Signal(object)  # PairSheet
    failed = Signal(object)  # KnownError

    def __init__(self, backend: Backend, parent: QObject) -> None:
        super().__init__(parent)
        self._backend = backend
        self._held: dict[int, PairSheet] = {}
        self._asked: set[int] = set()

    def want(self, pair_id: int) -> None:
        """`ready` follows, at once where the pair was prepared."""
        if pair_id in self._held:
            self.ready.emit(self._held[pair_id])
        else:
            self.prepare(pair_id)

    def prepare(self, pair_id: int) -> None:
        """Read it, unless it is held or on its way."""
        if pair_id not in self._held and pair_id not in self._asked:
            self._asked.add(pair_id)
            self._backend.ask(read_sheet, pair_id, answer=self._on_sheet, failed=self._on_failed)

    def forget(self, pair_id: int) -> None:
        """It was changed; what is on its way may be older than that."""
        self._held.pop(pair_id, None)
        self._asked.discard(pair_id)

    def forget_all(self) -> None:
        """Anything may have changed."""
        self._held.clear()
        self._asked.clear()

    @Slot(object)
    def _on_sheet(self, sheet: PairSheet) -> None:
        self._asked.discard(sheet.pair.id)
        if len(self._held) >= MOST_HELD:
            self._held.clear()
        self._held[sheet.pair.id] = sheet
        self.ready.emit(sheet)

    @Slot(object)
    def _on_failed(self, error: object) -> None:
        self._asked.clear()
        self.failed.emit(error)
