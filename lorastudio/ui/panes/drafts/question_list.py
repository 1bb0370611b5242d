"""The list of questions: two lines each, the second one for its state."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from lorastudio.ui.panes.drafts.painting import SMALL_PX, paint_chip, paint_line, sized
from lorastudio.ui.panes.drafts.question_rows import KINDS, ROW, QuestionRows, Row
from lorastudio.ui.theme import TEXT_PX, Theme

ROW_PX = 54
SIDE_PX = 12
TEXT_TOP_PX, TEXT_HEIGHT_PX = 8, 19
STATE_TOP_PX, STATE_HEIGHT_PX = 28, 18


class QuestionList(QListView):
    """Up and down choose a question."""

    def __init__(self, rows: QuestionRows, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("drafts.questions")
        self.setAccessibleName("Questions")
        self.setModel(rows)
        self.setItemDelegate(_Painter(theme, self))
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setMinimumHeight(2 * ROW_PX)
        theme.changed.connect(self.viewport().update)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self.scrollTo(self.currentIndex())


class _Painter(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(120, ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row: Row = index.data(ROW)
        box = option.rect
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        if chosen:
            painter.fillRect(box, self._theme.colour("accent_back"))
        painter.setPen(self._theme.colour("line"))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        painter.setPen(self._theme.colour("text"))
        inside = box.adjusted(SIDE_PX, 0, -SIDE_PX, 0)
        text = QRect(inside.left(), box.top() + TEXT_TOP_PX, inside.width(), TEXT_HEIGHT_PX)
        paint_line(painter, text, row.text, sized(option.font, TEXT_PX, strong=chosen))
        self._paint_state(painter, QRect(text.left(), box.top() + STATE_TOP_PX, text.width(), STATE_HEIGHT_PX), row)
        painter.restore()

    def _paint_state(self, painter: QPainter, place: QRect, row: Row) -> None:
        words = row.words()
        if kind := KINDS.get(row.state):
            place.setLeft(place.left() + paint_chip(painter, place, row.state, kind, self._theme) + 8)
        else:
            words = f"{row.state}, {words}" if words else row.state
        painter.setPen(self._theme.colour("dim"))
        paint_line(painter, place, words, sized(painter.font(), SMALL_PX))
