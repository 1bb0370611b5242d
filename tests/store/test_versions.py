from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lorastudio.domain.errors import BugError, KnownError
from lorastudio.domain.gate import Verdict
from lorastudio.domain.run import RunState
from lorastudio.store.library import Library
from lorastudio.store.runs import get_run
from lorastudio.store.versions import get_version, list_versions, set_gate_result
from tests.store.samples import new_version


def test_a_version_comes_back_as_it_was_and_its_run_is_finished(library: Library) -> None:
    version = new_version(library)
    assert get_version(library, 1) == version
    run = get_run(library, version.run_id)
    assert run.state is RunState.FINISHED
    assert run.finished_at.endswith("Z")


def test_a_version_that_cannot_be_recorded_leaves_its_run_as_it_was(library: Library) -> None:
    new_version(library)
    with pytest.raises(BugError):
        new_version(library)
    assert get_run(library, 2).state is RunState.PREPARED


def test_the_gates_result_is_kept(library: Library) -> None:
    first, second = new_version(library, 1), new_version(library, 2, parent=1)
    set_gate_result(library, 2, verdict=Verdict.BETTER, accuracy=0.25, baseline=0.06)
    assert list_versions(library)[0] == first
    judged = get_version(library, 2)
    assert (judged.verdict, judged.gate_accuracy, judged.baseline_accuracy) == ("better", 0.25, 0.06)
    assert judged.parent == second.parent == 1


def test_a_home_can_be_moved_with_its_versions(library: Library, tmp_path: Path) -> None:
    new_version(library, 1)
    new_version(library, 2, model_path="/elsewhere/adapter")
    library.close()
    shutil.move(library.home, tmp_path / "moved")
    with Library.open(tmp_path / "moved", write=False) as moved:
        paths = [version.model_path for version in list_versions(moved)]
    assert paths == [str(tmp_path / "moved" / "versions" / "1-abc"), "/elsewhere/adapter"]


def test_a_version_that_does_not_exist_is_said(library: Library) -> None:
    with pytest.raises(KnownError, match="no version 9"):
        get_version(library, 9)
