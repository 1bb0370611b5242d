from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lorastudio.domain.events import as_json
from lorastudio.hub.cache import UNFINISHED
from lorastudio.services import doctor
from lorastudio.services.base_models import BASE_SETTING
from lorastudio.services.doctor import DoctorReport, examine
from lorastudio.store.health import Finding
from lorastudio.store.library import LIBRARY_FILE, Library
from lorastudio.store.settings import set_setting


def finding(report: DoctorReport, name: str) -> Finding:
    (found,) = (found for found in report.findings if found.name == name)
    return found


def test_a_sound_machine_is_well_and_all_versions_are_named(tmp_path: Path) -> None:
    Library.open(tmp_path, write=True).close()
    files = sorted(tmp_path.iterdir())
    report = examine(tmp_path)
    assert [found for found in report.findings if not found.ok and found.name != "disk space"] == []
    assert finding(report, "worker").message.startswith("MLX computes on ")
    assert "for this run only" in finding(report, "keychain").message
    assert report.versions["python"] == sys.version.split()[0]
    assert set(doctor.PACKAGES) < set(report.versions)
    assert "not installed" not in report.versions.values()
    assert as_json(report)["findings"][0]["name"] == "library"
    assert sorted(tmp_path.iterdir()) == files


def test_a_library_that_cannot_be_opened_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / LIBRARY_FILE).write_bytes(b"Dear diary, " * 100)
    # A program without its interpreter: nothing it starts can start.
    monkeypatch.setattr(sys, "executable", "/bin/false")
    report = examine(tmp_path)
    assert not finding(report, "library").ok
    assert "no library of this program" in finding(report, "library").message
    assert not finding(report, "worker").ok
    assert "could not start" in finding(report, "worker").message


def test_a_package_that_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "PACKAGES", ("no-such-package",))
    monkeypatch.setattr(sys, "executable", "/bin/false")
    monkeypatch.setattr(doctor, "practice_model", lambda: tmp_path / "gone")
    report = examine(tmp_path / "nowhere")
    assert report.versions["no-such-package"] == "not installed"
    assert not finding(report, "practice model").ok


def test_half_a_download_and_a_base_that_is_gone_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with Library.open(tmp_path / "home", write=True) as library:
        set_setting(library, BASE_SETTING, "someone/tiny@" + "c0ffee00" * 5)
    report = examine(tmp_path / "home")
    assert finding(report, "downloads").message == "No model is half downloaded."
    assert not finding(report, "base model").ok
    assert "model download someone/tiny@c0ffee00" in finding(report, "base model").hint
    part = tmp_path / "hub" / "models--someone--tiny" / "blobs" / f"abc{UNFINISHED}"
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(20_000))
    left = finding(examine(tmp_path / "home"), "downloads")
    assert (left.ok, left.message) == (True, "Half downloaded: someone/tiny (20 KB).")
    assert "model download someone/tiny" in left.hint
