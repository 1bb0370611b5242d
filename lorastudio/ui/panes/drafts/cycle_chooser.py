"""Which cycle is shown, where there are several."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget


class CycleChooser(QComboBox):
    """The newest cycle first."""

    chosen = Signal(int)  # the id of a cycle, by a person

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("drafts.cycle")
        self.setAccessibleName("Cycle")
        self._ids: list[int] = []
        self.activated.connect(self._on_activated)

    def show_cycles(self, ids: Sequence[int], shown: int) -> None:
        """`ids` are oldest first."""
        newest_first = list(reversed(ids))
        if self._ids != newest_first:
            self._ids = newest_first
            self.clear()
            self.addItems([f"Cycle {cycle_id}" for cycle_id in newest_first])
        self.setCurrentIndex(newest_first.index(shown))

    def _on_activated(self, index: int) -> None:
        self.chosen.emit(self._ids[index])
