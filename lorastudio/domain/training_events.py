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
class DataReported(Event):
    """What is about to be trained on, and every row that is not. `figures` are the fields of the protocol's `data`
    message, with `languages` (rows of each side by language) and `not_frozen` (rows left out before, as `left_out`).
    """

    event: ClassVar[str] = "data"
    run: int
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class MemoryPlanned(Event):
    """What a run is going to need, before its first step. `figures` are the fields of the protocol's `plan` message;
    `run` is 0 for a plan without a run."""

    event: ClassVar[str] = "plan"
    run: int
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Evaluated(Event):
    """Figures on the development rows after `step`; None where no row gives one.

    `accuracy` is the share of pairs whose good answer is the likelier one per token, `reference_accuracy` of those
    whose good answer has gained more over the base model than the bad one; `token_accuracy` the share of good
    answers' tokens that were the first choice. `samples` are answers to a few development prompts, each with id,
    prompt, answer, finish_reason and quality, and `quality` is their mean quality, 0 to 1.
    """

    event: ClassVar[str] = "eval"
    run: int
    step: int
    loss: float | None
    accuracy: float | None
    reference_accuracy: float | None = None
    token_accuracy: float | None = None
    quality: float | None = None
    samples: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class CheckpointSaved(Event):
    """From here the run can go on after any crash."""

    event: ClassVar[str] = "saved"
    run: int
    step: int


@dataclass(frozen=True, slots=True)
class TrainingDone(Event):
    """The run has become a version. `left_out` lists rows that were not trained on, with the reason; `ended` says
    how it came to its end (`training.protocol.Ending`): complete, early stop, or kept by a person."""

    event: ClassVar[str] = "done"
    run: int
    version: int
    final_loss: float | None
    validation_accuracy: float | None
    model_path: str
    left_out: tuple[dict[str, Any], ...] = ()
    ended: str = "complete"
