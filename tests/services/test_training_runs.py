"""Training runs from their rows to their versions: what is written down, and how they are stopped."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled, KnownError, TrainingError
from lorastudio.domain.events import Event
from lorastudio.domain.run import Run, RunState
from lorastudio.domain.training_events import Evaluated, PhaseBegan, StepDone, TrainingDone
from lorastudio.services.base_models import PRACTICE_NAME
from lorastudio.services.run_messages import hear
from lorastudio.services.training_runs import CHECKPOINTS, keep_run, prepare_run, run_folder, train_run
from lorastudio.store.library import Library
from lorastudio.store.runs import create_run, get_run, list_run_events
from lorastudio.store.versions import get_version
from tests.services.practice_versions import practice_rows, recipe

QUICK = replace(recipe(), replay_per_step=0, replay_prompts=(), checkpoint_every_steps=5, evaluate_every_steps=10)


@pytest.fixture
def prepare(empty_library: Library, tmp_path: Path) -> Callable[..., Run]:
    """A prepared run over 64 practice pairs, of which the split sets some aside."""

    def prepared(epochs: int) -> Run:
        rows = [
            {"prompt": row["prompt"][0]["content"], "completion": row["good"], "bad_example": row["bad"]}
            for row in practice_rows(64)
        ]
        file = tmp_path / "pairs.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return prepare_run(empty_library, replace(QUICK, epochs=epochs), base=PRACTICE_NAME, source=file)

    return prepared


def events_until(events: Iterator[Event], step: int, action: Callable[[], None]) -> list[Event]:
    """All events; `action` is done once at a step."""
    heard: list[Event] = []
    for event in events:
        heard.append(event)
        if isinstance(event, StepDone) and event.step == step:
            action()
    return heard


def test_every_step_and_every_sampled_answer_is_written_down(
    empty_library: Library, prepare: Callable[..., Run]
) -> None:
    run = prepare(epochs=1)
    events = list(train_run(empty_library, run.id, CancelToken()))
    told = [event.step for event in events if isinstance(event, StepDone)]
    steps = list_run_events(empty_library, run.id, "step")
    assert told == [step["step"] for step in steps] == list(range(1, told[-1] + 1))
    assert not any("earlier" in step for step in steps)
    (*_, found) = (event for event in events if isinstance(event, Evaluated))
    assert found.samples and all(sample["answer"] for sample in found.samples)
    assert list_run_events(empty_library, run.id, "eval")[-1]["samples"] == list(found.samples)
    done = events[-1]
    assert isinstance(done, TrainingDone) and done.ended == "complete"


def test_stop_and_keep_makes_a_version_of_what_was_learnt(empty_library: Library, prepare: Callable[..., Run]) -> None:
    run, cancel = prepare(epochs=200), CancelToken()
    *_, done = events_until(train_run(empty_library, run.id, cancel), 3, cancel.finish)
    assert isinstance(done, TrainingDone) and done.ended == "kept"
    steps = list_run_events(empty_library, run.id, "step")
    assert get_version(empty_library, done.version).metrics["steps"] == len(steps) < steps[-1]["steps"]
    assert get_run(empty_library, run.id).state is RunState.FINISHED


def test_a_paused_run_is_kept_later(empty_library: Library, prepare: Callable[..., Run]) -> None:
    run, cancel = prepare(epochs=200), CancelToken()
    with pytest.raises(KnownError, match="has not begun"):
        list(keep_run(empty_library, run.id, CancelToken()))
    with pytest.raises(Cancelled):
        events_until(train_run(empty_library, run.id, cancel), 3, cancel.cancel)
    assert get_run(empty_library, run.id).state is RunState.INTERRUPTED
    steps = len(list_run_events(empty_library, run.id, "step"))
    events = list(keep_run(empty_library, run.id, CancelToken()))
    assert isinstance(events[-1], TrainingDone) and events[-1].ended == "kept"
    assert not any(isinstance(event, StepDone) for event in events)
    assert get_version(empty_library, events[-1].version).metrics["steps"] == steps


def test_a_full_disk_pauses_the_run_with_its_last_checkpoint(
    empty_library: Library, prepare: Callable[..., Run]
) -> None:
    """The child alone may write no file of more than 64 kB, as if the disk were full: too little for a checkpoint."""
    run = prepare(epochs=2)
    with pytest.raises(Cancelled):
        cancel = CancelToken()
        events_until(train_run(empty_library, run.id, cancel), 3, cancel.cancel)
    folder = run_folder(empty_library, run.id) / CHECKPOINTS
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    events = train_run(empty_library, run.id, CancelToken())
    next(events)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))  # the child inherits it
    try:
        began = next(event for event in events if isinstance(event, PhaseBegan))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert began.name == "loading"
    with pytest.raises(TrainingError, match=r"could not be saved.* is intact"):
        list(events)
    paused = get_run(empty_library, run.id)
    assert paused.state is RunState.INTERRUPTED and "could not be saved" in paused.error
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_steps_that_travel_together_are_told_and_kept_one_by_one(empty_library: Library) -> None:
    run = create_run(empty_library, config={}, base_model="practice")
    first, second, third = ({"type": "step", "step": step, "steps": 9, "loss": 0.5} for step in (1, 2, 3))
    events = list(hear(empty_library, run.id, {**third, "earlier": [first, second]}))
    assert [event.step for event in events if isinstance(event, StepDone)] == [1, 2, 3]
    assert list_run_events(empty_library, run.id, "step") == [first, second, third]
