"""The drafts of a question side by side, each with its score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QSizePolicy, QWidget

from lorastudio.ui.panes.drafts.painting import SMALL_PX, chip_width, paint_chip, paint_line, sized
from lorastudio.ui.theme import TEXT_PX, Theme

HEIGHT_PX = 48
USUAL_PX, LEAST_PX = 112, 46
SIDE_PX, BETWEEN_PX = 13, 6
RADIUS_PX = 10


@dataclass(frozen=True, slots=True)
class Tab:
    """`chip` is the score or a word of state, in the look `kind`."""

    iteration: int
    chip: str
    kind: str


class DraftTabs(QWidget):
    """One button for each draft; the arrow keys walk along them."""

    chosen = Signal(int)  # iteration, by a person

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("drafts.tabs")
        self.setAccessibleName("Drafts of this question")
        self._theme = theme
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self.chosen)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(8)
        self.buttons: list[DraftTab] = []

    def show_tabs(self, tabs: Sequence[Tab], chosen: int) -> None:
        """Show these drafts, with the iteration `chosen` in front."""
        while len(self.buttons) > len(tabs):
            button = self.buttons.pop()
            self._group.removeButton(button)
            button.hide()
            button.deleteLater()
        while len(self.buttons) < len(tabs):
            button = DraftTab(self._theme, self)
            self.buttons.append(button)
            self._group.addButton(button)
            self._row.addWidget(button)
        for button, tab in zip(self.buttons, tabs, strict=True):
            self._group.setId(button, tab.iteration)
            button.show_tab(tab)
            button.setChecked(tab.iteration == chosen)


class DraftTab(QAbstractButton):
    """A card with a title and a chip: side by side, or one below the other where there is little room."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.tab = Tab(1, "", "")
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_tab(self, tab: Tab) -> None:
        self.tab = tab
        self.setText(f"Draft {tab.iteration}")
        self.setObjectName(f"drafts.tab.{tab.iteration}")
        self.setAccessibleName(f"Draft {tab.iteration}, {tab.chip}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(USUAL_PX, HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        return QSize(LEAST_PX, HEIGHT_PX)

    def paintEvent(self, _event) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = "accent" if self.isChecked() or self.hasFocus() else "line"
        painter.setPen(QPen(self._theme.colour(edge), 2 if self.hasFocus() else 1))
        painter.setBrush(self._theme.colour("hover" if self.underMouse() else "card"))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), RADIUS_PX, RADIUS_PX)
        if self._fits_one_line():
            self._paint_wide(painter)
        else:
            self._paint_narrow(painter)
        painter.end()

    def _fits_one_line(self) -> bool:
        title = QFontMetrics(sized(self.font(), TEXT_PX, strong=True)).horizontalAdvance(self.text())
        return self.width() >= title + chip_width(self.tab.chip, self.font()) + 2 * SIDE_PX + BETWEEN_PX

    def _paint_wide(self, painter: QPainter) -> None:
        chip = chip_width(self.tab.chip, self.font())
        inside = self.rect().adjusted(SIDE_PX, 0, -SIDE_PX, 0)
        painter.setPen(self._theme.colour("text"))
        title = QRect(inside.left(), 0, inside.width() - chip - BETWEEN_PX, self.height())
        paint_line(painter, title, self.text(), sized(self.font(), TEXT_PX, strong=True))
        place = QRect(inside.right() - chip + 1, 0, chip, self.height())
        paint_chip(painter, place, self.tab.chip, self.tab.kind, self._theme)

    def _paint_narrow(self, painter: QPainter) -> None:
        painter.setPen(self._theme.colour("text"))
        painter.setFont(sized(self.font(), SMALL_PX, strong=True))
        painter.drawText(QRect(0, 4, self.width(), 18), Qt.AlignmentFlag.AlignCenter, self._short())
        padding = 6
        chip = chip_width(self.tab.chip, self.font(), padding)
        place = QRect((self.width() - chip) // 2, 23, chip, 20)
        paint_chip(painter, place, self.tab.chip, self.tab.kind, self._theme, padding)

    def _short(self) -> str:
        room = self.fontMetrics().horizontalAdvance(self.text()) < self.width()
        return self.text() if room else str(self.tab.iteration)
