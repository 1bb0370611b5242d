"""What can be done from anywhere in the window: import, undo, redo, practise, roll back, report a fault.

Dialogs are imported when they are first wanted, for the sake of the first frame.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QApplication, QWidget

import lorastudio
from lorastudio.bridge.backend import Backend
from lorastudio.bridge.requests.deploying import roll_back
from lorastudio.bridge.requests.importing import import_pairs, save_refused
from lorastudio.bridge.requests.looping import practise
from lorastudio.bridge.requests.undoing import redo_last, undo_last
from lorastudio.domain.errors import KnownError
from lorastudio.ui.jobs import how_far
from lorastudio.ui.theme import Theme
from lorastudio.ui.wording import counted

if TYPE_CHECKING:
    from lorastudio.bridge.job import Job
    from lorastudio.bridge.requests.verifying import Verified
    from lorastudio.domain.events import Event
    from lorastudio.ui.activity import ActivityDialog

FILE_KINDS = "Pairs (*.jsonl *.json *.jsonl.gz *.json.gz *.csv *.tsv *.txt *.gz);;All files (*)"


class Commands(QObject):
    """One per window. Errors go out as `failed`; a pane to show as `go_to`."""

    failed = Signal(object)  # KnownError
    go_to = Signal(str)

    def __init__(self, backend: Backend, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._backend = backend
        self._theme = theme
        self._window = window
        self._activity: ActivityDialog | None = None

    @Slot()
    def choose_import(self) -> None:
        """Ask for files, and import them."""
        from PySide6.QtWidgets import QFileDialog

        dialog = QFileDialog(self._window, "Import pairs")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilter(FILE_KINDS)
        dialog.filesSelected.connect(self._on_files_chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(object)
    def import_files(self, paths: list[Path]) -> None:
        """Import files; the report is shown when it is over."""
        if not paths:
            return
        if not self._backend.is_open:
            self.failed.emit(KnownError("The library is not open yet.", "Try again in a moment."))
            return
        title = f"Import of {paths[0].name}" if len(paths) == 1 else f"Import of {counted(len(paths), 'file')}"
        job = self._backend.start("import", title, import_pairs, tuple(paths))
        job.events.connect(self._on_import_events)

    @Slot()
    def undo(self) -> None:
        """Take back the last decision, edit or import."""
        self._backend.act(undo_last, failed=self._on_failed)

    @Slot()
    def redo(self) -> None:
        """Do again what was taken back last."""
        self._backend.act(redo_last, failed=self._on_failed)

    @Slot()
    def practise(self) -> None:
        """Run a practice cycle, and show the drafts as they come."""
        if self._backend.running("cycle"):
            self.go_to.emit("drafts")
            return
        if not self._backend.is_open:
            self.failed.emit(KnownError("The library is not open yet.", "Try again in a moment."))
            return
        self._backend.start("cycle", "Practice loop", practise)
        self.go_to.emit("drafts")

    @Slot()
    def roll_back(self) -> None:
        """Make what was live before the live one again."""
        if not self._backend.running("deployment"):
            self._backend.start("deployment", "Rollback", roll_back)

    @Slot()
    def verify(self) -> None:
        """Ask several teachers the same; what they agreed on is listed."""
        from lorastudio.bridge.requests.verifying import read_verified

        self._backend.ask(read_verified, answer=self._on_verified, failed=self._on_failed)

    @Slot()
    def show_activity(self) -> None:
        """The log of all work."""
        if self._activity is None:
            from lorastudio.ui.activity import ActivityDialog

            self._activity = ActivityDialog(self._backend, self._window)
            self._activity.diagnostics_wanted.connect(self.copy_diagnostics)
        self._activity.show()
        self._activity.raise_()
        self._activity.activateWindow()

    @Slot()
    def show_settings(self) -> None:
        from lorastudio.ui.settings_dialog import SettingsDialog

        SettingsDialog(self._theme, self._backend.home, self._window).open()

    @Slot()
    def show_about(self) -> None:
        from PySide6.QtWidgets import QMessageBox

        box = QMessageBox(self._window)
        box.setWindowTitle("About LoRA Studio")
        box.setText(f"LoRA Studio {lorastudio.__version__}")
        box.setInformativeText("Draft, curate, train, gate and deploy LoRA adapters on this machine.")
        box.finished.connect(box.deleteLater)
        box.open()

    @Slot()
    def copy_diagnostics(self) -> None:
        """Versions, recent work and the ends of the logs onto the clipboard, without secrets."""
        from lorastudio.bridge.requests.diagnostics import collect

        QApplication.clipboard().setText(collect(self._backend.home, [_line(job) for job in self._backend.jobs]))

    @Slot(object)
    def _on_verified(self, known: Verified) -> None:
        from lorastudio.ui.verify_sheet import VerifySheet

        VerifySheet(self._backend, known, self._window).open()

    @Slot("QStringList")
    def _on_files_chosen(self, names: list[str]) -> None:
        self.import_files([Path(name) for name in names])

    @Slot(object)
    def _on_import_events(self, batch: tuple[Event, ...]) -> None:
        for event in batch:
            if event.event == "import_done":
                self._report(event)

    def _report(self, finished: Event) -> None:
        from lorastudio.ui.import_sheet import ImportSheet

        sheet = ImportSheet(finished.report, self._window)
        sheet.undo_wanted.connect(self.undo)
        sheet.save_wanted.connect(self._on_save_refused)
        sheet.review_wanted.connect(self._on_review)
        sheet.open()

    @Slot(object, object)
    def _on_save_refused(self, paths: list[Path], to: Path) -> None:
        self._backend.start("refused", f"Refused rows to {to.name}", save_refused, paths, to)

    @Slot()
    def _on_review(self) -> None:
        self.go_to.emit("pairs")

    @Slot(object)
    def _on_failed(self, error: KnownError) -> None:
        self.failed.emit(error)


def _line(job: Job) -> str:
    words = [f"{job.started_at} {job.title}: {job.state}", how_far(job), str(job.error or "")]
    return "; ".join(part for part in [*words, *job.telling.warnings] if part)
