"""A cycle at work: its questions at the left, one of them on the desk."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from lorastudio.ui.panes.base import BETWEEN_CARDS_PX
from lorastudio.ui.panes.drafts.desk import Desk
from lorastudio.ui.panes.drafts.question_list import QuestionList
from lorastudio.ui.panes.drafts.question_rows import QuestionRows
from lorastudio.ui.panes.drafts.totals_card import TotalsCard
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.card import Card

LEFT_SHARE, LEFT_LEAST_PX, LEFT_MOST_PX = 0.21, 196, 250
RIGHT_SHARE, RIGHT_LEAST_PX, RIGHT_MOST_PX = 0.26, 236, 300
MIDDLE_LEAST_PX = 260


class WorkPage(QSplitter):
    """Three columns; `chosen` is the id of a question that a person went to."""

    chosen = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setObjectName("drafts.columns")
        self.setHandleWidth(BETWEEN_CARDS_PX)
        self.setChildrenCollapsible(False)
        self.rows = QuestionRows()
        self.rows.setParent(self)
        self.list = QuestionList(self.rows, theme)
        self.list.setProperty("kind", "inside")
        self.totals = TotalsCard()
        self.desk = Desk(theme, self)
        self.desk.middle.setMinimumWidth(MIDDLE_LEAST_PX)
        for column in (self._left(), self.desk.middle, self.desk.right):
            self.addWidget(column)
        self.setStretchFactor(1, 1)
        self.was_moved = False
        self._by_program = False
        self.splitterMoved.connect(self._on_moved)
        self.list.selectionModel().currentChanged.connect(self._on_current)

    @property
    def question_id(self) -> int | None:
        """The question that is chosen in the list."""
        index = self.list.currentIndex()
        return self.rows.rows[index.row()].id if index.isValid() else None

    def go_to(self, question_id: int) -> None:
        """Choose a question for the person."""
        self._by_program = True
        self.list.setCurrentIndex(self.rows.index_of(question_id))
        self._by_program = False

    def restore_sizes(self, sizes: list[int]) -> None:
        """The widths of the columns, as a person left them."""
        self.was_moved = True
        self.setSizes(sizes)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        if not self.was_moved:
            width = self.width() - 2 * self.handleWidth()
            left = min(max(round(LEFT_SHARE * width), LEFT_LEAST_PX), LEFT_MOST_PX)
            right = min(max(round(RIGHT_SHARE * width), RIGHT_LEAST_PX), RIGHT_MOST_PX)
            self.setSizes([left, width - left - right, right])

    def _left(self) -> QWidget:
        card = Card(padded=False)
        card.body.setContentsMargins(1, 4, 1, 4)
        card.body.addWidget(self.list)
        left = QWidget()
        left.setMinimumWidth(LEFT_LEAST_PX)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(card, 1)
        column.addWidget(self.totals)
        return left

    def _on_moved(self) -> None:
        self.was_moved = True

    def _on_current(self, current: QModelIndex) -> None:
        if current.isValid() and not self._by_program:
            self.chosen.emit(self.rows.rows[current.row()].id)
