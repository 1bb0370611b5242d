"""A run whose worker the system killed: told plainly, gone on with in smaller pieces, to the same end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import KnownError, TrainingError
from lorastudio.domain.events import Event
from lorastudio.domain.run import RunState
from lorastudio.domain.training_events import MemoryPlanned, StepDone, TrainingDone
from lorastudio.services.memory_plans import RATIOS_SETTING, learn_peak, memory_order, plan_training
from lorastudio.services.safer_retry import can_be_safer, make_safer
from lorastudio.services.training_runs import prepare_run, train_run
from lorastudio.store.library import Library
from lorastudio.store.runs import add_run_event, create_run, get_run, list_runs, update_run
from lorastudio.store.settings import get_setting
from lorastudio.training.config import Objective, TrainConfig
from tests.services.practice_versions import practice_rows

CONFIG = TrainConfig(
    objective=Objective.DPO_NLL, learning_rate=1e-3, epochs=2, max_seq_length=256, checkpoint_every_steps=2, samples=0
)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    file = tmp_path / "rows.jsonl"
    records = [
        {"prompt": row["prompt"][-1]["content"], "completion": row["good"], "bad_example": row["bad"]}
        for row in practice_rows(24)
    ]
    file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return file


def train(library: Library, run: int, on_event: Callable[[Event], None] = lambda event: None) -> list[Event]:
    events = []
    for event in train_run(library, run, CancelToken()):
        events.append(event)
        on_event(event)
    return events


def workers() -> set[int]:
    """This process's own children that compute; other tests' may be among them."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
    lines = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
    return {int(pid) for pid, parent, words in lines if int(parent) == os.getpid() and words.endswith("--worker")}


def worker_killer() -> Callable[[Event], None]:
    """What the system does when memory runs short, after a checkpoint: to the run's worker, not to those before it."""
    others = workers()

    def kill(event: Event) -> None:
        if isinstance(event, StepDone) and event.step >= 4:
            for pid in workers() - others:
                os.kill(pid, signal.SIGKILL)

    return kill


def test_a_killed_run_goes_on_in_smaller_pieces_to_the_same_end(empty_library: Library, rows: Path) -> None:
    whole = prepare_run(empty_library, CONFIG, base="practice", source=rows)
    undisturbed = train(empty_library, whole.id)[-1]
    run = prepare_run(empty_library, CONFIG, base="practice", source=rows)
    with pytest.raises(TrainingError, match="system killed the worker process while training") as told:
        train(empty_library, run.id, worker_killer())
    assert "`lorastudio resume --safer`" in told.value.hint
    killed = get_run(empty_library, run.id)
    assert killed.state is RunState.INTERRUPTED
    assert "system killed" in killed.error and "lorastudio resume" not in killed.error
    assert can_be_safer(empty_library, killed)
    make_safer(empty_library, run.id)
    done = train(empty_library, run.id)[-1]
    assert isinstance(done, TrainingDone) and isinstance(undisturbed, TrainingDone)
    assert done.final_loss == pytest.approx(undisturbed.final_loss, rel=1e-4)
    config = get_run(empty_library, run.id).config
    assert (config["lean"], config["checkpointing"], config["tokens_per_pass"]) == (True, True, 128)
    with pytest.raises(KnownError, match="can't be resumed"):
        make_safer(empty_library, run.id)


def test_there_is_one_safer_retry(empty_library: Library) -> None:
    smallest = TrainConfig(lean=True, checkpointing=True)
    run = create_run(empty_library, config=smallest.as_record(), base_model="practice", state=RunState.INTERRUPTED)
    add_run_event(empty_library, run.id, {"type": "failure", "kind": "killed"})
    update_run(empty_library, run.id, error="The system killed it.")
    assert not can_be_safer(empty_library, get_run(empty_library, run.id))
    with pytest.raises(KnownError, match="already") as told:
        make_safer(empty_library, run.id)
    assert "4-bit" in told.value.hint


def test_a_run_that_a_person_stopped_is_offered_nothing(empty_library: Library) -> None:
    run = create_run(empty_library, config={}, base_model="practice", state=RunState.INTERRUPTED)
    assert not can_be_safer(empty_library, run)


def test_a_plan_is_told_before_the_first_step_and_learnt_from(empty_library: Library, rows: Path) -> None:
    planned = plan_training(empty_library, CONFIG, "practice", rows, CancelToken())
    assert list_runs(empty_library) == []
    run = prepare_run(empty_library, CONFIG, base="practice", source=rows)
    events = train(empty_library, run.id)
    kinds = [type(event) for event in events]
    assert kinds.index(MemoryPlanned) < kinds.index(StepDone)
    told = next(event for event in events if isinstance(event, MemoryPlanned))
    assert told.run == run.id
    assert told.figures["parts"] == planned.figures["parts"]
    ((base, ratios),) = get_setting(empty_library, RATIOS_SETTING).items()
    peak = max(event.figures["peak_memory_bytes"] for event in events if isinstance(event, StepDone))
    assert ratios == [round(peak / told.figures["estimate_bytes"], 4)]
    assert memory_order(empty_library)["corrections"] == {base: pytest.approx(min(2.0, max(0.5, ratios[0])))}


def test_the_last_peaks_alone_are_remembered(empty_library: Library) -> None:
    run = create_run(empty_library, config={}, base_model="practice")
    add_run_event(empty_library, run.id, {"type": "plan", "base_fingerprint": "b", "estimate_bytes": 100})
    for peak in range(100, 110):
        add_run_event(empty_library, run.id, {"type": "step", "step": peak, "peak_memory_bytes": peak})
        learn_peak(empty_library, run.id)
    assert get_setting(empty_library, RATIOS_SETTING) == {"b": [peak / 100 for peak in range(102, 110)]}
