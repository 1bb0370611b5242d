"""Verified responses in the window: real teachers on the loopback, asked through the sheet."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QPushButton

from lorastudio.bridge.job import Job
from lorastudio.domain.endpoint import Endpoint, Role
from lorastudio.domain.verified import Outcome
from lorastudio.store.endpoints import add_endpoint
from lorastudio.store.library import Library
from lorastudio.store.verified import list_verified
from lorastudio.ui.verify_sheet import VerifySheet
from lorastudio.ui.widgets.labels import Dim
from tests.servers import Reply, Request, scripted, whole
from tests.ui.window import OpenWindow


def teacher(request: Request) -> Reply:
    return whole("42")


def sheet_of(opened: OpenWindow) -> VerifySheet:
    opened.menu("menu.verify")
    opened.until(lambda: any(sheet.isVisible() for sheet in opened.window.findChildren(VerifySheet)))
    return next(sheet for sheet in opened.window.findChildren(VerifySheet) if sheet.isVisible())


def verifications(opened: OpenWindow) -> list[Job]:
    return [job for job in opened.backend.jobs if job.kind == "verification"]


def test_teachers_are_asked_and_what_they_agree_on_is_listed(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "asked.txt"
    file.write_text("What is 40 + 2?\n", encoding="utf-8")
    with scripted(teacher) as server:
        with Library.open(home, write=True, verb="test") as library:
            for name in ("Ann", "Bea", "Cid"):
                add_endpoint(library, Endpoint(name, Role.TEACHER, server.url, "tiny"))
        with OpenWindow(home) as opened:
            sheet = sheet_of(opened)
            assert sheet.stands.text().startswith("2 of 3 teachers must agree.")
            assert not sheet.go_button.isEnabled()
            sheet.take_file(file)
            sheet.quorum.setValue(1)
            assert not sheet.go_button.isEnabled()
            sheet.quorum.setValue(3)
            assert "3 of 3" in sheet.stands.text()
            sheet.go_button.click()
            opened.until(lambda: verifications(opened))
            (job,) = verifications(opened)
            opened.until(lambda: job.state != "running")
            assert job.state == "done", job.error
            again = sheet_of(opened)
            assert "3 of 3 teachers agree" in [words.text() for words in again.findChildren(Dim)]
            assert opened.find(QPushButton, "verify.close").accessibleName() == "Close"
    with Library.open(home, write=False) as library:
        assert [item.finding.outcome for item in list_verified(library)] == [Outcome.AGREED]
