from __future__ import annotations

import pytest

from lorastudio.domain.errors import BugError, KnownError
from lorastudio.domain.run import Run, RunState
from lorastudio.store.library import Library
from lorastudio.store.runs import (
    add_run_event,
    create_run,
    get_run,
    list_run_events,
    list_runs,
    mark_runs_interrupted,
    reserve_version,
    update_run,
)
from tests.store.samples import new_version


def new_run(library: Library) -> Run:
    return create_run(library, config={"rank": 8}, base_model="practice", dataset_hash="d", num_examples=98)


def test_a_new_run_is_prepared(library: Library) -> None:
    run = new_run(library)
    assert (run.state, run.config, run.dataset_hash, run.num_examples) == (RunState.PREPARED, {"rank": 8}, "d", 98)
    assert get_run(library, run.id) == run


def test_fields_of_a_run_change(library: Library) -> None:
    run = update_run(library, new_run(library).id, state=RunState.RUNNING, result={"steps": 3}, error="x")
    assert (run.state, run.result, run.error) == (RunState.RUNNING, {"steps": 3}, "x")
    with pytest.raises(BugError, match="cycle_id"):
        update_run(library, run.id, cycle_id=1)
    with pytest.raises(KnownError, match="no run 9"):
        update_run(library, 9, state=RunState.RUNNING)


def test_runs_are_listed_by_state_and_interrupted_after_a_kill(library: Library) -> None:
    first, second = new_run(library), new_run(library)
    update_run(library, second.id, state=RunState.RUNNING)
    assert mark_runs_interrupted(library) == 1
    assert [run.id for run in list_runs(library)] == [first.id, second.id]
    assert [run.id for run in list_runs(library, RunState.INTERRUPTED)] == [second.id]


def test_version_numbers_follow_each_other(library: Library) -> None:
    new_version(library, 1)
    first, second = new_run(library), new_run(library)
    assert reserve_version(library, first.id) == 2
    assert reserve_version(library, first.id) == 2
    assert reserve_version(library, second.id) == 3
    assert get_run(library, second.id).reserved_version == 3


@pytest.mark.parametrize("end", [RunState.FAILED, RunState.DISCARDED])
def test_a_run_that_writes_no_version_gives_its_number_back(library: Library, end: RunState) -> None:
    failed, next_run = new_run(library), new_run(library)
    reserve_version(library, failed.id)
    update_run(library, failed.id, state=end)
    assert reserve_version(library, next_run.id) == 1


def test_an_interrupted_run_keeps_its_number(library: Library) -> None:
    run = new_run(library)
    reserve_version(library, run.id)
    update_run(library, run.id, state=RunState.INTERRUPTED)
    assert reserve_version(library, new_run(library).id) == 2
    assert reserve_version(library, run.id) == 1


def test_what_happened_in_a_run_is_listed_by_kind(library: Library) -> None:
    run, other = new_run(library), new_run(library)
    step, judged = {"type": "step", "step": 1, "loss": 0.7}, {"event": "eval", "loss": 0.6}
    add_run_event(library, run.id, step)
    add_run_event(library, run.id, judged)
    add_run_event(library, other.id, {"type": "step", "step": 9})
    assert list_run_events(library, run.id) == [step, judged]
    assert list_run_events(library, run.id, "eval") == [judged]
    with pytest.raises(BugError, match="without type"):
        add_run_event(library, run.id, {"loss": 1.0})
