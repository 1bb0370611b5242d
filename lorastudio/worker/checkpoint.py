"""Checkpoints: everything that the next step depends on, in a folder that is whole or not there.

Order of rows, replay and dropout are functions of the seed and the step number, so the step is at once the
data cursor and the random state. The adapter has another file name than a finished version's.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import mlx.core as mx

from lorastudio.domain.errors import TrainingError
from lorastudio.worker.progress import Progress
from lorastudio.worker.published_folder import published_folder, write_failure, write_synced
from lorastudio.worker.run_identity import RunIdentity
from lorastudio.worker.tensor_file import load_tensors, tensor_bytes

ADAPTER_TENSORS = "adapter-checkpoint.safetensors"
OPTIMIZER_TENSORS = "optimizer.safetensors"
BEST_TENSORS = "best.safetensors"
STATE_FILE = "state.json"
KEPT = 2


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state after `step`. `best` holds the best adapter by the evaluations so far, if there was one.

    `identity` says what is trained: a checkpoint of another run is refused.
    """

    step: int
    identity: RunIdentity
    adapter: Mapping[str, mx.array]
    optimizer: Mapping[str, mx.array]
    best: Mapping[str, mx.array]
    progress: Progress


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write the checkpoint beside, fsync, rename; then keep the newest two.

    A resumable TrainingError in plain words when it can't be written; the ones before it are untouched then.
    """
    final = folder / f"step-{checkpoint.step:08d}"
    state = {
        "step": checkpoint.step,
        "identity": checkpoint.identity.as_record(),
        "progress": checkpoint.progress.as_record(),
    }
    try:
        with published_folder(final) as partial:
            write_synced(partial / ADAPTER_TENSORS, tensor_bytes(checkpoint.adapter))
            write_synced(partial / OPTIMIZER_TENSORS, tensor_bytes(checkpoint.optimizer))
            write_synced(partial / BEST_TENSORS, tensor_bytes(checkpoint.best))
            write_synced(partial / STATE_FILE, json.dumps(state).encode("utf-8"))
    except OSError as error:
        raise write_failure(error, f"The checkpoint of step {checkpoint.step}", folder, what_is_kept(folder)) from error
    for old in _finished(folder)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return final


def what_is_kept(folder: Path) -> str:
    """In words, from where a run that stops now would go on."""
    finished = _finished(folder)
    if not finished:
        return "There is no checkpoint yet; the run would start again from its first step."
    return f"The checkpoint of step {_step_of(finished[-1])} is intact."


def load_newest(folder: Path, identity: RunIdentity, warn: Callable[[str], None]) -> Checkpoint | None:
    """The newest readable checkpoint, or None when there is none; `warn` hears of damaged ones.

    A resumable TrainingError that names what differs when it belongs to other rows, settings or another base.
    """
    for path in reversed(_finished(folder)):
        try:
            checkpoint = _load(path)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            # The older one is as good, only earlier.
            warn(f"The checkpoint of step {_step_of(path)} is damaged and passed over: {error}")
            continue
        _refuse_another(checkpoint, identity)
        if changes := identity.engine_differences(checkpoint.identity):
            warn(f"Not as when the checkpoint was made: {'; '.join(changes)}. The last bits may come out differently.")
        return checkpoint
    return None


def clear_checkpoints(folder: Path) -> None:
    """Remove all checkpoints, and what a killed process left half written."""
    if folder.is_dir():
        for path in folder.glob("step-*"):
            shutil.rmtree(path, ignore_errors=True)


def _refuse_another(checkpoint: Checkpoint, identity: RunIdentity) -> None:
    if differences := identity.differences(checkpoint.identity):
        raise TrainingError(
            f"The run can't go on from its checkpoint of step {checkpoint.step}: {'; '.join(differences)}.",
            "Put that back as it was and resume, or start a new run.",
            resumable=True,
        )


def _finished(folder: Path) -> list[Path]:
    """The whole checkpoints, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.glob("step-*") if path.name.removeprefix("step-").isdigit())


def _step_of(path: Path) -> int:
    return int(path.name.removeprefix("step-"))


def _load(path: Path) -> Checkpoint:
    state = json.loads((path / STATE_FILE).read_text(encoding="utf-8"))
    return Checkpoint(
        step=int(state["step"]),
        identity=RunIdentity.from_record(state["identity"]),
        adapter=load_tensors(path / ADAPTER_TENSORS),
        optimizer=load_tensors(path / OPTIMIZER_TENSORS),
        best=load_tensors(path / BEST_TENSORS),
        progress=Progress.from_record(state["progress"]),
    )
