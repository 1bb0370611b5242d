"""The questions of a cycle as rows of a list, each with how far it has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from lorastudio.domain.draft import QuestionState
from lorastudio.ui.panes.drafts.words import score_text
from lorastudio.ui.wording import counted

if TYPE_CHECKING:
    from lorastudio.bridge.requests.cycles import QuestionProgress

WAITING, DONE, FAILED = "waiting", "done", "failed"
WRITING, JUDGING, JUDGED = "writing", "judging", "judged"  # somebody works on it
ROW = Qt.ItemDataRole.UserRole
KINDS = {WRITING: "accent", JUDGING: "accent", JUDGED: "accent", DONE: "good", FAILED: "bad"}
STATES = {
    QuestionState.WAITING: WAITING,
    QuestionState.RUNNING: WRITING,
    QuestionState.DONE: DONE,
    QuestionState.FAILED: FAILED,
}


@dataclass(frozen=True, slots=True)
class Row:
    """`drafts` are those so far, `score` (0..1) is the best one's."""

    id: int
    text: str
    state: str
    drafts: int = 0
    score: float | None = None
    error: str = ""

    @property
    def is_active(self) -> bool:
        return self.state in (WRITING, JUDGING, JUDGED)

    def words(self) -> str:
        """What stands beside the state."""
        if self.state == FAILED:
            return self.error
        if self.is_active:
            return f"draft {max(1, self.drafts)}"
        if self.state == WAITING:
            return f"{counted(self.drafts, 'draft')} kept" if self.drafts else ""
        return f"{score_text(self.score)} in {counted(self.drafts, 'draft')}"


class QuestionRows(QAbstractListModel):
    """Rows by position; `change` is what events do to one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self._place: dict[int, int] = {}

    def show_questions(self, questions: Sequence[QuestionProgress], active: dict[int, Row], *, running: bool) -> None:
        """Take over what the library has; `active` are rows that are being worked on, as events told."""
        fresh = [active.get(item.question.id) or _row(item, running) for item in questions]
        if [row.id for row in fresh] == [row.id for row in self.rows]:
            self.rows = fresh
            if fresh:
                self.dataChanged.emit(self.index(0), self.index(len(fresh) - 1))
            return
        self.beginResetModel()
        self.rows = fresh
        self._place = {row.id: place for place, row in enumerate(fresh)}
        self.endResetModel()

    def row_of(self, question_id: int) -> Row | None:
        place = self._place.get(question_id)
        return None if place is None else self.rows[place]

    def index_of(self, question_id: int) -> QModelIndex:
        place = self._place.get(question_id)
        return QModelIndex() if place is None else self.index(place)

    def change(self, question_id: int, **values: Any) -> None:
        """Give a row other values; a question of another cycle is passed over."""
        place = self._place.get(question_id)
        if place is None:
            return
        self.rows[place] = replace(self.rows[place], **values)
        self.dataChanged.emit(self.index(place), self.index(place))

    def count(self, state: str) -> int:
        return sum(row.state == state for row in self.rows)

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role == ROW:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.text
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{row.text}\n{row.error}".strip()
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{row.text}, {row.state}, {row.words()}".rstrip(", ")
        return None


def _row(item: QuestionProgress, running: bool) -> Row:
    question = item.question
    state = STATES[question.state]
    if state == WRITING and not running:
        state = WAITING
    return Row(question.id, question.text, state, item.drafts, item.best_score, question.error)
