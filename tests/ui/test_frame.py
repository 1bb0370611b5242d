"""The frame of the window over a real library: first start, menus, drops, errors, quitting, what comes back."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QWidget

from lorastudio.domain.errors import KnownError
from lorastudio.domain.events import Event, Progressed
from lorastudio.services.gate_sets import set_practice_questions_aside
from lorastudio.services.practice import start_practice_cycle
from lorastudio.store.library import Library
from lorastudio.ui.first_run import FirstRun
from lorastudio.ui.import_sheet import ImportSheet
from lorastudio.ui.sheet import Sheet
from lorastudio.ui.widgets.labels import Dim
from lorastudio.ui.window_state import WindowState
from tests.ui.window import OpenWindow


def write_pairs(path: Path, rows: int = 3) -> Path:
    lines = [
        {"prompt": f"Question {n}?", "chosen": f"Good answer {n}.", "rejected": f"Bad one {n}!"} for n in range(rows)
    ]
    path.write_text("\n".join([*map(json.dumps, lines), "no JSON"]), encoding="utf-8")
    return path


def wait_for_release(library, servers, cancel, release: threading.Event) -> Iterator[Event]:
    yield Progressed("questions", 2, 12, 360.0)
    while not release.wait(0.01):
        cancel.check()


def fail(library, servers, cancel) -> Iterator[Event]:
    yield Progressed("questions", 2, 12)
    raise KnownError("The critic did not answer.", "Start it, then try again.")


def test_the_first_start_offers_two_ways(tmp_path: Path) -> None:
    with OpenWindow(tmp_path) as opened:
        assert "LoRA Studio" in opened.window.windowTitle()
        assert isinstance(opened.window.stack.currentWidget(), FirstRun)
        assert opened.find(QPushButton, "first_run.practice").text() == "Start the practice loop"
        opened.click("first_run.own_models")
        assert opened.window.stack.front is not None and opened.window.stack.front.name == "endpoints"


def test_every_pane_opens_by_its_key_and_lists_its_actions(tmp_path: Path) -> None:
    with OpenWindow(tmp_path) as opened:
        for number, name in enumerate(("endpoints", "drafts", "pairs", "training", "versions"), 1):
            QTest.keyClick(opened.window, getattr(Qt.Key, f"Key_{number}"), Qt.KeyboardModifier.ControlModifier)
            opened.settle()
            assert opened.window.stack.front is not None and opened.window.stack.front.name == name
            assert opened.find(QPushButton, f"sidebar.{name}").isChecked()


def test_no_two_things_share_a_shortcut(tmp_path: Path) -> None:
    with OpenWindow(tmp_path) as opened:
        for name in ("endpoints", "drafts", "pairs", "training", "versions"):
            opened.window.show_pane(name)
            opened.settle()
            front = opened.window.stack.front
            assert front is not None
            menu = [action for action in opened.window.findChildren(QAction) if action.objectName().startswith("menu.")]
            keys = [
                action.shortcut().toString() for action in {*menu, *front.actions()} if not action.shortcut().isEmpty()
            ]
            keys += [b.shortcut().toString() for b in front.findChildren(QPushButton) if not b.shortcut().isEmpty()]
            assert sorted(set(keys)) == sorted(keys), name


def test_everything_that_can_be_pressed_has_a_name(tmp_path: Path) -> None:
    with OpenWindow(tmp_path) as opened:
        for name in ("endpoints", "drafts", "pairs", "training", "versions"):
            opened.window.show_pane(name)
            opened.settle()
            for button in opened.window.findChildren(QPushButton):
                assert button.objectName(), f"{button.text()!r} has no object name"
                if button.isVisibleTo(opened.window):
                    assert button.accessibleName() or button.text(), button.objectName()


def drop(on: QWidget, *files: Path) -> bool:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    entered = QDragEnterEvent(
        QPoint(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(on, entered)  # Qt drops on what was entered last
    event = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(on, event)
    return event.isAccepted()


def test_a_dropped_file_is_imported_and_reported_and_can_be_taken_back(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "feedback.jsonl")
    with OpenWindow(tmp_path / "home") as opened:
        opened.window.show_pane("pairs")
        field = next(child for child in opened.window.stack.front.findChildren(QLineEdit) if child.acceptDrops())
        assert drop(field, file), "a field would take the file as text"
        opened.until(lambda: opened.window.findChild(ImportSheet))
        sheet = opened.find(ImportSheet, "import_report")
        assert sheet.heading.text() == "Imported feedback.jsonl"
        opened.click("import_report.review")
        opened.until(lambda: opened.find(QPushButton, "sidebar.pairs").accessibleDescription() == "3 to review")
        opened.menu("menu.undo")
        opened.until(lambda: opened.find(QPushButton, "sidebar.pairs").accessibleDescription() == "")
        opened.menu("menu.redo")
        opened.until(lambda: opened.find(QPushButton, "sidebar.pairs").accessibleDescription() == "3 to review")


def test_the_report_tells_what_was_understood_and_saves_what_was_refused(tmp_path: Path) -> None:
    file, to = write_pairs(tmp_path / "feedback.jsonl"), tmp_path / "refused.jsonl"
    with OpenWindow(tmp_path / "home") as opened:
        opened.window.take_files([file])
        opened.until(lambda: opened.window.findChild(ImportSheet))
        sheet = opened.find(ImportSheet, "import_report")
        said = [words.text() for words in sheet.findChildren(Dim)]
        assert any(words.startswith("Read as ") and "sure" in words and "chosen" in words for words in said)
        assert any(words.startswith("Languages: 3 ") for words in said)
        assert opened.find(QPushButton, "import_report.save").isVisible()
        sheet.save_wanted.emit([file], to)  # what the system's own dialog is answered with
        job = next(job for job in opened.backend.jobs if job.kind == "refused")
        opened.until(lambda: job.state != "running")
        assert job.state == "done"
        opened.click("import_report.close")
    saved = [json.loads(line) for line in to.read_text(encoding="utf-8").splitlines()]
    assert [row["row"] for row in saved] == ["no JSON"]


def test_running_work_is_shown_and_stopped_and_kept(tmp_path: Path) -> None:
    with OpenWindow(tmp_path) as opened:
        job = opened.backend.start("training", "Training run 7", wait_for_release, threading.Event())
        opened.until(lambda: opened.window.footer._step.text())
        assert "2 of 12, 6 min left" in opened.window.footer._step.text()
        assert opened.find(QPushButton, "sidebar.training").accessibleDescription() == "running"
        opened.menu("menu.stop")
        opened.until(lambda: job.state == "stopped")
        assert opened.window.footer._title.text() == "Nothing running"


def test_a_failed_job_says_so_in_its_own_words_and_in_the_log_of_work(tmp_path: Path) -> None:
    with OpenWindow(tmp_path) as opened:
        opened.backend.start("cycle", "Cycle 3", fail)
        opened.until(lambda: opened.window.errors.isVisible())
        assert opened.window.errors.message.text() == "Cycle 3: The critic did not answer."
        opened.click("window.error.next")
        activity = opened.find(QWidget, "activity")
        assert activity.isVisible()
        activity.close()
        opened.menu("menu.diagnostics")
        assert "Cycle 3: failed" in QApplication.clipboard().text()


def test_quitting_while_work_runs_asks_first(tmp_path: Path) -> None:
    with OpenWindow(tmp_path) as opened:
        job = opened.backend.start("training", "Training run 7", wait_for_release, threading.Event())
        opened.window.close()
        assert opened.window.isVisible() and isinstance(opened.find(QWidget, "quit"), Sheet)
        opened.click("quit.stay")
        opened.settle()
        assert job.state == "running"
        opened.window.close()
        opened.click("quit.stop")
        opened.until(lambda: not opened.window.isVisible())
        assert job.state == "stopped"


def test_what_comes_back(tmp_path: Path) -> None:
    with OpenWindow(tmp_path) as opened:
        opened.window.show_pane("training")
        opened.menu("menu.appearance.dark")
        assert opened.theme.is_dark
    state = WindowState.load(tmp_path)
    assert (state.pane, state.theme) == ("training", "dark") and state.geometry
    with OpenWindow(tmp_path) as opened:
        assert opened.theme.is_dark
        assert opened.window.stack.front is not None and opened.window.stack.front.name == "training"


@pytest.mark.parametrize("text", ["", "[]", '{"pane": 3, "theme": null}', '{"pane": "nowhere", "theme": "green"}', "{"])
def test_a_damaged_state_file_is_no_reason_not_to_open(tmp_path: Path, text: str) -> None:
    (tmp_path / "window.json").write_text(text)
    with OpenWindow(tmp_path) as opened:
        assert opened.window.isVisible()


def test_unfinished_work_is_offered_and_gone_on_with(tmp_path: Path) -> None:
    with Library.open(tmp_path, write=True) as library:
        set_practice_questions_aside(library)
        cycle = start_practice_cycle(library, seed=0, index=1, questions=2)
    with OpenWindow(tmp_path) as opened:
        opened.until(lambda: opened.window.notice.isVisible())
        assert opened.window.notice.message.text() == f"Cycle {cycle.id} (drafting) was left unfinished."
        opened.click("window.notice.next")
        (job,) = opened.backend.running("cycle")
        opened.until(lambda: job.telling.stage == "drafting")
        job.stop()
        opened.until(lambda: job.state != "running")
        assert job.state == "stopped"
