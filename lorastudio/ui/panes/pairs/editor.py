"""The texts of a pair, to be changed; what they were is kept in the library."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from lorastudio.domain.pair import Pair
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.labels import Dim

PROMPT_PX = 74


class PairEditor(QWidget):
    """Fields for the last turn of the prompt and for each answer that the pair has."""

    def __init__(self) -> None:
        super().__init__()
        self.prompt = _field("pairs.edit.prompt", "Prompt")
        self.prompt.setMaximumHeight(PROMPT_PX)
        self.bad = _field("pairs.edit.bad", "Bad answer")
        self.good = _field("pairs.edit.good", "Good answer")
        self._bad_column = _column(Chip("Bad", "bad"), self.bad)
        self._good_column = _column(Chip("Good", "good"), self.good)
        answers = QHBoxLayout()
        answers.setSpacing(12)
        answers.addWidget(self._bad_column, 1)
        answers.addWidget(self._good_column, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(Dim("Prompt"))
        column.addWidget(self.prompt)
        column.addLayout(answers, 1)
        self._pair: Pair | None = None

    def show_pair(self, pair: Pair) -> None:
        """Fill the fields."""
        self._pair = pair
        self.prompt.setPlainText(pair.prompt[-1].content if pair.prompt else "")
        self.prompt.setEnabled(bool(pair.prompt))
        self.bad.setPlainText(pair.bad or "")
        self.good.setPlainText(pair.good or "")
        self._bad_column.setVisible(pair.bad is not None)
        self._good_column.setVisible(pair.good is not None)

    def take_focus(self) -> None:
        """Go to the answer that is most worth mending."""
        (self.bad if self._pair is not None and self._pair.good is None else self.good).setFocus()

    def changes(self) -> tuple[str | None, str | None, str | None]:
        """Prompt, good and bad as they are now; None where nothing was changed."""
        pair = self._pair
        if pair is None:
            return None, None, None
        prompt = pair.prompt[-1].content if pair.prompt else None
        return (
            _changed(self.prompt, prompt),
            _changed(self.good, pair.good),
            _changed(self.bad, pair.bad),
        )


def _changed(field: QPlainTextEdit, before: str | None) -> str | None:
    # A document knows one kind of line end; a text that was only shown must not count as changed.
    if before is None or not field.document().isModified():
        return None
    return field.toPlainText()


def _field(name: str, spoken_name: str) -> QPlainTextEdit:
    field = QPlainTextEdit()
    field.setObjectName(name)
    field.setAccessibleName(spoken_name)
    field.setTabChangesFocus(True)
    return field


def _column(chip: Chip, field: QPlainTextEdit) -> QWidget:
    column = QWidget()
    rows = QVBoxLayout(column)
    rows.setContentsMargins(0, 0, 0, 0)
    rows.setSpacing(6)
    rows.addWidget(chip)
    rows.addWidget(field, 1)
    return column
