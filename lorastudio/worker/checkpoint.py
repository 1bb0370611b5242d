"""Checkpoints: everything that the next step depends on, in a folder that is whole or not there.

Order of rows, replay and dropout are functions of the seed and the step number, so the step is at once the
data cursor and the random state. The adapter has another file name than a finished version's.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx

from lorastudio.domain.errors import TrainingError
from lorastudio.domain.files import fsync_folder
from lorastudio.worker.tensor_file import load_tensors, tensor_bytes

ADAPTER_TENSORS = "adapter-checkpoint.safetensors"
OPTIMIZER_TENSORS = "optimizer.safetensors"
BEST_TENSORS = "best.safetensors"
STATE_FILE = "state.json"
KEPT = 2


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state after `step`. `best` holds the adapter with the least development loss so far, if any.

    `identity` names what is trained (data, config and base): a checkpoint of another run is refused.
    """

    step: int
    identity: str
    adapter: Mapping[str, mx.array]
    optimizer: Mapping[str, mx.array]
    best: Mapping[str, mx.array]
    progress: Mapping[str, Any]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write the checkpoint beside, fsync, rename; then keep the newest two."""
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / f"step-{checkpoint.step:08d}"
    partial = folder / f"{final.name}.partial-{os.getpid()}"
    for unfinished in folder.glob("step-*.partial-*"):  # left by a process that was killed while it saved
        shutil.rmtree(unfinished, ignore_errors=True)
    partial.mkdir()
    state = {"step": checkpoint.step, "identity": checkpoint.identity, "progress": dict(checkpoint.progress)}
    write_synced(partial / ADAPTER_TENSORS, tensor_bytes(checkpoint.adapter))
    write_synced(partial / OPTIMIZER_TENSORS, tensor_bytes(checkpoint.optimizer))
    write_synced(partial / BEST_TENSORS, tensor_bytes(checkpoint.best))
    write_synced(partial / STATE_FILE, json.dumps(state).encode("utf-8"))
    publish_folder(partial, final)
    for old in _finished(folder)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return final


def load_newest(folder: Path, identity: str) -> Checkpoint | None:
    """The newest readable checkpoint, or None when there is none.

    TrainingError when it belongs to other data, another config or another base.
    """
    for path in reversed(_finished(folder)):
        try:
            checkpoint = _load(path)
        except (OSError, ValueError, KeyError, RuntimeError):
            continue  # a damaged one: the older one is as good, only earlier
        if checkpoint.identity != identity:
            raise TrainingError(
                f"The checkpoint {path.name} belongs to other data, settings or another base model.",
                "Start the run afresh instead of resuming it.",
            )
        return checkpoint
    return None


def clear_checkpoints(folder: Path) -> None:
    """Remove all checkpoints, and what a killed process left half written."""
    if folder.is_dir():
        for path in folder.glob("step-*"):
            shutil.rmtree(path, ignore_errors=True)


def write_synced(path: Path, data: bytes) -> None:
    """Write a file inside a folder that is not published yet."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def publish_folder(partial: Path, final: Path) -> None:
    """Give a fully written folder its name; what had the name before gives way."""
    fsync_folder(partial)
    if final.exists():
        outdated = final.with_name(f"{final.name}.outdated-{os.getpid()}")
        final.rename(outdated)
        partial.rename(final)
        shutil.rmtree(outdated, ignore_errors=True)
    else:
        partial.rename(final)
    with suppress(OSError):
        fsync_folder(final.parent)


def _finished(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.glob("step-*") if path.name.removeprefix("step-").isdigit())


def _load(path: Path) -> Checkpoint:
    state = json.loads((path / STATE_FILE).read_text(encoding="utf-8"))
    return Checkpoint(
        step=int(state["step"]),
        identity=state["identity"],
        adapter=load_tensors(path / ADAPTER_TENSORS),
        optimizer=load_tensors(path / OPTIMIZER_TENSORS),
        best=load_tensors(path / BEST_TENSORS),
        progress=state["progress"],
    )
