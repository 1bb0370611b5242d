"""A text with its changed words marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFocusEvent, QFont, QTextBlockFormat, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.kinds import set_kind

if TYPE_CHECKING:
    from lorastudio.datasets.word_diff import Piece

LINE_HEIGHT_PERCENT = 125.0


class ReadText(QTextEdit):
    """Text that can be scrolled and copied with the keyboard, and not changed."""

    def __init__(self, theme: Theme, name: str, spoken_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setObjectName(name)
        self.setAccessibleName(spoken_name)
        self.setProperty("kind", "plain")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._mark_card("chosen")

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._mark_card("")

    def _mark_card(self, kind: str) -> None:
        """The text has no frame of its own, so its card shows where the focus is."""
        card = self.parentWidget()
        if isinstance(card, Card):
            set_kind(card, kind)


class DiffText(ReadText):
    """Pieces of a `WordDiff`: what is gone struck out, what is new underlined where both stand in one text."""

    def __init__(self, theme: Theme, name: str, spoken_name: str, *, both: bool = False) -> None:
        super().__init__(theme, name, spoken_name)
        self._both = both
        self._pieces: Sequence[Piece] = ()
        self._note = ""
        theme.changed.connect(self._draw)

    def show_pieces(self, pieces: Sequence[Piece], note: str = "") -> None:
        """Show other pieces, from their beginning; `note` stands below in a dim line."""
        self._pieces, self._note = pieces, note
        self._draw()
        self.verticalScrollBar().setValue(0)

    @Slot()
    def _draw(self) -> None:
        formats = {"same": QTextCharFormat(), "gone": self._format("bad"), "new": self._format("good")}
        formats["gone"].setFontStrikeOut(True)
        formats["new"].setFontUnderline(self._both)
        formats["same"].setForeground(self.theme.colour("text"))
        block = QTextBlockFormat()
        block.setLineHeight(LINE_HEIGHT_PERCENT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        self.clear()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        cursor.setBlockFormat(block)
        for piece in self._pieces:
            cursor.insertText(piece.text, formats[piece.kind])
        if self._note:
            dim = QTextCharFormat()
            dim.setForeground(self.theme.colour("dim"))
            cursor.insertText(("\n\n" if self._pieces else "") + self._note, dim)
        cursor.endEditBlock()
        self.moveCursor(QTextCursor.MoveOperation.Start)

    def _format(self, colour: str) -> QTextCharFormat:
        made = QTextCharFormat()
        made.setForeground(self.theme.colour(colour))
        made.setBackground(self.theme.colour(f"{colour}_back"))
        return made


class PromptText(ReadText):
    """The prompt: as high as its text up to a few lines, then it scrolls. Short ones stand out as a title."""

    MOST_PX = 76
    TITLE_CHARACTERS = 160

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name, "Prompt")
        self.document().documentLayout().documentSizeChanged.connect(self._fit)

    def show_prompt(self, text: str) -> None:
        font = QFont(self.theme.text_font())
        font.setWeight(QFont.Weight.DemiBold if len(text) <= self.TITLE_CHARACTERS else QFont.Weight.Normal)
        self.document().setDefaultFont(font)
        self.setPlainText(text)
        self._fit()

    @Slot()
    def _fit(self) -> None:
        self.setFixedHeight(min(round(self.document().size().height()) + 2, self.MOST_PX))
