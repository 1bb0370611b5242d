"""Choosing the base model in the window: from this machine, and from a hub whose sizes are told first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLineEdit, QPushButton

from lorastudio.paths import practice_model
from lorastudio.services.base_models import default_base
from lorastudio.store.library import Library
from lorastudio.ui.base_sheet import BaseSheet
from lorastudio.ui.panes.training import TrainingPane
from tests.fake_hub import COMMIT, TOKEN, FakeHub, FakeModel, fake_hub
from tests.ui.bench import Bench, find

NAME = "someone/practice"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub with the practice model under another name."""
    with fake_hub({NAME: FakeModel.of(practice_model())}) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        yield running


def open_sheet(bench: Bench) -> BaseSheet:
    pane = bench.show(TrainingPane)
    bench.until(lambda: pane.view is not None)
    find(pane, QPushButton, "training.change_base").click()
    return find(pane.window(), BaseSheet, "base_sheet")


def chosen(home: Path) -> str:
    with Library.open(home, write=False) as library:
        return default_base(library)


def test_the_size_is_told_before_the_download_and_the_base_is_pinned_after_it(hub: FakeHub, tmp_path: Path) -> None:
    with Bench(tmp_path / "home") as bench:
        sheet = open_sheet(bench)
        sheet.name.setText(NAME)
        sheet.go_button.click()
        bench.until(lambda: sheet.go_button.text().startswith("Download "))
        assert "are to be downloaded" in sheet.told.text()
        assert hub.given["model.safetensors"] == 0
        sheet.go_button.click()
        bench.until(lambda: not bench.backend.running())
        (job,) = (job for job in bench.backend.jobs if job.kind == "download")
        assert (job.state, job.telling.step) == ("done", f"{NAME} is downloaded and verified")
        field = find(bench.pane, QLineEdit, "training.base")
        bench.until(lambda: field.text() == f"{NAME}@{COMMIT}")
    assert chosen(tmp_path / "home") == f"{NAME}@{COMMIT}"


def test_a_folder_is_used_at_once_and_nonsense_is_told(hub: FakeHub, tmp_path: Path) -> None:
    with Bench(tmp_path / "home") as bench:
        sheet = open_sheet(bench)
        for text, words in (("/nowhere", "No base model is found"), ("someone/nothing", "knows no model")):
            sheet.name.setText(text)
            sheet.go_button.click()
            bench.until(lambda words=words: words in sheet.told.text())
        closed: list[bool] = []
        sheet.closed.connect(lambda: closed.append(True))
        sheet.name.setText(str(practice_model()))
        sheet.go_button.click()
        bench.until(lambda: closed)
    assert chosen(tmp_path / "home") == str(practice_model())


def test_a_gated_model_asks_for_a_token_which_needs_a_keychain(hub: FakeHub, tmp_path: Path) -> None:
    hub.models[NAME].gated = True
    with Bench(tmp_path / "home") as bench:
        sheet = open_sheet(bench)
        assert sheet.token.isHidden()
        sheet.name.setText(NAME)
        sheet.go_button.click()
        bench.until(lambda: "is gated" in sheet.told.text())
        assert "lorastudio " not in sheet.told.text()
        assert not sheet.token.isHidden()
        sheet.token.setText(TOKEN)
        sheet.go_button.click()
        bench.until(lambda: "no keychain" in sheet.told.text())
        assert sheet.token.text() == ""
        sheet.dismiss()
