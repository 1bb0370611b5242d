"""Giving up an unfinished run."""

from __future__ import annotations

import pytest

from lorastudio.domain.errors import KnownError
from lorastudio.domain.run import RunState
from lorastudio.services.training_runs import discard_run, run_folder
from lorastudio.store.cycles import set_stage
from lorastudio.store.library import Library
from lorastudio.store.runs import add_run_event, create_run, get_run, list_run_events, update_run
from tests.store.samples import new_cycle


def test_its_files_go_and_its_curves_stay(empty_library: Library) -> None:
    run = create_run(empty_library, config={}, base_model="practice", state=RunState.INTERRUPTED)
    add_run_event(empty_library, run.id, {"type": "step", "step": 1, "loss": 0.5})
    run_folder(empty_library, run.id).mkdir(parents=True)
    assert discard_run(empty_library, run.id).runs == (run.id,)
    assert get_run(empty_library, run.id).state is RunState.DISCARDED
    assert not run_folder(empty_library, run.id).exists()
    assert len(list_run_events(empty_library, run.id)) == 1
    with pytest.raises(KnownError, match="nothing to discard"):
        discard_run(empty_library, run.id)


def test_a_run_at_work_stays(empty_library: Library) -> None:
    run = create_run(empty_library, config={}, base_model="practice", state=RunState.RUNNING)
    with pytest.raises(KnownError, match="at work"):
        discard_run(empty_library, run.id)


def test_a_run_that_a_cycle_goes_on_with_stays_until_the_cycle_is_over(empty_library: Library) -> None:
    cycle = new_cycle(empty_library)
    run = create_run(empty_library, config={}, base_model="practice", cycle_id=cycle.id)
    update_run(empty_library, run.id, state=RunState.INTERRUPTED)
    set_stage(empty_library, cycle.id, "training", {})
    with pytest.raises(KnownError, match=f"belongs to cycle {cycle.id}"):
        discard_run(empty_library, run.id)
    set_stage(empty_library, cycle.id, "finished", {})
    assert discard_run(empty_library, run.id).runs == (run.id,)
