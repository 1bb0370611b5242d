"""What can be done with the library as a whole: write it out, copy it, look after its health."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from lorastudio.bridge.backend import Backend
from lorastudio.bridge.requests.keeping import check_library, copy_library, write_drafts, write_pairs
from lorastudio.domain.errors import KnownError

if TYPE_CHECKING:
    from lorastudio.bridge.backend import Make
    from lorastudio.domain.events import Event


class LibraryCommands(QObject):
    """One per window. Errors of work go where all jobs' errors go; `failed` tells of a library that is not open."""

    failed = Signal(object)  # KnownError

    def __init__(self, backend: Backend, window: QWidget) -> None:
        super().__init__(window)
        self._backend = backend
        self._window = window

    @Slot()
    def choose_pairs_file(self) -> None:
        self._ask_where("Export accepted pairs", "pairs.jsonl", self._on_pairs_file)

    @Slot()
    def choose_drafts_folder(self) -> None:
        self._ask_where("Export drafts into a new folder", "drafts", self._on_drafts_folder)

    @Slot()
    def choose_copy(self) -> None:
        name = f"lorastudio-{date.today():%Y-%m-%d}.db"
        self._ask_where("Back up the library", name, self._on_copy)

    @Slot()
    def check(self) -> None:
        """Look at the library and at this machine; what was found is shown."""
        self._start("check", "Check of the library", check_library)

    @Slot(str)
    def _on_pairs_file(self, name: str) -> None:
        self._start("export", "Export of pairs", write_pairs, Path(name))

    @Slot(str)
    def _on_drafts_folder(self, name: str) -> None:
        self._start("export", "Export of drafts", write_drafts, Path(name))

    @Slot(str)
    def _on_copy(self, name: str) -> None:
        self._start("backup", "Backup", copy_library, Path(name))

    def _ask_where(self, title: str, name: str, chosen: object) -> None:
        from PySide6.QtWidgets import QFileDialog

        dialog = QFileDialog(self._window, title)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(name)
        dialog.fileSelected.connect(chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _start(self, kind: str, title: str, make: Make, *args: object) -> None:
        if not self._backend.is_open:
            self.failed.emit(KnownError("The library is not open yet.", "Try again in a moment."))
            return
        self._backend.start(kind, title, make, *args).events.connect(self._on_events)

    @Slot(object)
    def _on_events(self, batch: tuple[Event, ...]) -> None:
        for event in batch:
            if event.event == "library_report":
                self._show(event)

    def _show(self, report: Event) -> None:
        from lorastudio.ui.sheet import Sheet
        from lorastudio.ui.widgets.buttons import PrimaryButton

        sheet = Sheet(report.title, self._window)
        sheet.setObjectName("library_report")
        for line in report.lines:
            sheet.add_words(line)
        done = PrimaryButton("Done", "library_report.done")
        done.clicked.connect(sheet.dismiss)
        sheet.buttons.addStretch()
        sheet.buttons.addWidget(done)
        sheet.open(done)
