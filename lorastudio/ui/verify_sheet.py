"""Asking several teachers the same: which questions, whom, how many must agree, and what they agreed on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QCheckBox, QFileDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.requests import verifying as requests
from lorastudio.domain.errors import KnownError
from lorastudio.domain.verified import Quorum, majority
from lorastudio.ui.sheet import Sheet
from lorastudio.ui.widgets.buttons import Button, PrimaryButton
from lorastudio.ui.widgets.error_bar import ErrorBar
from lorastudio.ui.widgets.labels import Dim, ElidedText, Figure
from lorastudio.ui.widgets.limit_field import LimitField
from lorastudio.ui.widgets.number_field import NumberField
from lorastudio.ui.widgets.scroll_column import ScrollColumn

if TYPE_CHECKING:
    from lorastudio.bridge.requests.verifying import VerificationBegun, Verified
    from lorastudio.domain.verified import VerifiedResponse

KIND = "verification"
WIDTH_PX, LIST_PX = 680, 170
NO_QUESTIONS = "No file of questions yet: one a line, or JSON lines."
TOO_FEW = "Agreement needs at least two teachers; add them under Endpoints."


class VerifySheet(Sheet):
    """Starts a verification, or goes on with one that was stopped; its progress is in the footer."""

    def __init__(self, backend: Backend, known: Verified, window: QWidget) -> None:
        super().__init__("Verified responses", window, width_px=WIDTH_PX)
        self.setObjectName("verify")
        self._backend, self._unfinished_id = backend, known.unfinished_id
        self.file: Path | None = None
        self.add_words("What a quorum of teachers agrees on comes into Pairs. Agreement is not truth.")
        self.teachers = [_teacher(name) for name in known.teachers]
        self.quorum = NumberField(1, max(1, len(known.teachers)), majority(len(known.teachers)))
        self.quorum.setObjectName("verify.quorum")
        self.quorum.setAccessibleName("How many must agree")
        self.tokens = LimitField("verify.tokens", "Tokens at most", most=1e12, step=10_000)
        self.file_words = ElidedText(NO_QUESTIONS)
        self.file_button = Button("Questions…", "verify.file")
        self._lay_out()
        self.stands = self.add_words("")
        if known.responses:
            self.body.addWidget(_list(known.responses))
        self.error = ErrorBar("verify.error")
        self.body.addWidget(self.error)
        self.close_button = Button("Close", "verify.close")
        self.go_button = PrimaryButton("Ask the teachers", "verify.go")
        self.buttons.addWidget(self.close_button)
        self.buttons.addStretch()
        if known.unfinished_id is not None and not backend.running(KIND):
            self.go_on_button = Button("Go on with the stopped one", "verify.go_on")
            self.go_on_button.clicked.connect(self._on_go_on)
            self.buttons.addWidget(self.go_on_button)
        self.buttons.addWidget(self.go_button)
        self.close_button.clicked.connect(self.dismiss)
        self.go_button.clicked.connect(self._on_go)
        self.file_button.clicked.connect(self._on_file)
        self.quorum.valueChanged.connect(self._on_chosen)
        for box in self.teachers:
            box.toggled.connect(self._on_chosen)
        self._on_chosen()

    def take_file(self, file: Path) -> None:
        """Ask the questions of this file."""
        self.file = file
        self.file_words.say(str(file))
        self._on_chosen()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.file_button)
        row.addWidget(self.file_words, 1)
        self.body.addLayout(row)
        boxes = QVBoxLayout()
        for box in self.teachers:
            boxes.addWidget(box)
        self.body.addLayout(boxes)
        last = QHBoxLayout()
        for widget in (Dim("How many must agree"), self.quorum, Dim("Tokens at most"), self.tokens):
            last.addWidget(widget)
        last.addStretch()
        self.body.addLayout(last)

    def _names(self) -> list[str]:
        return [box.text() for box in self.teachers if box.isChecked()]

    @Slot()
    def _on_chosen(self) -> None:
        try:
            words, kind = Quorum(self.quorum.value(), len(self._names())).stands(), ""
        except KnownError as error:
            words, kind = TOO_FEW if len(self._names()) < 2 else str(error), "warn"
        self.stands.say(words, kind)
        free = self._unfinished_id is None and not self._backend.running(KIND)
        self.go_button.setEnabled(free and not kind and self.file is not None)
        self._place()

    @Slot()
    def _on_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "Questions", "", "Questions, one a line or JSON lines (*.txt *.jsonl);;All files (*)"
        )
        if name:
            self.take_file(Path(name))

    @Slot()
    def _on_go(self) -> None:
        self._backend.act(
            requests.begin_verification,
            self.file,
            self._names(),
            self.quorum.value(),
            self.tokens.whole_limit(),
            answer=self._on_begun,
            failed=self._on_failed,
        )

    @Slot()
    def _on_go_on(self) -> None:
        if self._unfinished_id is not None and not self._backend.running(KIND):
            self._run(self._unfinished_id)

    @Slot(object)
    def _on_begun(self, begun: VerificationBegun) -> None:
        self._run(begun.verification_id)

    @Slot(object)
    def _on_failed(self, error: KnownError) -> None:
        self.error.show_error(error)
        self._place()

    def _run(self, verification_id: int) -> None:
        self._backend.start(KIND, f"Verification {verification_id}", requests.run_verification, verification_id)
        self.dismiss()


def _teacher(name: str) -> QCheckBox:
    box = QCheckBox(name)
    box.setObjectName(f"verify.teacher.{name}")
    box.setAccessibleName(f"Ask {name}")
    box.setChecked(True)
    return box


def _list(responses: tuple[VerifiedResponse, ...]) -> ScrollColumn:
    inside = QWidget()
    grid = QGridLayout(inside)
    grid.setContentsMargins(0, 0, 8, 0)
    grid.setColumnStretch(0, 1)
    grid.setColumnStretch(1, 1)
    for row, item in enumerate(responses):
        sure = "" if item.finding.confidence is None else f"{item.finding.confidence:.2f}"
        grid.addWidget(ElidedText(item.query.text), row, 0)
        grid.addWidget(ElidedText(item.finding.answer or ""), row, 1)
        grid.addWidget(Dim(item.agreement), row, 2)
        grid.addWidget(Figure(sure), row, 3)
    scroll = ScrollColumn([inside])
    scroll.setObjectName("verify.list")
    scroll.setAccessibleName("Responses that a quorum agrees on")
    scroll.setFixedHeight(min(LIST_PX, inside.sizeHint().height() + 4))
    return scroll
