from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lorastudio.domain.errors import KnownError
from lorastudio.paths import application_home, expanded, home_is_chosen, practice_model, resources


def test_the_home_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LORASTUDIO_HOME", str(tmp_path / "mine"))
    assert application_home() == tmp_path / "mine"
    assert home_is_chosen()


def test_a_chosen_home_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LORASTUDIO_HOME", "mine")
    assert application_home() == tmp_path / "mine"
    monkeypatch.setenv("LORASTUDIO_HOME", "~/mine")
    assert application_home() == Path.home() / "mine"


@pytest.mark.parametrize(
    ("platform", "data", "place"),
    [
        ("darwin", "/data", "Library/Application Support/LoRA Studio"),
        ("linux", "", ".local/share/lorastudio"),
        ("linux", "not/absolute", ".local/share/lorastudio"),
        ("linux", "/data", "/data/lorastudio"),
    ],
)
def test_the_home_is_where_the_system_keeps_application_data(
    monkeypatch: pytest.MonkeyPatch, platform: str, data: str, place: str
) -> None:
    monkeypatch.delenv("LORASTUDIO_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", data)
    monkeypatch.setattr(sys, "platform", platform)
    assert application_home() == Path.home() / place
    assert not home_is_chosen()


def test_the_practice_model_is_shipped() -> None:
    assert (practice_model() / "config.json").is_file()


def test_a_frozen_program_finds_its_resources_in_its_bundle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert resources() == tmp_path / "resources"
    assert practice_model() == tmp_path / "resources" / "practice" / "model"


def test_a_user_without_a_home_is_a_clear_error() -> None:
    with pytest.raises(KnownError, match="~nobody-has-this-name"):
        expanded(Path("~nobody-has-this-name/library"))
