"""The report of an import: what came in, what was refused and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QApplication, QFileDialog, QFrame, QHBoxLayout, QWidget

from lorastudio.ui.sheet import Sheet
from lorastudio.ui.widgets.buttons import Button, PrimaryButton
from lorastudio.ui.widgets.card import Card
from lorastudio.ui.widgets.chip import Chip
from lorastudio.ui.widgets.labels import Dim, Figure
from lorastudio.ui.wording import count, counted

if TYPE_CHECKING:
    from lorastudio.services.importing import FileReport, ImportReport

MOST_LINES = 6
WIDTH_PX = 760


class ImportSheet(Sheet):
    """Shown when an import has ended; everything is in the library already, and one button takes it back."""

    undo_wanted = Signal()
    save_wanted = Signal(object, object)  # list[Path] of the files, and the Path of where their refused rows go
    review_wanted = Signal()

    def __init__(self, report: ImportReport, window: QWidget) -> None:
        one = report.files[0] if len(report.files) == 1 else None
        title = f"Imported {Path(one.path).name}" if one else f"Imported {count(len(report.files))} files"
        if not report.pairs_added:
            title = f"Nothing came in from {Path(one.path).name}" if one else "Nothing came in"
        super().__init__(title, window, width_px=WIDTH_PX, chip=_format_chip(one) if one else None)
        self.setObjectName("import_report")
        self._report = report
        for file in report.files:
            self._add_file(file, named=one is None)
        self._add_buttons(report.pairs_added)

    def _add_file(self, file: FileReport, named: bool) -> None:
        if named:
            self.body.addWidget(_file_head(file))
        for words in filter(None, (sentence(file), understood(file), repeats(file), languages(file))):
            self.add_words(words)
        for note in file.warnings:
            self.add_words(note)
        if file.refused:
            self.body.addWidget(self._refused(file))

    def _refused(self, file: FileReport) -> Card:
        card = Card("Refused")
        copy = Button("Copy all lines", "import_report.copy", kind="small")
        copy.clicked.connect(self._on_copy)
        save = Button("Save refused rows…", "import_report.save", kind="small")
        save.setToolTip(
            "The files are read once more; what stood in the rows and why they did not come in goes to a file"
        )
        save.clicked.connect(self._on_save)
        card.head.addStretch()
        card.head.addWidget(copy)
        card.head.addWidget(save)
        card.body.setSpacing(5)
        for refusal in file.refused[:MOST_LINES]:
            row = QHBoxLayout()
            line = Figure(count(refusal.line) if refusal.line else "file", kind="dim")
            line.setFixedWidth(60)
            row.addWidget(line)
            row.addWidget(Dim(refusal.reason), 1)
            card.body.addLayout(row)
        if (more := file.refused_rows - min(MOST_LINES, len(file.refused))) > 0:
            card.body.addWidget(Dim(f"{count(more)} more"))
        return card

    def _add_buttons(self, added: int) -> None:
        close = Button("Close", "import_report.close")
        close.clicked.connect(self.dismiss)
        self.buttons.addWidget(close)
        self.buttons.addStretch()
        if added:
            undo = Button("Undo import", "import_report.undo")
            undo.clicked.connect(self._on_undo)
            review = PrimaryButton(f"Review {counted(added, 'pair')}", "import_report.review")
            review.clicked.connect(self._on_review)
            self.buttons.addWidget(undo)
            self.buttons.addWidget(review)

    @Slot()
    def _on_copy(self) -> None:
        lines = [f"{file.path}:{item.line}: {item.reason}" for file in self._report.files for item in file.refused]
        QApplication.clipboard().setText("\n".join(lines))

    @Slot()
    def _on_save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Refused rows", "refused.jsonl", "JSON lines (*.jsonl)")
        if name:
            self.save_wanted.emit([Path(file.path) for file in self._report.files if file.refused], Path(name))

    @Slot()
    def _on_undo(self) -> None:
        self.dismiss()
        self.undo_wanted.emit()

    @Slot()
    def _on_review(self) -> None:
        self.dismiss()
        self.review_wanted.emit()


def sentence(file: FileReport) -> str:
    """The counts of one file in words."""
    parts = [f"{counted(file.rows_read, 'row')} read", f"{count(file.imported)} imported"]
    parts += [f"{count(file.repaired)} of them repaired"] if file.repaired else []
    parts += [f"{counted(file.duplicates, 'duplicate')} left out"] if file.duplicates else []
    parts += [f"{count(file.refused_rows)} refused"]
    return f"{', '.join(parts)}."


def understood(file: FileReport) -> str:
    """What the file was taken for, how sure that is, and which columns make which part of a pair."""
    if not file.imported:
        return ""
    columns = "; ".join(f"{part} from {columns}" for part, columns in file.mapping.items())
    sure = f"Read as {file.format}, {file.confidence:.0%} sure"
    return f"{sure}: {columns}." if columns else f"{sure}."


def repeats(file: FileReport) -> str:
    """Where the duplicates are."""
    if not file.duplicates:
        return ""
    return (
        f"Duplicates: {count(file.duplicates_in_file)} in the file, {count(file.duplicates_in_library)} in the library."
    )


def languages(file: FileReport) -> str:
    """The languages of what was read."""
    found = ", ".join(f"{count(number)} {name}" for name, number in file.languages.items())
    return f"Languages: {found}." if found else ""


def _format_chip(file: FileReport) -> Chip:
    return Chip(file.format, "good") if file.imported else Chip(file.format or "not recognised", "bad")


def _file_head(file: FileReport) -> QFrame:
    frame = QFrame()
    row = QHBoxLayout(frame)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(Figure(Path(file.path).name))
    row.addStretch()
    row.addWidget(_format_chip(file))
    return frame
