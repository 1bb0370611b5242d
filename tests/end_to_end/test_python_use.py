"""The loop from Python, as the documentation shows it."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

import lorastudio
from lorastudio import Studio, api
from lorastudio.domain.errors import LibraryBusyError, RefusedError
from lorastudio.domain.events import Event
from tests.end_to_end.program import Program

NOT_BEFORE_USE = ("sqlite_utils", "httpx", "numpy", "typer", "rich", "lorastudio.api")


def test_the_documented_example_runs(program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LORASTUDIO_HOME", str(program.home))
    monkeypatch.chdir(tmp_path)
    (example,) = [found for found in doctest.DocTestFinder(recurse=False).find(api) if found.examples]
    told: list[str] = []
    results = doctest.DocTestRunner().run(example, out=told.append)
    assert results.attempted > 0
    assert results.failed == 0, "".join(told)
    assert {path.name for path in (tmp_path / "dataset").iterdir()} == {"train.jsonl.gz", "validation.jsonl.gz"}


def test_a_studio_imports_decides_and_refuses_like_the_program(program: Program, tmp_path: Path) -> None:
    heard: list[Event] = []
    exported = tmp_path / "pairs.jsonl"
    program.json("dataset", exported)
    with Studio(tmp_path / "own", listen=heard.append) as studio:
        assert studio.import_pairs(exported, accept=True).pairs_added == studio.readiness().accepted > 0
        assert heard[-1].event == "import_done"
        with pytest.raises(LibraryBusyError):
            Studio(tmp_path / "own")
    with Studio(program.home) as studio:
        version = studio.train(source=exported)
        assert (version.version, studio.statistics().total_versions) == (2, 2)
        assert [one.version for one in studio.versions()] == [1, 2]
        with pytest.raises(RefusedError):
            studio.deploy(2)


def test_the_package_brings_the_studio_at_its_first_use_only() -> None:
    look = f"import sys, lorastudio; print([name for name in {NOT_BEFORE_USE!r} if name in sys.modules])"
    looked = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert looked.stdout.strip() == "[]"
    assert lorastudio.Studio is Studio
    with pytest.raises(AttributeError, match="Studium"):
        lorastudio.Studium  # noqa: B018
