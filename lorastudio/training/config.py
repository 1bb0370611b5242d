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
    IPO = "ipo"
    SIMPO = "simpo"
    ORPO = "orpo"
    CPO = "cpo"
    KTO = "kto"

    @property
    def needs_reference(self) -> bool:
        """Whether the loss compares with the untrained base."""
        return self in (Objective.DPO, Objective.DPO_NLL, Objective.IPO, Objective.KTO)

    @property
    def needs_pairs(self) -> bool:
        """Whether a row without a bad answer teaches it nothing."""
        return self in (Objective.DPO, Objective.IPO, Objective.SIMPO)

    @property
    def has_nll(self) -> bool:
        """Whether good answers are also imitated, token by token."""
        return self in (Objective.SFT, Objective.DPO_NLL, Objective.CPO)


class AdapterKind(StrEnum):
    LORA = "lora"
    DORA = "dora"


class Schedule(StrEnum):
    COSINE = "cosine"
    LINEAR = "linear"
    CONSTANT = "constant"


class BestBy(StrEnum):
    """What makes one evaluation better than another: it decides which adapter is kept and when `early_stop` ends a run.

    LOSS is the objective's on the development rows. QUALITY is that of answers sampled to development prompts, 0 to 1:
    the practice critic's score where the prompt is one of the practice world's, else chrF against the good answer.
    """

    LOSS = "loss"
    QUALITY = "quality"


class Execution(StrEnum):
    """How a step is computed: AUTO packs wherever the model's family allows it, and on a device takes what
    a short measurement found fastest. The run card says which it was."""

    AUTO = "auto"
    PACKED = "packed"
    PADDED = "padded"
    COMPILED = "padded+compiled"


# Starting points at scale 2 (alpha 16, rank 8). SFT's is the one in wide use for LoRA on models of billions of weights;
# none of those was measured. Measured is how the others compare with it, by sampled answers of two small models: see
# tests/benchmarks/learning_rates.md. Best there were 3e-3 for SFT and ORPO, and a tenth to a third of that for contrast
# alone, of which the tenth is taken; with an NLL beside it, and for KTO, answers were best at SFT's rate too, but other
# skills suffered sooner: a half and a quarter of it are taken.
DEFAULT_LEARNING_RATE = {
    Objective.SFT: 2e-4,
    Objective.DPO: 2e-5,
    Objective.DPO_NLL: 1e-4,
    Objective.IPO: 2e-5,
    Objective.SIMPO: 2e-5,
    Objective.ORPO: 2e-4,
    Objective.CPO: 1e-4,
    Objective.KTO: 5e-5,
}
USUAL_SCALE = 2.0
# A model was ruined (it lost half its gain, or half of another skill) between its best rate and ten times that.
WARN_ABOVE = 5.0
WARN_BELOW = 0.02
# What goes wrong first when the learning rate is too high: where imitation leads, and where contrast does.
BY_HEART = "it learns the examples by heart and forgets other skills"
FALLS_APART = "answers may fall apart although the loss falls"
TOO_FAST = {
    objective: BY_HEART if objective in (Objective.SFT, Objective.ORPO) else FALLS_APART for objective in Objective
}
FEW_SAMPLES = 16
# SimPO works on averages per token, which are far smaller than sums (Meng et al. 2024, section 4).
DEFAULT_BETA = {objective: 2.0 if objective is Objective.SIMPO else 0.1 for objective in Objective}

# How a step is cut into pieces: it decides memory and time, never what is learnt.
EXECUTION_FIELDS = ("lean", "checkpointing", "tokens_per_pass")


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """The recipe of one run.

    `scale` of the adapter is `alpha / rank`. `layers` is how many of the last transformer blocks get an
    adapter (None: all), `target_modules` which linear layers in them (empty: all; else the ends of their names,
    as "q_proj"). `learning_rate` and `beta` None take the objective's default. `gamma` is SimPO's margin.
    `replay_per_step` examples of the base model's own greedy answers to `replay_prompts` are mixed into every
    step (0: no replay).
    `batch_size` times `accumulation` rows (pairs or single examples) make an optimiser step; how many are computed at
    a time changes no result, and is the memory plan's business. `tokens_per_pass` splits a step that holds more
    (None: as memory allows); `lean` computes one row at a time, `checkpointing` recomputes activations: both trade
    time for memory. `max_seq_length` is in tokens, prompt and answer together; longer rows are left out and listed,
    never cut. Every evaluation also answers `samples` development prompts (0: none). `early_stop` ends the run after
    so many evaluations without a better one by `best_by` (0: never).
    """

    objective: Objective = Objective.DPO_NLL
    beta: float | None = None
    gamma: float = 1.0
    nll_weight: float = 1.0
    label_smoothing: float = 0.0
    desirable_weight: float = 1.0
    undesirable_weight: float = 1.0
    adapter: AdapterKind = AdapterKind.LORA
    rank: int = 8
    alpha: float = 16.0
    dropout: float = 0.0
    layers: int | None = None
    target_modules: tuple[str, ...] = ()
    learning_rate: float | None = None
    schedule: Schedule = Schedule.COSINE
    warmup_share: float = 0.1
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    epochs: int = 3
    batch_size: int = 4
    accumulation: int = 1
    max_seq_length: int = 2048
    seed: int = 0
    replay_per_step: int = 0
    replay_prompts: tuple[str, ...] = ()
    checkpoint_every_steps: int = 25
    evaluate_every_steps: int = 25
    samples: int = 3
    early_stop: int = 0
    best_by: BestBy = BestBy.LOSS
    execution: Execution = Execution.AUTO
    lean: bool = False
    checkpointing: bool = False
    tokens_per_pass: int | None = None

    def __post_init__(self) -> None:
        self._require("rank", self.rank >= 1, "at least 1")
        self._require("alpha", 0 < self.alpha < math.inf, "above 0")
        self._require("beta", self.beta is None or 0 < self.beta < math.inf, "above 0")
        self._require("gamma", 0 <= self.gamma < math.inf, "0 or more")
        self._require("desirable-weight", 0 < self.desirable_weight < math.inf, "above 0")
        self._require("undesirable-weight", 0 < self.undesirable_weight < math.inf, "above 0")
        self._require("nll-weight", 0 <= self.nll_weight < math.inf, "0 or more")
        self._require("label-smoothing", 0 <= self.label_smoothing < 0.5, "from 0 to below 0.5")
        self._require("dropout", 0 <= self.dropout < 1, "from 0 to below 1")
        self._require("layers", self.layers is None or self.layers >= 1, "all, or at least 1")
        self._require("learning-rate", self.learning_rate is None or 0 < self.learning_rate < 1, "between 0 and 1")
        self._require("epochs", self.epochs >= 1, "at least 1")
        self._require("batch-size", self.batch_size >= 1, "at least 1")
        self._require("accumulation", self.accumulation >= 1, "at least 1")
        self._require("seed", self.seed >= 0, "0 or more")
        self._require("replay-per-step", self.replay_per_step >= 0, "0 or more")
        self._require("checkpoint-every-steps", self.checkpoint_every_steps >= 1, "at least 1")
        self._require("evaluate-every-steps", self.evaluate_every_steps >= 1, "at least 1")
        self._require("samples", self.samples >= 0, "0 or more")
        self._require("best-by", self.best_by is BestBy.LOSS or self.samples >= 1, "loss where nothing is sampled")
        self._require("early-stop", self.early_stop >= 0, "0 or more evaluations")
        self._require("warmup-share", 0 <= self.warmup_share < 1, "from 0 to below 1")
        self._require("weight-decay", 0 <= self.weight_decay < math.inf, "0 or more")
        self._require("clip-norm", 0 < self.clip_norm < math.inf, "above 0")
        self._require("tokens-per-pass", self.tokens_per_pass is None or self.tokens_per_pass >= 8, "at least 8")
        self._require("max-seq-length", self.max_seq_length >= 8, "at least 8 tokens")

    @property
    def scale(self) -> float:
        return self.alpha / self.rank

    @property
    def effective_learning_rate(self) -> float:
        return DEFAULT_LEARNING_RATE[self.objective] if self.learning_rate is None else self.learning_rate

    @property
    def effective_beta(self) -> float:
        return DEFAULT_BETA[self.objective] if self.beta is None else self.beta

    @property
    def rows_per_step(self) -> int:
        """Rows of one optimiser step; the last one of an epoch may hold fewer."""
        return self.batch_size * self.accumulation

    def warnings(self) -> list[str]:
        """What a careful colleague would say about this recipe."""
        found = self._rate_warnings()
        if idle := self._idle_settings():
            found.append(f"Without effect on {self.objective.value}: {', '.join(idle)}.")
        if self.best_by is BestBy.QUALITY and self.samples < FEW_SAMPLES:
            found.append(
                f"The quality of {self.samples} sampled answers is mostly chance; "
                f"{FEW_SAMPLES} samples or more tell evaluations apart."
            )
        return found

    def _rate_warnings(self) -> list[str]:
        """Adam moves every weight by about the learning rate, and the scale multiplies what that does."""
        usual = DEFAULT_LEARNING_RATE[self.objective] * USUAL_SCALE / self.scale
        rate = self.effective_learning_rate
        named = f"the usual {usual:.2g} for {self.objective.value} at alpha / rank {self.scale:g}"
        if rate > WARN_ABOVE * usual:
            return [f"The learning rate {rate:g} is {rate / usual:.3g} times {named}: {TOO_FAST[self.objective]}."]
        if rate < WARN_BELOW * usual:
            return [f"The learning rate {rate:g} is a small part of {named}: the run may learn next to nothing."]
        return []

    def _idle_settings(self) -> list[str]:
        """The settings that were changed although the objective has no use for them."""
        usual = TrainConfig(objective=self.objective)
        return [name for name in settings_without_use(self.objective) if getattr(self, name) != getattr(usual, name)]

    def as_record(self) -> dict[str, Any]:
        """The config as JSON can hold it."""
        plain = {key: value.value if isinstance(value, StrEnum) else value for key, value in asdict(self).items()}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()}

    def identity_record(self) -> dict[str, Any]:
        """What decides the result of a run: all settings but `EXECUTION_FIELDS`."""
        return {key: value for key, value in self.as_record().items() if key not in EXECUTION_FIELDS}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """The config from JSON; raises `UsageError` for unknown fields or values out of range."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(record) - known):
            raise UsageError(f"Unknown training settings: {', '.join(unknown)}.")
        values = dict(record)
        for name, choices in CHOICES.items():
            if name in values:
                values[name] = _choice(name, choices, values[name])
        for name in ("replay_prompts", "target_modules"):
            values[name] = tuple(values.get(name, ()))
        return cls(**values)

    @staticmethod
    def _require(name: str, ok: bool, rule: str) -> None:
        if not ok:
            raise UsageError(f"The setting {name} must be {rule}.")


def settings_without_use(objective: Objective) -> tuple[str, ...]:
    """The names of the settings that the objective passes over."""
    used = {
        "beta": objective is not Objective.SFT,
        "gamma": objective is Objective.SIMPO,
        "nll_weight": objective in (Objective.DPO_NLL, Objective.CPO),
        "label_smoothing": objective in (Objective.DPO, Objective.DPO_NLL),
        "desirable_weight": objective is Objective.KTO,
        "undesirable_weight": objective is Objective.KTO,
    }
    return tuple(name for name, has_use in used.items() if not has_use)


CHOICES: dict[str, type[StrEnum]] = {
    "objective": Objective,
    "adapter": AdapterKind,
    "schedule": Schedule,
    "best_by": BestBy,
    "execution": Execution,
}


def _choice(name: str, choices: type[StrEnum], value: Any) -> StrEnum:
    try:
        return choices(value)
    except ValueError:
        names = ", ".join(choices)
        raise UsageError(f"Unknown {name} {value!r}.", f"Choose one of {names}.") from None
