"""A row of the list: the prompt, where the pair came from, its gain and its confidence."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from lorastudio.bridge.requests.pairs import PairRow
from lorastudio.ui.models.pair_list import ROW_ROLE
from lorastudio.ui.panes.pairs.words import STATE_KINDS, STATE_NAMES, confidence, gain, row_line
from lorastudio.ui.theme import Theme
from lorastudio.ui.wording import counted

ROW_PX = 58
INSET_PX = 4
SIDE_PX = 13
GAP_PX = 10
CHIP_SIDE_PX = 9

Index = QModelIndex | QPersistentModelIndex


class PairDelegate(QStyledItemDelegate):
    """All rows are as high. `names_states` says whether a row names its state, for lists of all states."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.names_states = False
        self._title_font = theme.text_font()
        self._title_font.setWeight(QFont.Weight.DemiBold)
        self._small_font = theme.text_font(11)
        self._chip_font = theme.text_font(11)
        self._chip_font.setWeight(QFont.Weight.DemiBold)
        self._figure_font = theme.figure_font(12)

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(100, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        self._paint_ground(painter, option.rect, selected)
        row = index.data(ROW_ROLE)
        inside = option.rect.adjusted(SIDE_PX, 0, -SIDE_PX, 0)
        top, bottom = self._lines(inside)
        if row is None:
            self._write(painter, top, "…", self._title_font, "faint")
        else:
            self._write(painter, top, row.title or "(no prompt)", self._title_font, "text")
            self._paint_second_line(painter, bottom, row)
        painter.restore()

    def _lines(self, rect: QRect) -> tuple[QRect, QRect]:
        top = QRect(rect.left(), rect.top() + 9, rect.width(), 20)
        return top, QRect(rect.left(), top.bottom() + 1, rect.width(), 20)

    def _paint_ground(self, painter: QPainter, rect: QRect, selected: bool) -> None:
        if selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.colour("accent_back"))
            painter.drawRoundedRect(rect.adjusted(INSET_PX, INSET_PX, -INSET_PX, -INSET_PX), 7, 7)
        line = QRect(rect.left() + SIDE_PX, rect.bottom(), rect.width() - 2 * SIDE_PX, 1)
        painter.fillRect(line, self._theme.colour("line"))

    def _paint_second_line(self, painter: QPainter, rect: QRect, row: PairRow) -> None:
        room = self._paint_figures(painter, rect, row) - GAP_PX
        short = f"⚠ {row.findings}" if row.findings else ""
        kept = room - (self._small_width(short) + GAP_PX if short else 0)
        left = rect.left()
        if self.names_states:
            left = self._word(painter, rect, left, kept, STATE_NAMES[row.state], STATE_KINDS[row.state])
        left = self._word(painter, rect, left, kept, row_line(row), "dim")
        if short:
            whole = counted(row.findings, "warning")
            fits = left + self._small_width(whole) <= room
            self._word(painter, rect, min(left, kept + GAP_PX), room + 1, whole if fits else short, "warn")

    def _paint_figures(self, painter: QPainter, rect: QRect, row: PairRow) -> int:
        """Confidence, and left of it the gain as a chip; returns where they begin."""
        right = rect.right()
        if figure := confidence(row.confidence):
            width = QFontMetrics(self._figure_font).horizontalAdvance("0.00")
            self._write(painter, QRect(right - width, rect.top(), width + 1, rect.height()), figure, self._figure_font)
            right -= width + GAP_PX
        if words := gain(row.margin):
            width = QFontMetrics(self._chip_font).horizontalAdvance(words) + 2 * CHIP_SIDE_PX
            chip = QRect(right - width, rect.top() + 1, width, 18)
            kind = "good" if (row.margin or 0.0) > 0 else "bad"
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.colour(f"{kind}_back"))
            painter.drawRoundedRect(chip, 9, 9)
            self._write(painter, chip.adjusted(CHIP_SIDE_PX, 0, 0, 0), words, self._chip_font, kind)
            right -= width
        return right

    def _word(self, painter: QPainter, rect: QRect, left: int, right: int, text: str, colour: str) -> int:
        """One more word of the line, as far as there is room; returns where the next begins."""
        if left >= right:
            return left
        place = QRect(left, rect.top(), right - left, rect.height())
        self._write(painter, place, text, self._small_font, colour)
        return left + self._small_width(text) + GAP_PX

    def _small_width(self, text: str) -> int:
        return QFontMetrics(self._small_font).horizontalAdvance(text)

    def _write(self, painter: QPainter, rect: QRect, text: str, font: QFont, colour: str = "dim") -> None:
        painter.setFont(font)
        painter.setPen(QColor(self._theme.colour(colour)))
        shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
