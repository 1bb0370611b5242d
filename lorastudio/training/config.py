"""What a person can choose about a training run."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self

from lorastudio.domain.errors import UsageError


class Objective(StrEnum):
    SFT = "sft"
    DPO = "dpo"
    DPO_NLL = "dpo+nll"


# Starting points at scale 2 (alpha 16, rank 8), measured per objective; five times these ruins models.
DEFAULT_LEARNING_RATE = {Objective.SFT: 2e-4, Objective.DPO: 1e-5, Objective.DPO_NLL: 5e-5}
WARN_ABOVE = 5.0


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """The recipe of one run.

    `scale` of the adapter is `alpha / rank`. `layers` is how many of the last transformer blocks get an
    adapter (None: all). `learning_rate` None takes the objective's default. `replay_per_step` examples of
    the base model's own greedy answers to `replay_prompts` are mixed into every step (0: no replay).
    `batch_size` counts pairs (or single examples for SFT). `max_seq_length` is in tokens, prompt and
    answer together; longer rows are left out and listed, never cut.
    """

    objective: Objective = Objective.DPO_NLL
    beta: float = 0.1
    nll_weight: float = 1.0
    label_smoothing: float = 0.0
    rank: int = 8
    alpha: float = 16.0
    dropout: float = 0.0
    layers: int | None = None
    learning_rate: float | None = None
    warmup_share: float = 0.1
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    epochs: int = 3
    batch_size: int = 4
    max_seq_length: int = 2048
    seed: int = 0
    replay_per_step: int = 0
    replay_prompts: tuple[str, ...] = ()
    checkpoint_every_steps: int = 25
    evaluate_every_steps: int = 25

    def __post_init__(self) -> None:
        self._require("rank", self.rank >= 1, "at least 1")
        self._require("alpha", 0 < self.alpha < math.inf, "above 0")
        self._require("beta", 0 < self.beta < math.inf, "above 0")
        self._require("nll-weight", 0 <= self.nll_weight < math.inf, "0 or more")
        self._require("label-smoothing", 0 <= self.label_smoothing < 0.5, "from 0 to below 0.5")
        self._require("dropout", 0 <= self.dropout < 1, "from 0 to below 1")
        self._require("layers", self.layers is None or self.layers >= 1, "all, or at least 1")
        self._require("learning-rate", self.learning_rate is None or 0 < self.learning_rate < 1, "between 0 and 1")
        self._require("epochs", self.epochs >= 1, "at least 1")
        self._require("batch-size", self.batch_size >= 1, "at least 1")
        self._require("max-seq-length", self.max_seq_length >= 8, "at least 8 tokens")

    @property
    def scale(self) -> float:
        return self.alpha / self.rank

    @property
    def effective_learning_rate(self) -> float:
        return DEFAULT_LEARNING_RATE[self.objective] if self.learning_rate is None else self.learning_rate

    def warnings(self) -> list[str]:
        """What a careful colleague would say about this recipe."""
        usual = DEFAULT_LEARNING_RATE[self.objective]
        if self.effective_learning_rate > WARN_ABOVE * usual:
            return [
                f"The learning rate {self.effective_learning_rate:g} is more than {WARN_ABOVE:g} times the usual "
                f"{usual:g} for {self.objective.value}: samples may be ruined although the loss falls."
            ]
        return []

    def as_record(self) -> dict[str, Any]:
        record = asdict(self)
        return record | {"objective": self.objective.value, "replay_prompts": list(self.replay_prompts)}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """The config from JSON; raises `UsageError` for unknown fields or values out of range."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(record) - known):
            raise UsageError(f"Unknown training settings: {', '.join(unknown)}.")
        values = dict(record)
        if "objective" in values:
            try:
                values["objective"] = Objective(values["objective"])
            except ValueError:
                names = ", ".join(objective.value for objective in Objective)
                raise UsageError(f"Unknown objective {values['objective']!r}.", f"Choose one of {names}.") from None
        values["replay_prompts"] = tuple(values.get("replay_prompts", ()))
        return cls(**values)

    @staticmethod
    def _require(name: str, ok: bool, rule: str) -> None:
        if not ok:
            raise UsageError(f"The setting {name} must be {rule}.")
