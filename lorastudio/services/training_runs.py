"""Training: freeze the accepted pairs, run the worker, make a version of what it trained."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lorastudio.deploy.version_folder import build_version
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.changes import Changes
from lorastudio.domain.clock import now
from lorastudio.domain.errors import BugError, Cancelled, KnownError, TrainingError
from lorastudio.domain.events import Event, Warned
from lorastudio.domain.run import RESUMABLE, Run, RunState
from lorastudio.domain.training_events import TrainingDone, TrainingStarted
from lorastudio.domain.version import ModelVersion
from lorastudio.practice.facts import parse_question
from lorastudio.processes.gang import start_workers
from lorastudio.services.base_models import is_practice, pinned_base, resolve_base
from lorastudio.services.curation import readiness
from lorastudio.services.data_report import with_freezing
from lorastudio.services.freezing import FrozenDataset
from lorastudio.services.golden import frozen_prompts, golden_prompts
from lorastudio.services.memory_plans import learn_peak, memory_order
from lorastudio.services.run_messages import hear
from lorastudio.services.run_rows import freeze_rows
from lorastudio.services.safer_retry import note_failure
from lorastudio.store import cycles, deployments, runs, versions
from lorastudio.store.library import Library
from lorastudio.training.calibration import CalibrationFile
from lorastudio.training.config import TrainConfig
from lorastudio.training.hosts import HostList
from lorastudio.training.protocol import Ending

RUNS = "runs"
CHECKPOINTS = "checkpoints"
OUTPUT = "output"
METRICS = ("reference_accuracy", "heldout_loss", "token_accuracy", "steps", "ended")


def prepare_run(
    library: Library,
    config: TrainConfig,
    *,
    base: str,
    source: Path | None = None,
    cycle_id: int | None = None,
) -> Run:
    """Freeze what is trained on and write down the run; nothing is trained yet.

    Rows come from the accepted pairs, or from the file `source` alone, which leaves the library's pairs
    untouched. Raises `KnownError` when the base model isn't there or no row can be trained on.
    """
    base = pinned_base(base)
    staging = library.home / RUNS / f"new-{now().replace(':', '')}"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        frozen, config = freeze_rows(library, config, staging, source)
        with library.transaction():
            run = runs.create_run(
                library,
                config=config.as_record(),
                base_model=base,
                dataset_hash=frozen.hash,
                num_examples=frozen.train,
                parent_version=deployments.live_version(library),
                cycle_id=cycle_id,
            )
            folder = run_folder(library, run.id)
            shutil.rmtree(folder, ignore_errors=True)  # left by a crash before its row was written
            staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return run


def keep_run(library: Library, run_id: int, cancel: CancelToken) -> Iterator[Event]:
    """End an interrupted run where its last checkpoint is, and make a version of what it has learnt so far.

    The events are those of `train_run`. `KnownError` for a run that has not begun.
    """
    if runs.get_run(library, run_id).state is RunState.PREPARED:
        raise KnownError(f"Run {run_id} has not begun, so there is nothing to keep.", "Resume or discard it.")
    yield from train_run(library, run_id, cancel, finish=True)


def train_run(
    library: Library,
    run_id: int,
    cancel: CancelToken,
    *,
    finish: bool = False,
    hosts: HostList | None = None,
    anyway: bool = False,
) -> Iterator[Event]:
    """Train a prepared or interrupted run to its end, here or on several `hosts`; the last event is `TrainingDone`.

    `cancel.cancel()` pauses: a checkpoint is kept and the run marked interrupted. `cancel.finish()` stops and
    keeps: the run ends with what it has learnt, as a version; `finish` does so from the start. A run that can't fit
    this machine is refused before its first step, unless `anyway`. A run that failed for good is marked failed with
    the reason. Idempotent after a crash: whatever was finished is not done again.
    """
    run = runs.get_run(library, run_id)
    if run.state is RunState.FINISHED:
        yield _done_event(library, run)
        return
    if run.state not in RESUMABLE:
        raise KnownError(f"Run {run.id} is {run.state.value} and can't be resumed.", "Start a new run with train.")
    config = TrainConfig.from_record(run.config)
    if not is_practice(run.base_model):  # its recipe was measured on its own tiny model
        yield from (Warned(text) for text in config.warnings())
    resumed = run.state is not RunState.PREPARED
    runs.update_run(library, run.id, state=RunState.RUNNING, error="")
    settled = bool(runs.list_run_events(library, run.id, "plan"))
    order = _order(library, run, resumed, finish) | {"memory": memory_order(library, settled=settled, anyway=anyway)}
    try:
        # A token of our own: a wish to finish is meant for the run under way, not for work that comes later.
        yield from _work(library, run, config, order, hosts, cancel.child())
    except (Cancelled, GeneratorExit):
        runs.update_run(library, run.id, state=RunState.INTERRUPTED)
        raise
    except TrainingError as error:
        # What the worker could not do once it will not do the second time either; a dead worker it may.
        state = RunState.INTERRUPTED if error.resumable else RunState.FAILED
        runs.update_run(library, run.id, state=state, error=str(error), finished_at=now())
        note_failure(library, run, error)
        raise
    except BaseException as error:
        runs.update_run(library, run.id, state=RunState.INTERRUPTED, error=str(error))
        raise


def discard_run(library: Library, run_id: int) -> Changes:
    """Give up an unfinished run: its rows and checkpoints go, its entry and its curves stay.

    `KnownError` for a run that is at work, has ended, or belongs to a cycle that would go on with it.
    """
    run = runs.get_run(library, run_id)
    if run.state is RunState.RUNNING:
        raise KnownError(f"Run {run.id} is at work.", "Stop it first.")
    if run.state not in RESUMABLE:
        raise KnownError(f"Run {run.id} is {run.state.value}; there is nothing to discard.")
    if run.cycle_id is not None and cycles.get_stage(library, run.cycle_id).name == "training":
        raise KnownError(f"Run {run.id} belongs to cycle {run.cycle_id}, which goes on with it.", "Finish the cycle.")
    runs.update_run(library, run.id, state=RunState.DISCARDED, finished_at=now())
    shutil.rmtree(run_folder(library, run.id), ignore_errors=True)
    return Changes(runs=(run.id,))


def latest_resumable(library: Library) -> Run:
    """The newest run that can go on; `KnownError` when there is none."""
    waiting = [run for run in runs.list_runs(library) if run.state in RESUMABLE]
    if not waiting:
        raise KnownError("There is no unfinished run to resume.", "Start one with `lorastudio train`.")
    return max(waiting, key=lambda run: run.id)


def readiness_warnings(library: Library) -> list[str]:
    """What a person should know before training on the accepted pairs as they are."""
    state = readiness(library)
    if state.ready:
        return []
    return [
        f"{state.accepted} of {state.needed} accepted pairs: this will be an early version. "
        "More pairs make a better one."
    ]


def _holds_strange_prompts(folder: Path) -> bool:
    """Whether a frozen set holds prompts that are none of the practice world's."""
    return any(parse_question(text) is None for text in frozen_prompts(folder))


def run_folder(library: Library, run_id: int) -> Path:
    return library.home / RUNS / str(run_id)


def _work(
    library: Library,
    run: Run,
    config: TrainConfig,
    order: dict[str, Any],
    hosts: HostList | None,
    cancel: CancelToken,
) -> Iterator[Event]:
    folder = run_folder(library, run.id)
    counts = FrozenDataset.read(folder)
    yield TrainingStarted(
        run=run.id,
        base_model=run.base_model,
        objective=config.objective.value,
        examples=counts.train,
        development=counts.development,
        heldout=counts.heldout,
        resumed=order["resume"],
    )
    if counts.heldout == 0:
        yield Warned("Too few groups of pairs to hold any out: this version will have no validation accuracy.")
    if is_practice(run.base_model) and _holds_strange_prompts(folder):
        yield Warned(
            "The practice model knows only the 250 words of its own task; choose a real base model with "
            "`lorastudio model use MODEL` for pairs of your own."
        )
    result = run.result
    if not result:
        with start_workers(hosts, library.home / "logs") as worker:
            for message in worker.run(order, cancel):
                yield from hear(library, run.id, with_freezing(folder, message))
                if message["type"] == "done":
                    result = message
        runs.update_run(library, run.id, result=result)
        learn_peak(library, run.id)
    version = finish_version(library, run.id, result)
    yield _done_event(library, runs.get_run(library, run.id), tuple(result.get("left_out", ())), version)


def _order(library: Library, run: Run, resume: bool, finish: bool) -> dict[str, Any]:
    """What the worker is told to do."""
    folder = run_folder(library, run.id)
    return {
        "job": "train",
        "base": str(resolve_base(run.base_model)),
        "data": str(folder),
        "config": run.config,
        "checkpoints": str(folder / CHECKPOINTS),
        "output": str(folder / OUTPUT),
        "resume": resume,
        "finish": finish,
        "golden_prompts": golden_prompts(folder),
        "calibration": str(CalibrationFile.of(library.home).path),
    }


def finish_version(library: Library, run_id: int, result: dict[str, Any]) -> ModelVersion:
    """Make the trained output a version: its folder first, then its row and the run's end in one transaction.

    May be repeated after a crash at any point; the number is reserved once.
    """
    number = runs.reserve_version(library, run_id)
    run = runs.get_run(library, run_id)
    date = now()
    folder = build_version(
        library.home,
        number,
        run_folder(library, run_id) / OUTPUT,
        lineage={"dataset_hash": run.dataset_hash, "config": run.config, "parent": run.parent_version},
    )
    version = ModelVersion(
        version=number,
        base_model=run.base_model,
        training_date=date,
        num_examples=int(result["num_examples"]),
        final_loss=result["final_loss"],
        validation_accuracy=result["validation_accuracy"],
        gate_accuracy=None,
        baseline_accuracy=None,
        config=run.config,
        model_path=str(folder),
        parent=run.parent_version,
        base_fingerprint=result["base_fingerprint"],
        template_hash=result["template_hash"],
        dataset_hash=run.dataset_hash,
        adapter_hash=result["adapter_hash"],
        run_id=run_id,
        metrics={key: result.get(key) for key in METRICS},
    )
    versions.add_version(library, version)
    shutil.rmtree(run_folder(library, run_id) / CHECKPOINTS, ignore_errors=True)
    shutil.rmtree(run_folder(library, run_id) / OUTPUT, ignore_errors=True)
    return version


def _done_event(
    library: Library, run: Run, left_out: tuple[dict[str, Any], ...] = (), version: ModelVersion | None = None
) -> TrainingDone:
    if version is None:
        if run.reserved_version is None:
            raise BugError(f"Run {run.id} is finished and has no version.")
        version = versions.get_version(library, run.reserved_version)
    return TrainingDone(
        run=run.id,
        version=version.version,
        final_loss=version.final_loss,
        validation_accuracy=version.validation_accuracy,
        model_path=version.model_path,
        left_out=left_out,
        ended=run.result.get("ended", Ending.COMPLETE),
    )
