"""What a training run says while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from lorastudio.domain.events import Event


@dataclass(frozen=True, slots=True)
class TrainingStarted(Event):
    """A run begins or goes on; `examples` counts its training rows."""

    event: ClassVar[str] = "started"
    run: int
    base_model: str
    objective: str
    examples: int
    development: int
    heldout: int
    resumed: bool


@dataclass(frozen=True, slots=True)
class PhaseBegan(Event):
    """The worker is busy with `name`: loading, tokenising, reference, training, evaluating, saving."""

    event: ClassVar[str] = "phase"
    name: str


@dataclass(frozen=True, slots=True)
class StepDone(Event):
    """One optimiser step. `figures` are the fields of the protocol's `step` message.

    `loss` is None when it was not finite; such a step changes nothing.
    """

    event: ClassVar[str] = "step"
    run: int
    step: int
    steps: int
    loss: float | None
    left_s: float | None
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Evaluated(Event):
    """Loss and preference accuracy on the development rows after `step`."""

    event: ClassVar[str] = "eval"
    run: int
    step: int
    loss: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class CheckpointSaved(Event):
    """From here the run can go on after any crash."""

    event: ClassVar[str] = "saved"
    run: int
    step: int


@dataclass(frozen=True, slots=True)
class TrainingDone(Event):
    """The run has become a version. `left_out` lists rows that were not trained on, with the reason."""

    event: ClassVar[str] = "done"
    run: int
    version: int
    final_loss: float | None
    validation_accuracy: float | None
    model_path: str
    left_out: tuple[dict[str, Any], ...] = ()
