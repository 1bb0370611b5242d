"""Which way to compute is fastest on a device: measured once per machine, model and engine, and remembered.

On the CPU nothing is measured: the choice there is fixed (packed wherever the model's family allows it, the usual pass
size), so that the same run gives the same bits on every machine of a kind, however busy it is. On a device sums are
not bit-reproducible in the first place, one attention call per segment may lose to one large padded one, and compiled
functions may pay or not.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Self

from lorastudio.domain.files import write_atomic
from lorastudio.training.config import Execution
from lorastudio.training.pass_limits import TOKENS_PER_PASS

CALIBRATION_FILE = "calibration.json"
REPEATS = 5
# A way must be this much faster than the fallback to be worth what is less tried about it.
LEAST_GAIN = 0.05


@dataclass(frozen=True, slots=True)
class Choice:
    """How to compute, and how many tokens a pass may hold."""

    way: Execution
    tokens_per_pass: int = TOKENS_PER_PASS

    def __str__(self) -> str:
        return f"{self.way.value}@{self.tokens_per_pass}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """From what `str` gave; ValueError for anything else."""
        way, _, tokens = text.partition("@")
        return cls(Execution(way), int(tokens))


FIXED = Choice(Execution.PACKED)
FALLBACK = Choice(Execution.COMPILED)

Seconds = Mapping[Choice, float]


@dataclass(frozen=True, slots=True)
class Setting:
    """What a measurement holds for: another machine, base model or engine has its own."""

    machine: str
    base_fingerprint: str
    engine: str

    @property
    def key(self) -> str:
        return " | ".join((self.machine, self.base_fingerprint, self.engine))


def choose(seconds_per_token: Seconds, backend: str) -> Choice:
    """The fastest choice, on the CPU the fixed one; the fallback where it is not clearly beaten or nothing is known."""
    if backend == "cpu":
        return FIXED
    if not seconds_per_token:
        return FALLBACK
    fastest = min(seconds_per_token, key=lambda choice: seconds_per_token[choice])
    fallbacks = {choice: cost for choice, cost in seconds_per_token.items() if choice.way is FALLBACK.way}
    if not fallbacks:
        return fastest
    safe = min(fallbacks, key=lambda choice: fallbacks[choice])
    return fastest if seconds_per_token[fastest] < (1 - LEAST_GAIN) * fallbacks[safe] else safe


def measure(
    candidates: Mapping[Choice, Callable[[], int]],
    repeats: int = REPEATS,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[Choice, float]:
    """Seconds per token of each candidate: the median of `repeats` rounds, in turn, after one that is not counted.

    A candidate computes one pass to its end and returns its tokens. One that raises RuntimeError, as MLX does for
    what a device can't do, is left out.
    """
    costs: dict[Choice, list[float]] = {choice: [] for choice in candidates}
    for turn in range(repeats + 1):
        for choice in list(costs):
            started = clock()
            try:
                tokens = candidates[choice]()
            except RuntimeError:
                del costs[choice]
                continue
            if turn:  # the first one compiles kernels
                costs[choice].append((clock() - started) / tokens)
    return {choice: median(seconds) for choice, seconds in costs.items()}


@dataclass(frozen=True, slots=True)
class CalibrationFile:
    """The measurements of a library, in one file of its folder. A file that can't be read counts as empty."""

    path: Path

    @classmethod
    def of(cls, home: Path) -> Self:
        return cls(home / CALIBRATION_FILE)

    def find(self, setting: Setting) -> dict[Choice, float] | None:
        """What was measured for a setting; None when nothing was."""
        found = self._read().get(setting.key)
        try:
            return None if found is None else {Choice.parse(text): float(cost) for text, cost in found.items()}
        except (AttributeError, TypeError, ValueError):
            return None

    def keep(self, setting: Setting, seconds_per_token: Seconds) -> None:
        """Remember a measurement, in place of an earlier one of the same setting; OSError when it can't be written."""
        record = self._read() | {setting.key: {str(choice): cost for choice, cost in seconds_per_token.items()}}
        write_atomic(self.path, json.dumps(record, indent=1, sort_keys=True).encode("utf-8"))

    def _read(self) -> dict[str, Any]:
        try:
            record = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}
