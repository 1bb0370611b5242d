"""Training runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class RunState(StrEnum):
    """`INTERRUPTED` runs can be resumed; `FINISHED` ones have a version."""

    PREPARED = "prepared"
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    FINISHED = "finished"
    FAILED = "failed"
    DISCARDED = "discarded"


RESUMABLE = (RunState.PREPARED, RunState.INTERRUPTED, RunState.RUNNING)


@dataclass(frozen=True, slots=True)
class Run:
    """One training run. `config` is a `training.config.TrainConfig` as JSON.

    The accepted set is frozen into `runs/<id>/` (train, development and held-out rows), `dataset_hash`
    is its hash; nothing in the library changes it afterwards.
    """

    id: int
    state: RunState
    config: dict[str, Any]
    base_model: str
    dataset_hash: str
    num_examples: int
    parent_version: int | None = None
    cycle_id: int | None = None
    reserved_version: int | None = None
    result: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    created_at: str = ""
    finished_at: str = ""
