"""What a cycle is started with: its questions, and how far it goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from lorastudio.ui.widgets.buttons import Button
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.labels import Dim
from lorastudio.ui.widgets.number_field import NumberField
from lorastudio.ui.wording import counted

if TYPE_CHECKING:
    from lorastudio.bridge.requests.cycles import Cast

DRAWN = 16
MOST_DRAFTS = 6
SUFFIXES = (".txt", ".jsonl")
ASIDE = "The first time, three in ten of ten questions or more are kept for the gate and never drafted on."
PRACTICE = (
    "The practice critic knows the questions of the practice world alone: draw some, or set up a critic of your own."
)
NO_CRITIC = "No critic is set up, so nobody could judge the drafts."


class QuestionForm(QWidget):
    """Questions pasted one a line, drawn in the practice world, or read from a file. `changed` follows every edit."""

    changed = Signal()
    draw_wanted = Signal(int)
    put_away = Signal()
    set_up_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.file: Path | None = None
        self.cast: Cast | None = None
        self.text = QPlainTextEdit()
        self.text.setObjectName("drafts.form.text")
        self.text.setAccessibleName("Questions, one a line")
        self.text.setPlaceholderText("Paste questions here, one a line")
        self.text.setTabChangesFocus(True)
        self.said = Dim(wrap=True)
        self.count = Dim()
        self.draw_button = Button(f"Draw {DRAWN} practice questions", "drafts.form.draw")
        self.file_button = Button("From a file…", "drafts.form.file")
        self.clear_button = Button("", "drafts.form.clear", kind="link")
        self.set_up_button = Button("Set up a critic…", "drafts.form.set_up")
        self.cancel_button = Button("Cancel", "drafts.form.cancel")
        self.most = NumberField(1, MOST_DRAFTS, MOST_DRAFTS)
        self.most.setObjectName("drafts.form.most")
        self.most.setAccessibleName("Drafts for each question at most")
        self.train = QCheckBox("Go on through training, gate and deployment")
        self.train.setObjectName("drafts.form.train")
        self.train.setToolTip("Pairs are accepted by the confidence rule; a version is deployed if the gate lets it.")
        self._build()
        self._connect()

    @property
    def is_ready(self) -> bool:
        """Whether there is something to start with, and somebody to do it."""
        cast = self.cast
        return bool(cast and cast.writer and cast.critic and (self.file or self.questions()))

    def questions(self) -> list[str]:
        """What stands in the field, one a line."""
        return [line.strip() for line in self.text.toPlainText().splitlines() if line.strip()]

    def show_cast(self, cast: Cast) -> None:
        """Say who would write and judge."""
        self.cast = cast
        self.draw_button.setVisible(cast.practice)
        self.set_up_button.setVisible(not cast.critic)
        self.said.say(self._words(cast), "" if cast.critic else "warn")
        self.changed.emit()

    def show_questions(self, questions: list[str]) -> None:
        """Questions that were drawn, in place of what stood there."""
        self.text.setPlainText("\n".join(questions))
        self.text.setFocus()

    def take_file(self, path: Path) -> bool:
        """Read the questions of this file too, if it looks like one of questions."""
        if path.suffix.lower() not in SUFFIXES:
            return False
        self._take_file(path)
        return True

    def clear(self) -> None:
        """They are asked; the form is empty for the next ones."""
        self.text.clear()
        self._take_file(None)

    def _words(self, cast: Cast) -> str:
        if not cast.critic:
            return NO_CRITIC
        return f"{cast.writer} writes, {cast.critic} judges. {PRACTICE if cast.practice else ASIDE}"

    def _build(self) -> None:
        card = Card("Questions to draft on")
        card.head.addStretch()
        card.head.addWidget(self.count)
        card.body.addWidget(self.said)
        card.body.addWidget(self.text, 1)
        row = QHBoxLayout()
        for widget in (self.draw_button, self.set_up_button, self.file_button, self.clear_button):
            row.addWidget(widget)
        row.addStretch()
        row.addWidget(Dim("Drafts at most"))
        row.addWidget(self.most)
        card.body.addLayout(row)
        last = QHBoxLayout()
        last.addWidget(self.train)
        last.addStretch()
        last.addWidget(self.cancel_button)
        card.body.addLayout(last)
        self.last_row = last
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(card)
        self._take_file(None)

    def _connect(self) -> None:
        self.text.textChanged.connect(self._on_edited)
        self.draw_button.clicked.connect(self._on_draw)
        self.file_button.clicked.connect(self._choose_file)
        self.clear_button.clicked.connect(self._on_clear_file)
        self.cancel_button.clicked.connect(self.put_away)
        self.set_up_button.clicked.connect(self.set_up_wanted)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(self.put_away)

    @Slot()
    def _on_edited(self) -> None:
        found = len(self.questions())
        self.count.setText(counted(found, "question") if found else "")
        self.changed.emit()

    @Slot()
    def _on_draw(self) -> None:
        self.draw_wanted.emit(DRAWN)

    @Slot()
    def _choose_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "Questions", "", "Questions, one a line or JSON lines (*.txt *.jsonl);;All files (*)"
        )
        if name:
            self._take_file(Path(name))

    @Slot()
    def _on_clear_file(self) -> None:
        self._take_file(None)

    def _take_file(self, file: Path | None) -> None:
        self.file = file
        self.clear_button.setVisible(file is not None)
        self.clear_button.setText(f"{file.name}, leave it out" if file else "")
        self.changed.emit()
