"""Whether a run fits this machine, what makes it fit, and how many tokens a pass may hold for that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import median
from typing import Any

from lorastudio.training.config import TrainConfig
from lorastudio.training.machine import MachineMemory
from lorastudio.training.memory_estimate import MemoryEstimate, PassSize, StepSizes, adapted_blocks, estimate
from lorastudio.training.model_shape import ModelShape
from lorastudio.training.pass_limits import FEWEST_TOKENS_PER_PASS, TOKENS_PER_PASS

# From this share of the budget on a run is tight: estimates are good to a fifth.
TIGHT_SHARE = 0.8
TOKENS_MULTIPLE = 64
# Bits per weight of a 4-bit base, with its scales and biases in groups of 64 (mlx-lm's default).
BITS_OF_4 = 4.5
# Peaks remembered per base, and how far they may move an estimate.
REMEMBERED = 8
LEAST_CORRECTION, MOST_CORRECTION = 0.5, 2.0


class Verdict(StrEnum):
    FITS = "fits"
    TIGHT = "tight"
    TOO_LARGE = "too large"


@dataclass(frozen=True, slots=True)
class Change:
    """What could be changed, and the bytes at the peak after it."""

    what: str
    total_bytes: int


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """`tokens_per_pass` is None where the settings need no other number than their own.

    `total_bytes` is the estimate corrected by what was measured before; `least_bytes` what the run takes in its
    smallest pieces. `changes` are worth making when it does not fit.
    """

    verdict: Verdict
    estimate: MemoryEstimate
    total_bytes: int
    least_bytes: int
    memory: MachineMemory
    tokens_per_pass: int | None
    changes: tuple[Change, ...]

    @property
    def impossible(self) -> bool:
        """Even in its smallest pieces the run needs more than the machine has."""
        return self.least_bytes > self.memory.total_bytes

    def as_record(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict.value,
            "parts": self.estimate.parts(),
            "estimate_bytes": self.estimate.total,
            "total_bytes": self.total_bytes,
            "least_bytes": self.least_bytes,
            "budget_bytes": self.memory.budget_bytes,
            "machine_bytes": self.memory.total_bytes,
            "tokens_per_pass": self.tokens_per_pass,
            "changes": [{"what": change.what, "total_bytes": change.total_bytes} for change in self.changes],
        }


@dataclass(frozen=True, slots=True)
class MemoryPlanner:
    """Plans for one model and one set of rows.

    `correction` multiplies every estimate. `settled`: a run that has begun keeps its pass size, since sums of other
    pieces differ in their last bits.
    """

    shape: ModelShape
    sizes: StepSizes
    memory: MachineMemory
    correction: float = 1.0
    settled: bool = False

    def plan(self, config: TrainConfig) -> MemoryPlan:
        """The plan of a run: its verdict is that of the pass size chosen here, where the settings leave it open."""
        tokens = config.tokens_per_pass or self._fitting_tokens(config)
        chosen = replace(config, tokens_per_pass=tokens)
        total = self._total(chosen)
        verdict = self._verdict(total)
        least_tokens = max(FEWEST_TOKENS_PER_PASS, self.sizes.longest.tokens)
        smallest = replace(config, lean=True, checkpointing=True, tokens_per_pass=least_tokens)
        return MemoryPlan(
            verdict=verdict,
            estimate=estimate(self.shape, chosen, self.sizes),
            total_bytes=total,
            least_bytes=min(total, self._total(smallest)),
            memory=self.memory,
            tokens_per_pass=tokens,
            changes=() if verdict is Verdict.FITS else self._changes(chosen, total),
        )

    def _total(self, config: TrainConfig, shape: ModelShape | None = None, sizes: StepSizes | None = None) -> int:
        return round(self.correction * estimate(shape or self.shape, config, sizes or self.sizes).total)

    def _verdict(self, total: int) -> Verdict:
        if total > self.memory.budget_bytes:
            return Verdict.TOO_LARGE
        return Verdict.TIGHT if total > TIGHT_SHARE * self.memory.budget_bytes else Verdict.FITS

    def _fitting_tokens(self, config: TrainConfig) -> int | None:
        """The largest number of tokens a pass with which the run fits; None when the usual number does.

        Where none does it is the longest row's, below which nothing gets smaller.
        """
        longest = self.sizes.longest.tokens
        usual = min(TOKENS_PER_PASS, max(self.sizes.heaviest.tokens, longest))
        if self.settled or config.lean or self._fits(config):
            return None
        steps = range(-(-longest // TOKENS_MULTIPLE), usual // TOKENS_MULTIPLE + 1)
        fitting = [count for count in steps if self._fits(replace(config, tokens_per_pass=count * TOKENS_MULTIPLE))]
        return max(TOKENS_MULTIPLE * max(fitting, default=0), longest, TOKENS_MULTIPLE)

    def _fits(self, config: TrainConfig) -> bool:
        return self._verdict(self._total(config)) is Verdict.FITS

    def _changes(self, config: TrainConfig, total: int) -> tuple[Change, ...]:
        """Everything that makes the run smaller, one change at a time."""
        half = replace(self.sizes, longest=_shorter(self.sizes.longest), heaviest=_shorter(self.sizes.heaviest))
        tokens = config.tokens_per_pass and max(FEWEST_TOKENS_PER_PASS, config.tokens_per_pass // 2)
        halved = replace(config, tokens_per_pass=tokens)
        layers = max(1, adapted_blocks(self.shape, config) // 2)
        tried = [
            ("one row at a time (lean)", self._total(replace(config, lean=True))),
            ("recomputed activations (checkpointing)", self._total(replace(config, checkpointing=True))),
            ("both of these", self._total(replace(config, lean=True, checkpointing=True))),
            (f"half the length (at most {self.sizes.longest.tokens // 2} tokens)", self._total(halved, sizes=half)),
            (f"an adapter on the last {layers} layers", self._total(replace(config, layers=layers))),
        ]
        if not self.shape.quantized:
            share = BITS_OF_4 / (8 * self.shape.item_bytes)
            smaller = replace(self.shape, weight_bytes=round(share * self.shape.weight_bytes))
            tried.append(("a 4-bit base model", self._total(config, shape=smaller)))
        return tuple(Change(what, size) for what, size in tried if size < total)


def correction_of(ratios: Sequence[float]) -> float:
    """The factor for estimates from what peaks were measured, as shares of their estimates.

    The median of the last ones, so that one run beside another program or a wrong measurement moves nothing.
    """
    if not ratios:
        return 1.0
    return min(MOST_CORRECTION, max(LEAST_CORRECTION, median(ratios[-REMEMBERED:])))


def _shorter(size: PassSize) -> PassSize:
    """The same rows at half their length; attention shrinks with the square."""
    half = size.scaled(0.5)
    return replace(half, attended=half.attended // 2)
