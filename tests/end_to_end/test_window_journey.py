"""The whole loop in the real window: first start, practice loop, review by keys, training, deployment, rollback,
quitting, and everything there again at the next start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from lorastudio.bridge.job import Job
from lorastudio.domain.pair import PairState
from lorastudio.store.deployments import live_version
from lorastudio.store.library import Library
from lorastudio.store.pairs import count_pairs
from lorastudio.store.versions import list_versions
from lorastudio.ui.first_run import FirstRun
from tests.services.practice_versions import practice_rows
from tests.ui.window import OpenWindow

LOOP_LIMIT_S = 280.0


def ended(opened: OpenWindow, kind: str) -> Job:
    """Wait for the newest job of a kind, which must succeed."""
    opened.until(lambda: any(job.kind == kind for job in opened.backend.jobs))
    job = [job for job in opened.backend.jobs if job.kind == kind][-1]
    opened.until(lambda: job.state != "running", LOOP_LIMIT_S)
    assert job.state == "done", job.error
    opened.settle()
    return job


def live(opened: OpenWindow) -> str:
    return opened.window.sidebar._live.text()


@pytest.mark.timeout(600)
def test_the_journey(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "more.jsonl"
    rows = [{"prompt": row["prompt"], "chosen": row["good"], "rejected": row["bad"]} for row in practice_rows(8)]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with OpenWindow(home) as opened:
        _practise(opened)
        _import_and_review(opened, file)
        _train(opened)
        _move_what_is_live(opened)
    with Library.open(home, write=False) as library:
        counts, versions, now_live = count_pairs(library), list_versions(library), live_version(library)
    assert counts[PairState.REJECTED] == 1 and counts[PairState.ACCEPTED] > 1
    assert [version.version for version in versions] == [1, 2] and now_live == 1
    with OpenWindow(home) as opened:
        assert opened.window.stack.front is not None and opened.window.stack.front.name == "versions"
        opened.until(lambda: live(opened) == "v1 is live")
        assert not opened.window.notice.isVisible(), "nothing was left unfinished"


def _practise(opened: OpenWindow) -> None:
    assert isinstance(opened.window.stack.currentWidget(), FirstRun)
    opened.click("first_run.practice")
    assert opened.window.stack.front is not None and opened.window.stack.front.name == "drafts"
    ended(opened, "cycle")


def _import_and_review(opened: OpenWindow, file: Path) -> None:
    opened.window.take_files([file])
    ended(opened, "import")
    opened.click("import_report.review")
    opened.window.activateWindow()
    for waiting, key in ((8, Qt.Key.Key_A), (7, Qt.Key.Key_R), (6, Qt.Key.Key_A)):
        _wait_for_review(opened, waiting)
        QTest.keyClick(QApplication.focusWidget() or opened.window, key)
    _wait_for_review(opened, 5)


def _wait_for_review(opened: OpenWindow, waiting: int) -> None:
    words = f"{waiting} to review"
    opened.until(lambda: opened.find(QPushButton, "sidebar.pairs").accessibleDescription() == words)
    opened.until(lambda: opened.find(QPushButton, "pairs.accept").isEnabled() and opened.window.isActiveWindow())
    opened.settle()


def _train(opened: OpenWindow) -> None:
    opened.window.show_pane("training")
    opened.until(lambda: opened.find(QPushButton, "training.train").isEnabled())
    opened.click("training.train")
    ended(opened, "training")


def _move_what_is_live(opened: OpenWindow) -> None:
    """Back to the base by the sidebar's one click, and forward again in the versions pane."""
    opened.window.show_pane("versions")
    assert live(opened) == "v1 is live"
    opened.click("sidebar.rollback")
    opened.until(lambda: live(opened) == "The base model is live", LOOP_LIMIT_S)
    ended(opened, "deployment")
    opened.until(lambda: opened.window.findChild(QPushButton, "versions.rollback.1"))
    opened.click("versions.rollback.1")
    opened.until(lambda: live(opened) == "v1 is live", LOOP_LIMIT_S)
    ended(opened, "deployment")
