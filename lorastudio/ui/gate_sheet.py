"""The questions that only the gate may read: listed, and added from a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QListWidget, QWidget

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.requests import gate_sets as requests
from lorastudio.domain.changes import Changes
from lorastudio.domain.errors import KnownError
from lorastudio.ui.file_question import ask_for_file
from lorastudio.ui.sheet import Sheet
from lorastudio.ui.widgets.buttons import Button, PrimaryButton
from lorastudio.ui.wording import count, counted

if TYPE_CHECKING:
    from lorastudio.domain.gate import GateQuestion

WHAT_FOR = "Versions are judged on these questions alone; they are never drafted on and never trained on."
WHAT_FITS = 'A file holds one question a line, or JSONL with "question" and, if wanted, "checks".'
FILE_KINDS = "Questions (*.txt *.jsonl);;All files (*)"
WIDTH_PX = 680
LIST_PX = 300


class GateSheet(Sheet):
    """Reads its list when it is made, and again after each file."""

    def __init__(self, backend: Backend, window: QWidget) -> None:
        super().__init__("Gate questions", window, width_px=WIDTH_PX)
        self.setObjectName("gate_sheet")
        self._backend = backend
        self._known: int | None = None  # how many there are; None until they are read
        self.add_words(f"{WHAT_FOR} {WHAT_FITS}")
        self.list = QListWidget()
        self.list.setObjectName("gate_sheet.list")
        self.list.setAccessibleName("Gate questions")
        self.list.setWordWrap(True)
        self.list.setFixedHeight(LIST_PX)
        self.body.addWidget(self.list)
        self.told = self.add_words("")
        close = Button("Close", "gate_sheet.close")
        self.add_button = PrimaryButton("Add from a file…", "gate_sheet.add")
        self.buttons.addWidget(close)
        self.buttons.addStretch()
        self.buttons.addWidget(self.add_button)
        close.clicked.connect(self.dismiss)
        self.add_button.clicked.connect(self._on_choose)
        self._read()

    def _read(self) -> None:
        self._backend.ask(requests.read_gate_questions, answer=self._on_read, failed=self._on_failed)

    @Slot()
    def _on_choose(self) -> None:
        ask_for_file(self, "Questions for the gate alone", FILE_KINDS, self._on_file)

    @Slot(str)
    def _on_file(self, name: str) -> None:
        self.add_button.setEnabled(False)
        self._backend.act(requests.add_gate_questions, Path(name), answer=self._on_added, failed=self._on_failed)

    @Slot(object)
    def _on_added(self, _changes: Changes) -> None:
        self._read()

    @Slot(object)
    def _on_read(self, questions: tuple[GateQuestion, ...]) -> None:
        before, self._known = self._known, len(questions)
        self.list.clear()
        self.list.addItems([question.text for question in questions])
        words = f"{counted(self._known, 'question')}." if questions else "There are none yet."
        if before is not None:
            words = f"{count(self._known - before)} added; {count(self._known)} in all."
        self._say(words)

    @Slot(object)
    def _on_failed(self, error: KnownError) -> None:
        self._say(str(error), kind="bad")

    def _say(self, words: str, *, kind: str = "") -> None:
        self.told.say(words, kind)
        self.add_button.setEnabled(True)
        self._place()
