"""Pairs as rows: all ids are held, the rows themselves are read when they are looked at."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, QTimer, Slot

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.requests.pairs import PairRow, read_rows
from lorastudio.domain.pair import PairState

PAGE = 100
MOST_HELD = 3000
ROW_ROLE = int(Qt.ItemDataRole.UserRole) + 1  # the `PairRow`, None until it is read


class PairListModel(QAbstractTableModel):
    """One column. A million ids take 8 MB; at most a few thousand rows are held besides."""

    def __init__(self, backend: Backend, spoken: Callable[[PairRow], str], parent: QObject | None = None) -> None:
        """`spoken` says a row to those who hear it."""
        super().__init__(parent)
        self._backend = backend
        self._spoken = spoken
        self._ids: array[int] = array("q")
        self._held: dict[int, PairRow | None] = {}  # None: asked for, and not there any more
        self._missing: int | None = None  # the row that was looked at last and is not held
        self._asked: tuple[int, array[int]] | None = None
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._ask)

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008, as Qt declares it
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 1

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, ROW_ROLE):
            return None
        row = self._row(index.row())
        if role == ROW_ROLE:
            return row
        if row is None:
            return f"Pair {self._ids[index.row()]}"
        return row.title if role == Qt.ItemDataRole.DisplayRole else self._spoken(row)

    def id_at(self, row: int) -> int | None:
        """The id of the pair in a row, None outside the list."""
        return self._ids[row] if 0 <= row < len(self._ids) else None

    def row_of(self, pair_id: int) -> int:
        """The row of a pair, -1 when it is not in the list. Up to 20 ms for a million."""
        try:
            return self._ids.index(pair_id)
        except ValueError:
            return -1

    def set_ids(self, ids: array[int]) -> None:
        """Show another list, or the same one as it is now; nothing of the old rows is believed any more."""
        self.beginResetModel()
        self._ids = ids
        self._held.clear()
        self.endResetModel()

    def remove(self, row: int) -> None:
        """Take one row out."""
        self.beginRemoveRows(QModelIndex(), row, row)
        self._held.pop(self._ids.pop(row), None)
        self.endRemoveRows()

    def show_state(self, row: int, state: PairState) -> None:
        """Show a decision before it is written."""
        held = self._held.get(self._ids[row])
        if held is not None:
            self.update(row, replace(held, state=state))

    def update(self, row: int, content: PairRow) -> None:
        """Show what a row holds now."""
        self._held[content.id] = content
        self.dataChanged.emit(self.index(row, 0), self.index(row, 0))

    def _row(self, row: int) -> PairRow | None:
        pair_id = self._ids[row]
        if pair_id not in self._held:
            self._missing = row
            if self._asked is None and not self._soon.isActive():
                self._soon.start()
            return None
        return self._held[pair_id]

    @Slot()
    def _ask(self) -> None:
        """Ask for the page around the row that was looked at last; what was scrolled past is not read."""
        if self._missing is None or self._missing >= len(self._ids):
            return
        begin = max(0, self._missing - PAGE // 2)
        wanted = self._ids[begin : begin + PAGE]
        self._missing, self._asked = None, (begin, wanted)
        self._backend.ask(read_rows, wanted, answer=self._on_rows, failed=self._on_failed)

    @Slot(object)
    def _on_failed(self, _error: object) -> None:
        self._asked = None  # the list itself says what is wrong

    @Slot(object)
    def _on_rows(self, rows: Sequence[PairRow]) -> None:
        begin, wanted = self._asked or (0, array("q"))
        self._asked = None
        if len(self._held) > MOST_HELD:
            self._held.clear()
        self._held |= dict.fromkeys(wanted)
        self._held |= {row.id: row for row in rows}
        last = min(begin + len(wanted), len(self._ids)) - 1
        if last >= 0:
            self.dataChanged.emit(self.index(min(begin, last), 0), self.index(last, 0))
        if self._missing is not None:
            self._soon.start()
