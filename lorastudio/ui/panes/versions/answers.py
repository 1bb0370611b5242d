"""The gate questions that decided, one at a time, with an answer of each side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit

from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.labels import Dim, ElidedText
from lorastudio.ui.widgets.title_row import StateLine
from lorastudio.ui.wording import count

if TYPE_CHECKING:
    from lorastudio.services.gate_review import DecidingQuestion


class AnswerCard(Card):
    """One side: its name, how it did on this question, and an answer."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setProperty("kind", "flat")
        self.chip = Chip()
        self.score = StateLine()
        self.text = QPlainTextEdit(readOnly=True)
        self.text.setObjectName(name)
        self.text.setProperty("kind", "plain")
        self.text.setTabChangesFocus(True)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.chip)
        row.addWidget(self.score, 1)
        self.body.addLayout(row)
        self.body.addWidget(self.text, 1)

    def show_answer(self, name: str, score: float, fails: tuple[str, ...], text: str, won: bool) -> None:
        self.chip.say(name, "good" if won else "")
        words = f"{100 * score:.0f}% of its answers pass"
        self.score.say(f"{words}; this one fails {', '.join(fails)}" if fails else words)
        self.text.setPlainText(text)
        self.text.setAccessibleName(f"Answer of {name}")


class AnswersCard(Card):
    """Pages through the deciding questions, the clearest first."""

    def __init__(self) -> None:
        super().__init__("Questions that decided")
        self._questions: tuple[DecidingQuestion, ...] = ()
        self._place = 0
        self._names = ("", "")
        self.where = Dim()
        self.back = Button("‹", "versions.answers.back", kind="small")
        self.back.setAccessibleName("The question before")
        self.next = Button("›", "versions.answers.next", kind="small")
        self.next.setAccessibleName("The next question")
        self.head.addStretch()
        for widget in (self.where, self.back, self.next):
            self.head.addWidget(widget)
        self.question = ElidedText(kind="")
        self.question.setObjectName("versions.question")
        self.old = AnswerCard("versions.answers.old")
        self.new = AnswerCard("versions.answers.new")
        sides = QHBoxLayout()
        sides.setSpacing(12)
        sides.addWidget(self.old, 1)
        sides.addWidget(self.new, 1)
        self.body.addWidget(self.question)
        self.body.addLayout(sides, 1)
        self.back.clicked.connect(self._on_back)
        self.next.clicked.connect(self._on_next)

    def show_questions(self, questions: tuple[DecidingQuestion, ...], new: str, old: str) -> None:
        """`new` and `old` are what the two sides are called. Without questions the card hides."""
        self.title.setText(f"{new} against {old}")
        self._names = (new, old)
        self._questions = questions
        self._place = 0
        self.setVisible(bool(questions))
        self._show()

    def _show(self) -> None:
        if not self._questions:
            return
        item = self._questions[self._place]
        self.where.setText(f"{count(self._place + 1)} of {count(len(self._questions))}, the clearest first")
        self.back.setEnabled(self._place > 0)
        self.next.setEnabled(self._place + 1 < len(self._questions))
        self.question.say(item.question)
        new, old = self._names
        better = item.difference > 0
        self.new.show_answer(new, item.candidate_score, item.candidate_fails, item.candidate, better)
        self.old.show_answer(old, item.against_score, item.against_fails, item.against, not better)

    @Slot()
    def _on_back(self) -> None:
        self._place = max(0, self._place - 1)
        self._show()

    @Slot()
    def _on_next(self) -> None:
        self._place = min(len(self._questions) - 1, self._place + 1)
        self._show()
