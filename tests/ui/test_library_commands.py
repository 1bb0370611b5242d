"""The library as a whole, from the File menu: written out, copied, looked after."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.pair import PairState
from lorastudio.services.import_options import ImportOptions
from lorastudio.services.importing import import_files
from lorastudio.store.library import Library
from lorastudio.ui.sheet import Sheet
from tests.ui.window import OpenWindow


def filled(home: Path) -> Path:
    """A library with three accepted pairs."""
    file = home.parent / "three.jsonl"
    rows = [{"prompt": f"Question {n}?", "chosen": f"Good answer {n}.", "rejected": f"Bad {n}!"} for n in range(3)]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with Library.open(home, write=True) as library:
        for _ in import_files(library, [file], options=ImportOptions(accept=True), cancel=CancelToken()):
            pass
    return home


def choose(opened: OpenWindow, action: str, path: Path) -> list[str]:
    """Take a command of the menu, name `path` in its dialog; returns what the report says, and closes it."""
    opened.menu(action)
    dialog = next(dialog for dialog in opened.window.findChildren(QFileDialog) if dialog.isVisible())
    dialog.fileSelected.emit(str(path))
    dialog.close()
    return report(opened)


def report(opened: OpenWindow) -> list[str]:
    def shown() -> list[Sheet]:
        return [sheet for sheet in opened.window.findChildren(Sheet, "library_report") if sheet.isVisible()]

    opened.until(shown)
    sheet = shown()[0]
    words = [label.text() for label in sheet.findChildren(QLabel)]
    sheet.findChild(QPushButton, "library_report.done").click()
    opened.until(lambda: not shown())
    return words


def test_pairs_drafts_and_the_library_are_written_where_the_person_says(tmp_path: Path) -> None:
    with OpenWindow(filled(tmp_path / "home")) as opened:
        assert "3 accepted pairs written" in choose(opened, "menu.export_pairs", tmp_path / "out.jsonl")
        assert len((tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()) == 3
        assert "The drafts of 0 questions written" in choose(opened, "menu.export_drafts", tmp_path / "drafts")
        assert (tmp_path / "drafts").is_dir()
        words = choose(opened, "menu.backup", tmp_path / "copy.db")
        assert "The library is copied" in words and str(tmp_path / "copy.db") in words
    with sqlite3.connect(tmp_path / "copy.db") as copy:
        states = copy.execute("SELECT state, COUNT(*) FROM pairs GROUP BY state").fetchall()
    copy.close()
    assert states == [(PairState.ACCEPTED.value, 3)]


def test_the_check_says_what_it_found(tmp_path: Path) -> None:
    with OpenWindow(filled(tmp_path / "home")) as opened:
        opened.menu("menu.check")
        words = report(opened)
    assert any("wrong" in line or "well" in line for line in words)
    assert any(line.startswith("worker: ") or "MLX" in line for line in words), words


def test_a_file_that_cannot_be_written_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with OpenWindow(filled(tmp_path / "home")) as opened:
        opened.menu("menu.export_pairs")
        opened.window.findChild(QFileDialog).fileSelected.emit(str(tmp_path / "file" / "out.jsonl"))
        opened.until(lambda: any(job.state == "failed" for job in opened.backend.jobs))
        error = next(job.error for job in opened.backend.jobs if job.error)
    assert str(tmp_path / "file") in str(error)
