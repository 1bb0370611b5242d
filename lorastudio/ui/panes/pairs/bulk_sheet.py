"""Deciding on many pairs at once: which ones, how many that are, and only then the button."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication, QCheckBox, QDoubleSpinBox, QHBoxLayout, QWidget

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.requests.pairs import count_waiting, decide_waiting, read_least_confidence
from lorastudio.domain.changes import Changes
from lorastudio.domain.errors import KnownError
from lorastudio.domain.pair import PairState
from lorastudio.ui.sheet import Sheet
from lorastudio.ui.widgets.buttons import Button, DangerButton, GoodButton
from lorastudio.ui.widgets.error_bar import ErrorBar
from lorastudio.ui.widgets.labels import Dim, Strong
from lorastudio.ui.wording import count, counted

WIDTH_PX = 520
TYPING_MS = 200


class BulkSheet(Sheet):
    """Accepts or rejects all waiting pairs, those of the search, those with enough confidence, or both."""

    decided = Signal(object)  # Changes

    def __init__(self, backend: Backend, state: PairState, search: str, window: QWidget) -> None:
        verb = "Accept" if state is PairState.ACCEPTED else "Reject"
        super().__init__(f"{verb} many pairs", window, width_px=WIDTH_PX)
        self.setObjectName("veil")
        self._backend, self._state, self._verb, self._search = backend, state, verb, search
        self._found: int | None = None
        self.only_search = QCheckBox(f"Only those that “{search}” finds")
        self.only_search.setObjectName("pairs.bulk.search")
        self.only_search.setChecked(bool(search))
        self.only_search.setVisible(bool(search))
        self.only_sure = QCheckBox("Only those with a confidence of at least")
        self.only_sure.setObjectName("pairs.bulk.sure")
        self.least = QDoubleSpinBox(minimum=0.0, maximum=1.0, singleStep=0.05, decimals=2, value=0.8)
        self.least.setObjectName("pairs.bulk.least")
        self.least.setAccessibleName("Least confidence")
        self.least.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.line = Strong("Counting…")
        self.error = ErrorBar("pairs.bulk.error")
        self.cancel = Button("Cancel", "pairs.bulk.cancel")
        make = GoodButton if state is PairState.ACCEPTED else DangerButton
        self.go = make(verb, "pairs.bulk.go")
        self._counting = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._lay_out()
        self._connect()
        backend.ask(read_least_confidence, answer=self._on_least, failed=self.error.show_error)

    def _lay_out(self) -> None:
        self.body.addWidget(Dim("All pairs that wait for review, unless you narrow them down:", wrap=True))
        self.body.addWidget(self.only_search)
        row = QHBoxLayout()
        row.addWidget(self.only_sure)
        row.addWidget(self.least)
        row.addStretch()
        self.body.addLayout(row)
        self.body.addWidget(self.line)
        self.body.addWidget(self.error)
        self.buttons.addWidget(self.cancel)
        self.buttons.addStretch()
        self.buttons.addWidget(Dim("Can be undone"))
        self.buttons.addWidget(self.go)
        self.go.setEnabled(False)

    def _connect(self) -> None:
        self.cancel.clicked.connect(self.dismiss)
        self.go.clicked.connect(self._on_go)
        self._counting.timeout.connect(self._on_count_wanted)
        for box in (self.only_search, self.only_sure):
            box.toggled.connect(self._on_narrowed)
        self.least.valueChanged.connect(self._on_narrowed)
        self._backend.changed.connect(self._on_narrowed)

    def _choice(self) -> tuple[str, float | None]:
        search = self._search if self.only_search.isChecked() else ""
        return search, self.least.value() if self.only_sure.isChecked() else None

    @Slot(object)
    def _on_least(self, least: float) -> None:
        self.least.setValue(least)
        self._on_count_wanted()

    @Slot()
    def _on_narrowed(self) -> None:
        self.least.setEnabled(self.only_sure.isChecked())
        self.go.setEnabled(False)
        self.line.setText("Counting…")
        self._counting.start()

    @Slot()
    def _on_count_wanted(self) -> None:
        self.least.setEnabled(self.only_sure.isChecked())
        self._backend.ask(count_waiting, *self._choice(), answer=self._on_counted, failed=self.error.show_error)

    @Slot(object)
    def _on_counted(self, found: int) -> None:
        if self._counting.isActive():
            return
        self._found = found
        self.line.setText(f"{counted(found, 'pair')} will be {self._state.value}." if found else "No pair fits.")
        self.go.setText(f"{self._verb} {count(found)}" if found else self._verb)
        self.go.setEnabled(bool(found))
        if found and QApplication.focusWidget() in (None, self):
            self.go.setFocus()

    @Slot()
    def _on_go(self) -> None:
        self.go.setEnabled(False)
        self.line.setText("Writing…")
        self._backend.act(decide_waiting, self._state, *self._choice(), answer=self._on_done, failed=self._on_failed)

    @Slot(object)
    def _on_done(self, changes: Changes) -> None:
        self._backend.changed.disconnect(self._on_narrowed)
        self._counting.stop()
        self.decided.emit(changes)
        self.dismiss()

    @Slot(object)
    def _on_failed(self, error: KnownError) -> None:
        self.error.show_error(error)
        self._on_narrowed()
