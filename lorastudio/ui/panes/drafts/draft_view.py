"""The text of one draft, while it is written and afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QTextBlockFormat, QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QHBoxLayout, QTextEdit, QWidget

from lorastudio.domain.draft import Issue
from lorastudio.ui.theme import Theme
from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.labels import Dim, Strong
from lorastudio.ui.widgets.title_row import StateLine

LINE_HEIGHT_PERCENT = 145.0
QUESTION_CHARACTERS = 260


class DraftView(Card):
    """Text only ever grows at its end while a draft is written; whoever scrolled up stays there."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._theme = theme
        self._shown = ""
        self._issues: tuple[Issue, ...] = ()
        self.writer = Chip("", "accent")
        self.state = StateLine()
        self.follow_button = Button("Follow", "drafts.follow", kind="small")
        self.follow_button.setCheckable(True)
        self.follow_button.setChecked(True)
        self.follow_button.hide()
        self.follow_button.setToolTip("Go to whichever question is being written")
        self.question = Strong(wrap=True)
        self.error = Dim(wrap=True, kind="bad")
        self.text = QTextEdit(readOnly=True)
        self.text.setProperty("kind", "plain")
        self.text.setObjectName("drafts.text")
        self.text.setAccessibleName("Draft")
        self.text.setUndoRedoEnabled(False)
        self.text.setTabChangesFocus(True)
        self.text.document().setDocumentMargin(0)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self.writer)
        head.addWidget(self.state, 1)
        head.addWidget(self.follow_button)
        self.body.addLayout(head)
        for widget in (self.question, self.error):
            self.body.addWidget(widget)
        self.body.addWidget(self.text, 1)
        self.clear_text()
        theme.changed.connect(self._mark_issues)

    def show_question(self, text: str, error: str) -> None:
        """The question in full, and why it failed if it did."""
        line = " ".join(text.split())
        self.question.setText(line if len(line) <= QUESTION_CHARACTERS else f"{line[:QUESTION_CHARACTERS]}…")
        self.question.setToolTip(text)
        self.error.setText(error)
        self.error.setVisible(bool(error))

    def show_text(self, text: str, issues: Sequence[Issue] = ()) -> None:
        """Show a text; what is shown already and begins it stays as it is."""
        if text.startswith(self._shown):
            self.append(text[len(self._shown) :])
        elif text != self._shown:
            self.clear_text()
            self.append(text)
        self._issues = tuple(issues)
        self._mark_issues()

    def append(self, tail: str) -> None:
        """More of the draft arrived."""
        if not tail:
            return
        bar = self.text.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 4
        cursor = QTextCursor(self.text.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(tail)
        self._shown += tail
        if at_end and self.follow_button.isChecked():
            bar.setValue(bar.maximum())

    def clear_text(self) -> None:
        """Nothing is there, or what was there is void."""
        self._shown = ""
        self._issues = ()
        self.text.setExtraSelections([])
        self.text.clear()
        spaced = QTextBlockFormat()
        spaced.setLineHeight(LINE_HEIGHT_PERCENT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        QTextCursor(self.text.document()).setBlockFormat(spaced)

    def shown_text(self) -> str:
        return self._shown

    def _mark_issues(self) -> None:
        """What the critic quotes is marked in the draft, what is severe on top."""
        marks = []
        for issue in sorted(self._issues, key=_is_severe):
            found = self._find(issue.quote)
            if found.isNull():
                continue
            mark = QTextEdit.ExtraSelection()
            mark.cursor = found
            look = QTextCharFormat()
            kind = "bad" if issue.severe else "warn"
            look.setBackground(self._theme.colour(f"{kind}_back"))
            look.setForeground(self._theme.colour(kind))
            mark.format = look
            marks.append(mark)
        self.text.setExtraSelections(marks)

    def _find(self, quote: str) -> QTextCursor:
        """Where a quote stands; a null cursor when it stands nowhere, as one over several lines does."""
        if not quote.strip():
            return QTextCursor()
        exact = QTextDocument.FindFlag.FindCaseSensitively
        whole = self.text.document().find(quote, 0, exact | QTextDocument.FindFlag.FindWholeWords)
        return self.text.document().find(quote, 0, exact) if whole.isNull() else whole


def _is_severe(issue: Issue) -> bool:
    return issue.severe
